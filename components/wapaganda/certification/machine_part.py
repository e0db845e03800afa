"""The part of a data set that only a machine has labelled."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

LEAST_MISSES, WORDS_PER_MISS = 4, 5
"""The assumption of every bound: a text misses at most 4 entities, or one in every five words if that is
more."""


@dataclass(frozen=True, eq=False, slots=True)
class MachinePart:
    """N texts with the labels of a machine, which must not change while they are audited.

    ``n_words`` (N,): the words of each text. ``predicted`` (N,): its predicted spans. ``expected_correct``
    (N,) and ``entities`` (N,): how many of them are correct and how many entities there are, as the model
    expects it. A wrong expectation makes a bound weaker, never wrong.

    Raises:
        ValueError: the arrays have different lengths, or a number is negative or not finite.
    """

    n_words: NDArray[np.int64]
    predicted: NDArray[np.int64]
    expected_correct: NDArray[np.float64]
    entities: NDArray[np.float64]

    def __post_init__(self) -> None:
        arrays = [np.asarray(getattr(self, field.name)) for field in fields(self)]
        if len({each.shape for each in arrays}) != 1 or arrays[0].ndim != 1:
            raise ValueError(f"Expected four arrays (N,), was: shapes {[each.shape for each in arrays]}")
        if not all(bool((np.isfinite(each) & (each >= 0)).all()) for each in arrays):
            raise ValueError("Expected counts, 0 or more, was: a negative or an infinite one")

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def most_missed(self) -> NDArray[np.int64]:
        """The most entities that each text may lack: the assumption of the bound, (N,)."""
        by_length = -(-np.asarray(self.n_words, np.int64) // WORDS_PER_MISS)
        return np.maximum(LEAST_MISSES, by_length)

    @property
    def size(self) -> NDArray[np.float64]:
        """The most errors that each text can have, by which it is drawn, (N,)."""
        return np.asarray(self.predicted + self.most_missed, np.float64)

    def expected_f1(self, n_people_spans: int) -> float:
        """The F1 that the model expects of the whole file with ``n_people_spans`` correct spans of people."""
        correct = n_people_spans + float(self.expected_correct.sum())
        relevant = 2.0 * n_people_spans + float(self.predicted.sum() + self.entities.sum())
        return min(1.0, 2.0 * correct / relevant) if relevant > 0 else 1.0
