"""The default strategy: uncertain and diverse texts, and a small random share."""

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.context import SelectionContext
from wapaganda.sampler.kmeans_pp import weighted_kmeans_pp
from wapaganda.sampler.registry import Choice, strategy
from wapaganda.sampler.types import DIVERSE, RANDOM

_AT_ONCE = 100
"""Texts that are chosen from one shortlist. The next batch usually comes before a large batch is labelled to
its end, so the texts of the highest utility must come first."""


@strategy("hybrid", uses_scores=True)
def hybrid(context: SelectionContext) -> list[Choice]:
    """Diverse texts among those of the highest utility, and a small random share.

    The random share comes from the whole pool, so that its labels measure the model without bias. The rest is
    chosen a hundred at a time from a shortlist, ``Options.shortlist`` times as many of the best texts at or
    above the threshold. When there are too few of them, all are taken, and the next best fill the batch in
    the same way. Random texts are spread evenly over the batch.
    """
    n_random = int(context.size * context.options.random_share + 0.5)
    random = context.take(context.at_random(), n_random)
    wanted = context.size - len(random)
    candidates, others = context.by_utility(without=random)
    best = _diverse(context, candidates, wanted, random)
    best += _diverse(context, others, wanted - len(best), random + best)
    return _interleave([(index, DIVERSE) for index in best], [(index, RANDOM) for index in random])


def _diverse(
    context: SelectionContext, ranked: NDArray[np.int64], wanted: int, selected: list[int]
) -> list[int]:
    """``wanted`` of the first of ``ranked`` that differ from each other and from ``selected``."""
    rest = iter(ranked)
    waiting: list[int] = []
    chosen: list[int] = []
    while len(chosen) < wanted:
        size = min(_AT_ONCE, wanted - len(chosen))
        waiting += context.take(rest, context.options.shortlist * size - len(waiting))
        if not waiting:
            break
        shortlist = np.array(waiting, dtype=np.int64)
        rows = weighted_kmeans_pp(
            context.embeddings(shortlist),
            context.pool.ranking[shortlist],
            size,
            context.rng,
            covered=context.embeddings(np.array(selected + chosen, dtype=np.int64)),
        )
        picked = shortlist[rows].tolist()
        chosen += picked
        waiting = [index for index in waiting if index not in picked]
    return chosen


def _interleave(*kinds: list[Choice]) -> list[Choice]:
    """Each kind in its order and at even distances, so that half of the batch holds half of each kind."""
    keyed = chain.from_iterable(
        [((place + 0.5) / len(kind), number, choice) for place, choice in enumerate(kind)]
        for number, kind in enumerate(kinds)
    )
    return [choice for *_, choice in sorted(keyed, key=lambda item: item[:2])]
