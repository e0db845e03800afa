"""Excerpts: parts of a text that are asked about alone and remember what stands around them.

An excerpt is a document of its own: its ``text`` is what annotators see and label. Its ``meta`` holds
``before`` and ``after``, the text to its left and right, so that before + text + after is the whole text, and
``excerpt_of``, the id of the whole document.
"""

import re
from dataclasses import replace

from wapaganda.ner.document import Document

CONTEXT_KEYS = ("before", "after", "excerpt_of")
"""The keys in the ``meta`` of an excerpt, and in the data of its Label Studio task."""

_PLACE = re.compile(r"(?s)(.+)\[(\d+):(\d+)\]")


def excerpt(document: Document, start: int, end: int) -> Document:
    """``text[start:end]`` of a whole document, with those of its spans that lie wholly inside.

    Raises:
        ValueError: the place is empty or not within the text, or the document is an excerpt itself.
    """
    if not 0 <= start < end <= len(document.text) or is_excerpt(document):
        raise ValueError(
            f"Expected a place within the {len(document.text)} characters of a whole text, "
            f"was: {start} to {end} of {document.id!r}"
        )
    spans = document.spans
    if spans is not None:
        inside = (span for span in spans if start <= span.start and span.end <= end)
        spans = tuple(replace(span, start=span.start - start, end=span.end - start) for span in inside)
    context = {"before": document.text[:start], "after": document.text[end:], "excerpt_of": document.id}
    return Document(
        excerpt_id(document.id, start, end), document.text[start:end], spans, {**document.meta, **context}
    )


def is_excerpt(document: Document) -> bool:
    """Whether the document is a part of a longer text and knows the rest of it."""
    before, after, of = (document.meta.get(key) for key in CONTEXT_KEYS)
    return of is not None and isinstance(before, str) and isinstance(after, str)


def whole_text(document: Document) -> str:
    """The text that an excerpt was cut from; the text itself of a whole document."""
    before, after = _context(document)
    return before + document.text + after


def place_of(document: Document) -> tuple[int, int]:
    """Where the text of an excerpt starts and ends in its whole text, in code points; everywhere if whole."""
    start = len(_context(document)[0])
    return start, start + len(document.text)


def _context(document: Document) -> tuple[str, str]:
    return (document.meta["before"], document.meta["after"]) if is_excerpt(document) else ("", "")


def excerpt_id(document_id: str, start: int, end: int) -> str:
    """``ID[START:END]``, in code points: the id of that part of the document."""
    return f"{document_id}[{start}:{end}]"


def excerpt_place(name: str) -> tuple[str, int, int] | None:
    """The id of the whole document, start and end; ``None`` for a name that is no ``excerpt_id``."""
    found = _PLACE.fullmatch(name)
    return (found[1], int(found[2]), int(found[3])) if found else None
