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

    def at_random(self) -> NDArray[np.int64]:
        """The eligible rows in random order: of the pool's random sample, if it says which texts are one."""
        is_random = self.pool.is_random
        return self.rng.permutation(
            self.eligible if is_random is None else self.eligible[is_random[self.eligible]]
        )

    def by_utility(self, without: Iterable[int] = ()) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The eligible rows by falling utility: those at or above the threshold, and those below it.

        Rows of equal utility are in random order.
        """
        is_free = np.ones(len(self.pool), dtype=np.bool_)
        is_free[np.fromiter(without, dtype=np.int64)] = False
        rest = self.eligible[is_free[self.eligible]]
        ranked = rest[np.lexsort((self.rng.permutation(len(rest)), -self.pool.ranking[rest]))]
        is_candidate = self.pool.scores[ranked] >= self.threshold
        return ranked[is_candidate], ranked[~is_candidate]

    def embeddings(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """The embeddings of some rows of the pool, (len(indices), H); no others are read.

        Raises:
            ValueError: the pool has no embeddings, or one of these has a number that is not finite.
        """
        return self.pool.embeddings_of(indices).astype(np.float32, copy=False)

    def accepts(self, indices: NDArray[np.int64]) -> Callable[[int], bool]:
        """A function that says whether the text at a position of ``indices`` is not a near duplicate.

        A text that is accepted counts as selected.
        """
        return lambda position: self.duplicates.admit(int(indices[position]))
