"""A simulated annotator: what a text costs, and how many errors are left in it."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation_cost import CORRECTING, Prices
from wapaganda.simulation.completion.reading import SpanCounts

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, eq=False, slots=True)
class Work:
    """n labelled texts: the ``hours`` of each, its true spans ``gold``, and the spans that the annotator
    leaves there (``predicted``), of which ``correct`` are right: expectations, (n,) each."""

    hours: NDArray[np.float64]
    gold: NDArray[np.float64]
    predicted: NDArray[np.float64]
    correct: NDArray[np.float64]

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> "Work":
        return Work(*(getattr(self, each.name)[rows] for each in fields(self)))

    def averaged(self) -> "Work":
        """The expectation in random order: every text has the mean."""
        return Work(*(np.full(len(self.hours), np.mean(getattr(self, each.name))) for each in fields(self)))

    def cumulated(self) -> "Work":
        """The sums over the first 0, 1, … n texts, (n + 1,)."""
        parts = (getattr(self, each.name) for each in fields(self))
        return Work(*(np.concatenate([[0.0], np.cumsum(part)]) for part in parts))


@dataclass(frozen=True, slots=True)
class Annotator:
    """``accepts``: the probability that a wrong proposal is confirmed; the entity under it is then missed.

    ``overlooks``: the probability that an entity that nobody proposes is not marked. An annotator without
    errors by default.
    """

    prices: Prices = CORRECTING
    accepts: float = 0.0
    overlooks: float = 0.0

    def from_scratch(self, counts: SpanCounts) -> Work:
        """Texts without proposals."""
        empty = np.zeros(len(counts), dtype=np.int64)
        blank = replace(counts, predicted=empty, correct=empty, paired=empty)
        return self.correcting(blank)

    def correcting(self, counts: SpanCounts) -> Work:
        """Texts with the proposals that ``counts`` counts."""
        accepted = self.accepts * counts.spurious
        marked = (1.0 - self.overlooks) * (counts.missed - self.accepts * counts.paired)
        correct = counts.correct + marked
        seconds = (
            self.prices.word * counts.words
            + self.prices.confirmation * (counts.correct + accepted)
            + self.prices.entity * marked
            + self.prices.removal * (counts.spurious - accepted)
        )
        return Work(
            hours=seconds / _SECONDS_PER_HOUR,
            gold=counts.gold.astype(np.float64),
            predicted=correct + accepted,
            correct=correct,
        )


PERFECT = Annotator()
"""Makes no errors, with the prices of correcting."""
