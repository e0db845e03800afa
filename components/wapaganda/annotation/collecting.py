"""The result of reading a file: documents, repairs, and what could not be read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from wapaganda.errors import InputError
from wapaganda.ner import Document, Repairs, Span, repaired


class FormatError(InputError):
    """A file, a record or a label config is not valid.

    The message says where (file and line, if known), what was expected and what was found.
    """

    def __init__(self, message: str, path: Path | None = None, line: int | None = None) -> None:
        place = ":".join(str(part) for part in (path, line) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)
        self.message = message


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The documents of a file in their order, and messages about the reading.

    ``repairs``: of the spans. ``skipped``: one ``file:line: reason`` for each record that could not be read.
    ``notes``: remarks such as the recognised tag scheme.
    """

    documents: list[Document]
    repairs: Repairs = Repairs()  # noqa: RUF009 - frozen
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Collector:
    """Collects the documents of one file, repairs spans, makes ids unique and records what is skipped."""

    path: Path
    strict: bool
    _documents: list[Document] = field(default_factory=list)
    _repairs: Repairs = field(default_factory=Repairs)
    _skipped: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _ids: Counter[str] = field(default_factory=Counter)

    def default_id(self) -> str:
        """The next document's id if the file has none: ``<stem>-000001`` and so on."""
        return f"{self.path.stem}-{len(self._documents) + len(self._skipped) + 1:06d}"

    def add(self, document: Document, repairs: Repairs | None = None) -> None:
        """Adds a document; its spans are repaired unless ``repairs`` says that they were."""
        if repairs is None:
            document, repairs = repaired(document)
        self._repairs += repairs
        self._ids[document.id] += 1
        if self._ids[document.id] > 1:
            renamed = replace(document, id=f"{document.id}#{self._ids[document.id]}")
            self.note(f"several documents have the id {document.id!r}: one is now {renamed.id!r}")
            document = renamed
        self._documents.append(document)

    def skip(self, line: int | None, message: str) -> None:
        """Records that a record could not be read.

        Raises:
            FormatError: the collector is strict.
        """
        error = FormatError(message, self.path, line)
        if self.strict:
            raise error
        self._skipped.append(str(error))

    def note(self, message: str) -> None:
        """Remembers a remark."""
        self._notes.append(f"{self.path}: {message}")

    def result(self) -> ReadResult:
        """The result.

        Raises:
            FormatError: records were skipped and no document is left.
        """
        if self._skipped and not self._documents:
            raise FormatError(
                f"Expected at least one readable document, was: none; first problem: {self._skipped[0]}"
            )
        return ReadResult(self._documents, self._repairs, tuple(self._skipped), tuple(self._notes))


def valid_spans(document: Document) -> tuple[Span, ...]:
    """The spans of a document that will be written as tags of tokens.

    Raises:
        FormatError: they are not valid (see ``ner.Document``).
    """
    good, repairs = repaired(document)
    if repairs.total:
        raise FormatError(f"Document {document.id}: expected repaired spans, was: {repairs.describe()}")
    return good.spans or ()
