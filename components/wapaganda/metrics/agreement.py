"""Agreement of annotators: strict span F1 of one against the other, in the texts that both have labelled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Span

_RESAMPLES = 1_000

Answers = Mapping[str, Collection[Span]]
"""The spans that each annotator marked in one text."""


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators. ``f1`` (0 to 1) of their spans in ``n_texts`` texts, its 95 % interval, and by type.

    ``None``: neither has marked a span.
    """

    left: str
    right: str
    n_texts: int
    f1: float | None
    interval: tuple[float, float] | None
    per_type: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "annotators": [self.left, self.right],
            "texts": self.n_texts,
            "f1": self.f1,
            "interval": list(self.interval) if self.interval else None,
            "per_type": dict(self.per_type),
        }


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """All pairs of annotators together, in the texts that several have labelled.

    ``f1`` (0 to 1) counts each pair of a text once, ``interval`` is its 95 % bootstrap interval over texts.
    ``n_equal``: the texts in which all have marked the same. ``None``: nobody has marked a span.
    """

    n_texts: int = 0
    n_equal: int = 0
    f1: float | None = None
    interval: tuple[float, float] | None = None
    per_type: Mapping[str, float] = field(default_factory=dict)
    pairs: tuple[PairAgreement, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "texts": self.n_texts,
            "equal": self.n_equal,
            "f1": self.f1,
            "interval": list(self.interval) if self.interval else None,
            "per_type": dict(self.per_type),
            "pairs": [pair.to_dict() for pair in self.pairs],
        }


def annotator_agreement(texts: Sequence[Answers], seed: int = 13) -> AnnotatorAgreement:
    """The agreement of the annotators of these texts; texts with fewer than two answers do not count.

    F1 is symmetric, 2 · equal spans / all spans, and equals the positive specific agreement: chance agreement
    on spans is next to none, so κ would add nothing (Hripcsak & Rothschild 2005, "Agreement, the F-measure,
    and reliability in information retrieval").
    """
    several = [answers for answers in texts if len(answers) > 1]
    if not several:
        return AnnotatorAgreement()
    counts = [_counts(answers) for answers in several]
    labels = sorted({span.label for answers in several for spans in answers.values() for span in spans})
    names = sorted({pair for of_text in counts for pair in of_text})
    pairs = []
    for left, right in names:
        both = [of_text[left, right] for of_text in counts if (left, right) in of_text]
        f1, interval = _f1(both, seed)
        pairs.append(PairAgreement(left, right, len(both), f1, interval, _per_type(both, labels)))
    whole = [_sum(of_text.values()) for of_text in counts]
    f1, interval = _f1(whole, seed)
    n_equal = sum(len({frozenset(spans) for spans in answers.values()}) == 1 for answers in several)
    return AnnotatorAgreement(len(several), n_equal, f1, interval, _per_type(whole, labels), tuple(pairs))


_Counts = Mapping[str, tuple[int, int]]
"""By type: twice the number of equal spans, and the number of all spans."""


def _counts(answers: Answers) -> dict[tuple[str, str], _Counts]:
    """The counts of each pair of annotators in one text."""
    return {
        (left, right): _of_pair(set(answers[left]), set(answers[right]))
        for left, right in combinations(sorted(answers), 2)
    }


def _of_pair(left: set[Span], right: set[Span]) -> _Counts:
    found: dict[str, tuple[int, int]] = {}
    for spans, equal in ((left, left & right), (right, left & right)):
        for span in spans:
            hits, total = found.get(span.label, (0, 0))
            found[span.label] = (hits + (span in equal), total + 1)
    return found


def _sum(parts: Collection[_Counts]) -> _Counts:
    found: dict[str, tuple[int, int]] = {}
    for part in parts:
        for label, (hits, total) in part.items():
            before = found.get(label, (0, 0))
            found[label] = (before[0] + hits, before[1] + total)
    return found


def _per_type(texts: Sequence[_Counts], labels: Sequence[str]) -> dict[str, float]:
    whole = _sum(texts)
    return {label: whole[label][0] / whole[label][1] for label in labels if label in whole}


def _f1(texts: Sequence[_Counts], seed: int) -> tuple[float | None, tuple[float, float] | None]:
    """F1 of all types and its interval, by resampling the texts."""
    sums = [[sum(part) for part in zip(*text.values(), strict=True)] or [0, 0] for text in texts]
    table: NDArray[np.int64] = np.array(sums, dtype=np.int64)
    hits, total = table.sum(axis=0).tolist()
    if not total:
        return None, None
    rng, n = np.random.default_rng(seed), len(table)
    drawn = rng.multinomial(n, np.full(n, 1.0 / n), size=_RESAMPLES) @ table
    filled = drawn[drawn[:, 1] > 0]
    low, high = np.quantile(filled[:, 0] / filled[:, 1], [0.025, 0.975])
    return hits / total, (float(low), float(high))
