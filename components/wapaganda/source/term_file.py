"""Lines of a term or pattern and its label, as gazetteers and files of regular expressions have them."""

import csv
import hashlib
import io
from pathlib import Path

from wapaganda.errors import InputError


def read_term_file(path: Path) -> tuple[list[tuple[str, str, int]], str]:
    """The rows of a file as (term, label, line), and the SHA-256 of the file.

    ``.csv``: two columns, and a first row ``term,label`` is a heading. Others: term, tab, label; a line
    without a tab that begins with ``#`` is a remark.

    Raises:
        InputError: a line has no label, or the file is no UTF-8.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"Expected a file in UTF-8, was: {path}.", "Save it in UTF-8.") from None
    is_csv = path.suffix.lower() == ".csv"
    rows = []
    for number, cells in enumerate(_cells(text, is_csv), start=1):
        if not any(cells) or (not cells[0] and cells[-1].startswith("#")):
            continue
        if len(cells) != 2 or not all(cells):
            form = "a term and a label" if is_csv else "a term, a tab and a label"
            raise InputError(f"Expected {form} in {path}:{number}, was: {cells}.", "Correct the line.")
        rows.append((cells[0], cells[1], number))
    if is_csv and rows and (rows[0][0].lower(), rows[0][1].lower()) == ("term", "label"):
        rows = rows[1:]
    return rows, hashlib.sha256(content).hexdigest()


def _cells(text: str, is_csv: bool) -> list[list[str]]:
    if is_csv:
        return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    return [[cell.strip() for cell in line.rpartition("\t")[::2]] for line in text.splitlines()]
