"""Texts with their spans, written in the format of the file name."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wapaganda.annotation import by_suffix, writable_suffixes, write_documents
from wapaganda.errors import InputError
from wapaganda.project_context import why_not_writable

if TYPE_CHECKING:
    from wapaganda.ner import Document

SHOWN = 3
"""At most this number of left-out texts are reported one by one."""


def check_out(path: Path, *inputs: Path | None) -> None:
    """Check early that ``write_texts`` will know the format, can write, and overwrites none of ``inputs``.

    Raises:
        InputError: one of these is not the case.
    """
    if by_suffix(path, writable=True) is None:
        raise InputError(f"Expected a file name that ends in {', '.join(writable_suffixes())}, was: {path}.")
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


def write_texts(documents: Sequence["Document"], path: Path) -> tuple[str, ...]:
    """Write the documents atomically; return messages about texts that the format cannot hold."""
    left_out = write_documents(documents, path)
    messages = [f"Left out: {reason}" for reason in left_out[:SHOWN]]
    if len(left_out) > SHOWN:
        messages.append(f"{path}: {len(left_out):,} texts were left out in all.")
    return tuple(messages)


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
