"""Texts with their spans, written in the format of the file name."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wapaganda.errors import InputError
from wapaganda.selfish_cli.project import why_not_writable

if TYPE_CHECKING:
    from wapaganda.ner import Document


def check_out(path: Path, *inputs: Path | None) -> None:
    """Check early that ``write_texts`` will know the format, can write, and overwrites none of ``inputs``.

    Raises:
        InputError: it is not so.
    """
    if path.suffix not in WRITERS:
        raise InputError(f"Expected a file name that ends in {', '.join(WRITERS)}, was: {path}.")
    if path.resolve() in {each.resolve() for each in inputs if each is not None}:
        raise InputError(
            f"Expected a new file, was: {path}, which is read from.", "Name another one by --out."
        )
    if path.is_dir():
        raise InputError(f"Expected a file, was: {path}, a folder.", "Name a file in it by --out.")
    check_parent(path)


def check_parent(path: Path) -> None:
    """Check that ``path`` can be written.

    Raises:
        InputError: it cannot.
    """
    reason = why_not_writable(path.parent)
    if reason:
        raise InputError(f"Expected a place that can be written to, was: {path} ({reason}).")


def write_texts(documents: Sequence["Document"], path: Path, labels: Sequence[str]) -> None:
    """Write the documents; the file appears whole or not at all."""
    from wapaganda.storage import atomic_path

    with atomic_path(path) as draft:
        WRITERS[path.suffix](documents, draft, labels)


def _jsonl(documents: Sequence["Document"], path: Path, labels: Sequence[str]) -> None:
    from wapaganda.annotation import write_jsonl

    write_jsonl(documents, path)


def _conll(documents: Sequence["Document"], path: Path, labels: Sequence[str]) -> None:
    from wapaganda.annotation import write_conll

    write_conll(documents, path)


def _tasks(documents: Sequence["Document"], path: Path, labels: Sequence[str]) -> None:
    from wapaganda.annotation import write_label_studio_tasks

    write_label_studio_tasks(documents, path)


WRITERS: dict[str, Callable[[Sequence["Document"], Path, Sequence[str]], None]] = {
    ".jsonl": _jsonl,
    ".json": _tasks,
    ".conll": _conll,
}
"""File suffix to its writer: JSONL, Label Studio tasks, CoNLL."""


def document_dict(document: "Document") -> dict[str, Any]:
    """A document as JSON holds it, with the confidence of each span."""
    from wapaganda.ner import span_to_dict

    return {
        "id": document.id,
        "text": document.text,
        "spans": [
            span_to_dict(span) | ({} if span.score is None else {"score": round(span.score, 6)})
            for span in document.spans or ()
        ],
    }
