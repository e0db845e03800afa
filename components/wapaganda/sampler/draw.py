"""One selection under way: what every strategy is given."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.novelty import NoveltyFilter
from wapaganda.sampler.options import Options
from wapaganda.sampler.pool import Drawn, Labelled, Pool

Choice = tuple[int, Drawn]


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """One selection under way: its order, its dice and the filter that knows what was seen and taken.

    ``eligible`` holds the indices that may be taken at all, ``n_seen`` counts the texts seen before.
    """

    pool: Pool
    eligible: NDArray[np.int64]
    size: int
    threshold: float
    novelty: NoveltyFilter
    rng: np.random.Generator
    labelled: Labelled
    n_seen: int
    options: Options

    def take(self, indices: Iterable[int], size: int) -> list[int]:
        """The first ``size`` of ``indices`` that are no near duplicates."""
        novel = (int(index) for index in indices if self.novelty.admit(int(index)))
        return list(islice(novel, max(0, size)))

    def by_worth(self, without: Iterable[int] = ()) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The eligible indices from the highest worth down: those at or above the threshold, and the others.

        Those of equal worth are in random order.
        """
        rest = np.setdiff1d(self.eligible, np.fromiter(without, dtype=np.int64))
        ranked = rest[np.lexsort((self.rng.permutation(len(rest)), -self.pool.value[rest]))]
        is_candidate = self.pool.scores[ranked] >= self.threshold
        return ranked[is_candidate], ranked[~is_candidate]

    def embeddings(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """The embeddings of some texts.

        Raises:
            ValueError: the pool has none.
        """
        if self.pool.embeddings is None:
            raise ValueError("Expected a pool with embeddings for a diverse choice, was: one without")
        rows: NDArray[np.float32] = self.pool.embeddings[indices]
        return rows

    def covered(self, taken: Iterable[int] = ()) -> NDArray[np.float32]:
        """The embeddings of the labelled texts, where these are known, and of those taken already."""
        rows = self.embeddings(np.fromiter(taken, dtype=np.int64))
        labelled = self.labelled.embeddings
        return rows if labelled is None else np.concatenate([labelled, rows])

    def accepts(self, indices: NDArray[np.int64]) -> Callable[[int], bool]:
        """Whether one of ``indices``, by its place among them, is no near duplicate of what is taken."""
        return lambda place: self.novelty.admit(int(indices[place]))


Strategy = Callable[[Draw], list[Choice]]
