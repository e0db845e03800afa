"""The strategies: each takes a draw in hand and answers with indices and why."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.diversity import spread
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
        taken: list[int] = []
        for index in indices:
            if len(taken) >= size:
                break
            if self.novelty.admit(int(index)):
                taken.append(int(index))
        return taken

    def by_worth(self, without: Iterable[int] = ()) -> NDArray[np.int64]:
        """The eligible indices from the highest worth down, equal ones in random order."""
        rest = np.setdiff1d(self.eligible, np.fromiter(without, dtype=np.int64))
        ranked: NDArray[np.int64] = rest[
            np.lexsort((self.rng.permutation(len(rest)), -self.pool.value[rest]))
        ]
        return ranked

    def embeddings(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """The embeddings of some texts.

        Raises:
            ValueError: the pool has none.
        """
        if self.pool.embeddings is None:
            raise ValueError("Expected a pool with embeddings for a diverse choice, was: one without")
        rows: NDArray[np.float32] = self.pool.embeddings[indices]
        return rows


Strategy = Callable[[Draw], list[Choice]]


def random(draw: Draw) -> list[Choice]:
    """By lot, without replacement; scores and threshold play no part."""
    return [(index, "random") for index in draw.take(draw.rng.permutation(draw.eligible), draw.size)]


def uncertainty(draw: Draw) -> list[Choice]:
    """From the highest worth down; texts below the threshold come last and fill the batch."""
    ranked = draw.by_worth()
    is_candidate = draw.pool.scores[ranked] >= draw.threshold
    order = np.concatenate([ranked[is_candidate], ranked[~is_candidate]])
    return [(index, "uncertain") for index in draw.take(order, draw.size)]


def diversity(draw: Draw) -> list[Choice]:
    """Texts that are unlike each other, whatever their scores; the threshold plays no part."""
    rows = draw.embeddings(draw.eligible)
    chosen = spread(
        rows, np.ones(len(rows)), draw.size, draw.rng, lambda row: draw.novelty.admit(int(draw.eligible[row]))
    )
    return [(int(draw.eligible[row]), "diverse") for row in chosen]


def hybrid(draw: Draw) -> list[Choice]:
    """A share by lot, and of the candidates with the best scores those that are unlike each other.

    By lot is drawn from the whole pool, so that these labels can measure the model without bias. The others
    come from the ``shortlist`` × size best texts at or above the threshold; when these do not suffice, all
    of them are taken and the next best scores fill the batch. Those by lot are spread evenly over the
    batch.
    """
    by_lot = draw.take(draw.rng.permutation(draw.eligible), int(draw.size * draw.options.random_share + 0.5))
    wanted = draw.size - len(by_lot)
    ranked = draw.by_worth(without=by_lot)
    is_candidate = draw.pool.scores[ranked] >= draw.threshold
    shortlist = np.array(draw.take(ranked[is_candidate], draw.options.shortlist * wanted), dtype=np.int64)
    rows = spread(draw.embeddings(shortlist), draw.pool.value[shortlist], wanted, draw.rng)
    rest: list[Choice] = [(int(shortlist[row]), "diverse") for row in rows]
    rest += [(index, "uncertain") for index in draw.take(ranked[~is_candidate], wanted - len(rest))]
    return _interleave([(index, "random") for index in by_lot], rest)


def _interleave(few: list[Choice], many: list[Choice]) -> list[Choice]:
    """Both in their order, the few at even distances, so that half a batch done is half of each."""
    keyed = [((place + 0.5) / len(few), 1, choice) for place, choice in enumerate(few)]
    keyed += [((place + 0.5) / len(many), 0, choice) for place, choice in enumerate(many)]
    return [choice for *_, choice in sorted(keyed, key=lambda item: item[:2])]
