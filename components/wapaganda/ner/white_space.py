"""Texts that differ in white space only, and spans moved from one to the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wapaganda.ner.document import Span


def without_whitespace(text: str) -> str:
    """``text`` without white space: equal for two texts that differ in white space only."""
    return "".join(text.split())


def moved_spans(spans: Iterable[Span], text: str, other: str) -> tuple[Span, ...]:
    """The spans of ``text`` on ``other``, which differs from it in white space only.

    Each span begins and ends at the same visible character as before. Spans without one are left out.

    Raises:
        ValueError: the texts differ in more than white space.
    """
    if without_whitespace(text) != without_whitespace(other):
        raise ValueError("Expected texts that differ in white space only")
    places = [at for at, character in enumerate(other) if not character.isspace()]
    before = [0]
    for character in text:
        before.append(before[-1] + (not character.isspace()))
    return tuple(
        replace(span, start=places[before[span.start]], end=places[before[span.end] - 1] + 1)
        for span in spans
        if before[span.end] > before[span.start]
    )


def first_difference(wanted: str, found: str, width: int = 20) -> str:
    """Where two texts differ first, in words for a message; empty if they are equal."""
    if wanted == found:
        return ""
    shorter = min(len(wanted), len(found))
    at = next((at for at in range(shorter) if wanted[at] != found[at]), shorter)
    here = [repr(text[at : at + width]) if text[at:] else "the end of the text" for text in (wanted, found)]
    return f"at character {at:,} expected {here[0]}, was: {here[1]}"
