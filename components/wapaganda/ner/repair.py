"""What happens to spans that IOB2 over words cannot express: mended or refused, and always counted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
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
    """How many spans were mended (``trimmed``, ``widened``, ``duplicate``) and how many refused (the
    others)."""

    trimmed: int = 0
    widened: int = 0
    out_of_range: int = 0
    empty: int = 0
    overlapping: int = 0
    duplicate: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def total(self) -> int:
        """How often anything was done."""
        return sum(getattr(self, field.name) for field in fields(self))

    @property
    def refused(self) -> int:
        """How many spans are gone with their text left unmarked or marked by another."""
        return self.out_of_range + self.empty + self.overlapping

    def describe(self) -> str:
        """The counts in words, such as ``2 trimmed of white space, 1 refused as empty``."""
        counts = [(getattr(self, name), wording) for name, wording in _WORDING.items()]
        return ", ".join(f"{count} {wording}" for count, wording in counts if count) or "no repairs"


def repair_spans(text: str, spans: Iterable[Span]) -> tuple[tuple[Span, ...], Repairs]:
    """The spans as IOB2 over ``word_offsets(text)`` can express them, in text order, and what was done to
    them.

    The rules, in this order. A span that reaches outside the text is refused, and so is one that touches no
    word. What is left runs from the start of the first word it touches to the end of the last: white space at
    its ends is trimmed, half words are taken whole. Equal spans are merged, keeping the highest score. Of
    spans that overlap the longest (in code points) stays, among equals the one that starts first, then the
    first label in the alphabet.
    """
    words = word_offsets(text)
    done = dict.fromkeys(_WORDING, 0)
    snapped = [good for span in spans if (good := _snap(span, words, len(text), done)) is not None]
    kept = _without_overlaps(_merged(snapped, done), done)
    return tuple(sorted(kept)), Repairs(**done)


def _snap(span: Span, words: NDArray[np.int32], length: int, done: dict[str, int]) -> Span | None:
    if span.start >= span.end:
        done["empty"] += 1
        return None
    if span.start < 0 or span.end > length:
        done["out_of_range"] += 1
        return None
    first = int(np.searchsorted(words[:, 1], span.start, side="right"))
    last = int(np.searchsorted(words[:, 0], span.end, side="left")) - 1
    if first > last:
        done["empty"] += 1
        return None
    start, end = int(words[first, 0]), int(words[last, 1])
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


def align_spans(spans: Iterable[Span], words: NDArray[np.int32]) -> tuple[tuple[Span, ...], int]:
    """Repaired spans drawn in to the words that a tokenizer sees, and the number of those that cover none of
    them.

    ``words``: a selection of a text's words, as in ``EncodedText.words``. Shape: (n_words, 2).
    """
    spans = tuple(spans)
    fitted = []
    for span in spans:
        first = int(np.searchsorted(words[:, 0], span.start, side="left"))
        last = int(np.searchsorted(words[:, 1], span.end, side="right")) - 1
        if first <= last:
            fitted.append(replace(span, start=int(words[first, 0]), end=int(words[last, 1])))
    return tuple(fitted), len(spans) - len(fitted)


def gold_spans(documents: Sequence[Document]) -> list[tuple[Span, ...]]:
    """The spans of documents after repair: what predictions are held against; () where nobody looked."""
    return [repair_spans(document.text, document.spans or ())[0] for document in documents]
