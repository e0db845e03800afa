"""Read the files of a user, with messages about skipped texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.errors import InputError

if TYPE_CHECKING:
    from wapaganda.annotation import ReadOptions, ReadReport, ReadResult
    from wapaganda.ner import Document


@dataclass(frozen=True, slots=True)
class Texts:
    """The documents of a file, and the report of the reading with the messages about it."""

    documents: tuple["Document", ...]
    report: "ReadReport"
    notes: tuple[str, ...]

    @property
    def labelled(self) -> list["Document"]:
        """The labelled documents."""
        return [document for document in self.documents if document.is_labelled]


def read_texts(path: Path, options: "ReadOptions | None" = None) -> Texts:
    """Every document of ``path``, also those whose labels were not understood (``is_unread``).

    Raises:
        InputError: there is no such file, it holds no text, or too many of its labels cannot be read and the
            options are not lenient.
        FormatError: nothing of it can be understood.
    """
    found = _read(path, options)
    found.report.check(options is not None and options.lenient)
    return Texts(tuple(found.documents), found.report, found.report.lines())


def read_pool(path: Path, options: "ReadOptions | None" = None) -> Texts:
    """Every text of ``path`` without its labels, which may be of any form.

    Raises:
        InputError: there is no such file, or it holds no text.
        FormatError: nothing of it can be understood.
    """
    from wapaganda.annotation import without_labels

    found = _read(path, options)
    report = found.report.as_pool()
    return Texts(tuple(map(without_labels, found.documents)), report, report.lines())


def _read(path: Path, options: "ReadOptions | None") -> "ReadResult":
    from wapaganda.annotation import read_documents

    if not path.exists():
        raise InputError(f"Expected a file or folder, was: {path}, which does not exist.")
    found = read_documents(path, options=options)
    if not found.documents:
        raise InputError(f"Expected at least one text in {path}, was: none.")
    return found


def read_labelled(path: Path, options: "ReadOptions | None" = None) -> Texts:
    """The labelled documents of ``path``, with a message about the others.

    Raises:
        InputError: none is labelled, or too many labels cannot be read.
    """
    texts = read_texts(path, options)
    labelled = tuple(texts.labelled)
    if not labelled:
        raise InputError(
            f"Expected labelled texts in {path}, was: {len(texts.documents):,} without labels.",
            _why(texts, "Name labelled texts."),
        )
    left_out = texts.report.n_unlabelled
    note = (f"{path}: {left_out:,} texts without labels were left out.",) if left_out else ()
    return Texts(labelled, texts.report, texts.notes + note)


def read_with_entities(path: Path, options: "ReadOptions | None" = None) -> Texts:
    """The labelled documents of ``path``, which a model can learn from.

    Raises:
        InputError: none holds an entity; the hint says what was not read. Or too many labels cannot be read.
    """
    texts = read_labelled(path, options)
    if not any(document.spans for document in texts.documents):
        raise InputError(
            f"Expected at least one entity in {path}, was: {len(texts.documents):,} texts without.",
            _why(texts, "Name texts in which entities are marked."),
        )
    return texts


def _why(texts: Texts, otherwise: str) -> str:
    """What was found while reading, as a hint."""
    report = texts.report
    return " ".join(report.lines()) if report.findings or report.repairs.total else otherwise


def one_of(hint: str, **choices: object) -> None:
    """Check that exactly one of some options was given; ``text`` is an argument without a name.

    Raises:
        InputError: none or several were.
    """
    given = [_option(name) for name, value in choices.items() if value is not None]
    if len(given) != 1:
        wanted = " or ".join(_option(name) for name in choices)
        raise InputError(f"Expected {wanted}, was: {' and '.join(given) or 'neither'}.", hint)


def copies_among(texts: Sequence["Document"], others: Sequence["Document"]) -> int:
    """How many of ``texts`` are also among ``others``."""
    from wapaganda.ner import collapse_whitespace

    known = {collapse_whitespace(document.text) for document in others}
    return sum(collapse_whitespace(document.text) in known for document in texts)


def _option(name: str) -> str:
    return "a text" if name == "text" else "--" + name.replace("_", "-")
