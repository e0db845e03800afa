"""The input of a strategy: the pool, the random generator and the filter for near duplicates."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.near_duplicates import NearDuplicateFilter
from wapaganda.sampler.types import Options, Pool


@dataclass(frozen=True, slots=True, eq=False)
class SelectionContext:
    """One selection in progress.

    ``eligible``: the rows of the pool that may be selected. ``size``: texts wanted. ``threshold``: in [0, 1],
    compared with the scores of the pool. ``duplicates``: the filter that knows what was seen and selected.
    ``rng``: the only source of randomness, so that the same seed gives the same batch.
    """

    pool: Pool
    eligible: NDArray[np.int64]
    size: int
    threshold: float
    duplicates: NearDuplicateFilter
    rng: np.random.Generator
    options: Options

    def take(self, indices: Iterable[int], size: int) -> list[int]:
        """The first ``size`` of ``indices`` that are not near duplicates; they then count as selected."""
        new = (int(index) for index in indices if self.duplicates.admit(int(index)))
        return list(islice(new, max(0, size)))

    def by_utility(self, without: Iterable[int] = ()) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The eligible rows by falling utility: those at or above the threshold, and those below it.

        Rows of equal utility are in random order.
        """
        rest = np.setdiff1d(self.eligible, np.fromiter(without, dtype=np.int64))
        ranked = rest[np.lexsort((self.rng.permutation(len(rest)), -self.pool.ranking[rest]))]
        is_candidate = self.pool.scores[ranked] >= self.threshold
        return ranked[is_candidate], ranked[~is_candidate]

    def embeddings(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """The embeddings of some rows, (len(indices), H).

        Raises:
            ValueError: the pool has no embeddings.
        """
        if self.pool.embeddings is None:
            raise ValueError("Expected a pool with embeddings for a diverse choice, was: one without")
        rows: NDArray[np.float32] = self.pool.embeddings[indices]
        return rows

    def accepts(self, indices: NDArray[np.int64]) -> Callable[[int], bool]:
        """A function that says whether the text at a position of ``indices`` is not a near duplicate.

        A text that is accepted counts as selected.
        """
        return lambda position: self.duplicates.admit(int(indices[position]))
