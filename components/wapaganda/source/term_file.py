"""Lines of a term or pattern and its label, as gazetteers and files of regular expressions have them."""

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from wapaganda.errors import InputError


def read_term_file(path: Path) -> tuple[list[tuple[str, str, int]], str]:
    """The rows of a file as (term, label, line), and the SHA-256 of the file.

    ``.csv``: two columns, and a first row ``term,label`` is a heading. Others: term, tab, label; a line
    without a tab that begins with ``#`` is a remark. Empty lines do not count.

    Raises:
        InputError: a line has another number of columns, the file has no term or is no UTF-8.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"Expected a file in UTF-8, was: {path}.", "Save it in UTF-8.") from None
    is_csv = path.suffix.lower() == ".csv"
    rows = []
    for number, cells in _cells(text, path, is_csv):
        if not any(cells) or (not is_csv and len(cells) == 1 and cells[0].startswith("#")):
            continue
        if len(cells) != 2 or not all(cells):
            form = "a term and a label" if is_csv else "a term, a tab and a label"
            raise InputError(f"Expected {form} in {path}:{number}, was: {cells}.", "Correct the line.")
        rows.append((cells[0], cells[1], number))
    if is_csv and rows and (rows[0][0].lower(), rows[0][1].lower()) == ("term", "label"):
        rows = rows[1:]
    if not rows:
        raise InputError(f"Expected a term in {path}, was: none.", "Write one in each line.")
    return rows, hashlib.sha256(content).hexdigest()


def _cells(text: str, path: Path, is_csv: bool) -> Iterator[tuple[int, list[str]]]:
    """The number of each line and its cells."""
    if not is_csv:
        for number, line in enumerate(text.splitlines(), start=1):
            yield number, [cell.strip() for cell in line.split("\t")] if line.strip() else []
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        where = f"{path}:{reader.line_num}"
        raise InputError(f"Expected CSV in {where}, was: {error}.", "Correct the line.") from None
