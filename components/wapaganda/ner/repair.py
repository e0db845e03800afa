"""Repair of spans that IOB2 over words cannot express. Every repair is counted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner.document import Document, Span
from wapaganda.ner.words import word_offsets

_WORDING = {
    "trimmed": "trimmed of white space",
    "widened": "widened to whole words",
    "out_of_range": "refused as out of range",
    "empty": "refused as empty",
    "overlapping": "refused as overlapping a longer one",
    "duplicate": "merged with an equal one",
}


@dataclass(frozen=True, slots=True)
class Repairs:
    """Numbers of changed spans (``trimmed``, ``widened``, ``duplicate``) and dropped spans (the others)."""

    trimmed: int = 0
    widened: int = 0
    out_of_range: int = 0
    empty: int = 0
    overlapping: int = 0
    duplicate: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.trimmed + other.trimmed,
            self.widened + other.widened,
            self.out_of_range + other.out_of_range,
            self.empty + other.empty,
            self.overlapping + other.overlapping,
            self.duplicate + other.duplicate,
        )

    @property
    def total(self) -> int:
        """The number of all repairs."""
        return self.trimmed + self.widened + self.duplicate + self.refused

    @property
    def refused(self) -> int:
        """The number of spans that were dropped."""
        return self.out_of_range + self.empty + self.overlapping

    def describe(self) -> str:
        """The counts in words, such as ``2 trimmed of white space, 1 refused as empty``."""
        counts = [(getattr(self, name), wording) for name, wording in _WORDING.items()]
        return ", ".join(f"{count} {wording}" for count, wording in counts if count) or "no repairs"


_NO_REPAIRS = Repairs()


def repair_spans(text: str, spans: Iterable[Span]) -> tuple[tuple[Span, ...], Repairs]:
    """Spans that IOB2 over ``word_offsets(text)`` can express, in text order, and the repairs.

    The rules, in this order. A span that reaches outside the text is dropped. A span that touches no word is
    dropped. Every other span runs from the start of the first word that it touches to the end of the last:
    white space at its ends is trimmed, and a part of a word becomes the whole word. Equal spans are merged
    and keep the highest score. Of overlapping spans the longest one (in code points) is kept; of equally
    long ones the first, then the one whose label comes first in the alphabet.
    """
    spans = tuple(spans)
    if not spans:
        return (), _NO_REPAIRS
    words = word_offsets(text)
    starts, ends = words[:, 0].tolist(), words[:, 1].tolist()
    done = dict.fromkeys(_WORDING, 0)
    snapped = [good for span in spans if (good := _snap(span, starts, ends, len(text), done)) is not None]
    kept = _without_overlaps(_merged(snapped, done), done)
    return tuple(sorted(kept)), Repairs(**done)


def _snap(
    span: Span, starts: Sequence[int], ends: Sequence[int], length: int, done: dict[str, int]
) -> Span | None:
    if span.start >= span.end:
        done["empty"] += 1
        return None
    if span.start < 0 or span.end > length:
        done["out_of_range"] += 1
        return None
    first = bisect_right(ends, span.start)
    last = bisect_left(starts, span.end) - 1
    if first > last:
        done["empty"] += 1
        return None
    start, end = starts[first], ends[last]
    if start == span.start and end == span.end:
        return span
    done["trimmed"] += start > span.start or end < span.end
    done["widened"] += start < span.start or end > span.end
    return replace(span, start=start, end=end)


def _merged(spans: list[Span], done: dict[str, int]) -> list[Span]:
    best: dict[Span, Span] = {}
    for span in spans:
        other = best.get(span)
        if other is None or (span.score or 0.0) > (other.score or 0.0):
            best[span] = span
    done["duplicate"] += len(spans) - len(best)
    return list(best.values())


def _without_overlaps(spans: list[Span], done: dict[str, int]) -> list[Span]:
    if len(spans) < 2:
        return spans
    in_order = sorted(spans)
    if all(left.end <= right.start for left, right in pairwise(in_order)):
        return in_order
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start, span.label)):
        at = bisect_left(kept, span)
        before, after = kept[max(at - 1, 0) : at], kept[at : at + 1]
        if all(left.end <= span.start for left in before) and all(span.end <= right.start for right in after):
            kept.insert(at, span)
    done["overlapping"] += len(spans) - len(kept)
    return kept


def repaired(document: Document) -> tuple[Document, Repairs]:
    """The document with valid spans (see ``Document``), and the repairs. Call it for new documents.

    An unlabelled document is returned as it is.
    """
    if document.spans is None:
        return document, Repairs()
    spans, repairs = repair_spans(document.text, document.spans)
    return (document if spans == document.spans else document.with_spans(spans)), repairs


def align_spans(spans: Iterable[Span], words: NDArray[np.int32]) -> tuple[tuple[Span, ...], int]:
    """Valid spans reduced to the words that a tokenizer sees, and the number of spans without such a word.

    ``words``: some of a text's words, as in ``EncodedText.words``. Shape: (n_words, 2).
    """
    spans = tuple(spans)
    aligned = []
    for span in spans:
        first = int(np.searchsorted(words[:, 0], span.start, side="left"))
        last = int(np.searchsorted(words[:, 1], span.end, side="right")) - 1
        if first <= last:
            aligned.append(replace(span, start=int(words[first, 0]), end=int(words[last, 1])))
    return tuple(aligned), len(spans) - len(aligned)


def gold_spans(documents: Sequence[Document]) -> list[tuple[Span, ...]]:
    """The spans of documents; ``()`` for an unlabelled one."""
    return [document.spans or () for document in documents]
