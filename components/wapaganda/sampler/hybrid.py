"""The strategy that wants everything: the worth first, and guards against what it overlooks."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.directions import isolation, unit_rows
from wapaganda.sampler.diversity import spread
from wapaganda.sampler.draw import Choice, Draw
from wapaganda.sampler.pool import Drawn
from wapaganda.sampler.rarity import for_rare_types
from wapaganda.sampler.typical import representatives

_PEERS = 4096
"""Texts, drawn by lot, that stand for the pool when one is held to it."""
_AT_ONCE = 100
"""Texts for which one shortlist is made. A large batch is seldom labelled to its end before the next one
comes: what is worth the most has to stand first."""


def hybrid(draw: Draw) -> list[Choice]:
    """Of the candidates of the highest worth those that are unlike each other, beside shares of other kinds.

    In this order: a share by lot from the whole pool, so that these labels can measure the model without
    bias; a share that stands for the pool, while little is labelled; texts for the rarest types; and the
    rest, a hundred at a time, from ``shortlist`` × as many of the best texts at or above the threshold, less
    the outliers. When these do not suffice, all of them are taken and the next best, chosen in the same way,
    fill the batch. The kinds are spread evenly over the batch. ``Options`` says how much of each.
    """
    by_lot = draw.take(draw.rng.permutation(draw.eligible), int(draw.size * draw.options.random_share + 0.5))
    usual = _usual(draw, by_lot)
    rare = _rare(draw, by_lot + usual)
    best = _best(draw, by_lot + usual + rare)
    return _interleave(best, _named(by_lot, "random"), _named(usual, "representative"), _named(rare, "rare"))


def _usual(draw: Draw, taken: list[int]) -> list[int]:
    still = max(0.0, 1.0 - draw.n_seen / draw.options.annealed_by)
    wanted = min(int(draw.size * draw.options.representative_share * still + 0.5), draw.size - len(taken))
    if wanted <= 0:
        return []
    rest = np.setdiff1d(draw.eligible, taken)
    rows = representatives(draw.embeddings(rest), wanted, draw.rng, draw.accepts(rest), draw.covered(taken))
    return [int(rest[row]) for row in rows]


def _rare(draw: Draw, taken: list[int]) -> list[int]:
    """For the types that are rarest among the labels, or in the pool while no label is known."""
    wanted = min(draw.options.type_floor, draw.size - len(taken))
    if draw.pool.entities is None or wanted <= 0:
        return []
    candidates, _ = draw.by_worth(without=taken)
    entities = draw.pool.entities
    found = draw.labelled.entities if draw.labelled.entities is not None else entities[draw.eligible].sum(0)
    rows = for_rare_types(
        entities[candidates],
        draw.pool.value[candidates],
        found + entities[taken].sum(0),
        wanted,
        draw.accepts(candidates),
    )
    return [int(candidates[row]) for row in rows]


def _best(draw: Draw, taken: list[int]) -> list[Choice]:
    wanted = draw.size - len(taken)
    candidates, others = draw.by_worth(without=taken)
    best = _varied(draw, candidates, wanted, taken)
    return _named(best + _varied(draw, others, wanted - len(best), taken + best), "diverse")


def _varied(draw: Draw, ranked: NDArray[np.int64], wanted: int, taken: list[int]) -> list[int]:
    """Of the first of ``ranked`` those that are unlike each other and what is taken, the worthiest hundred
    first."""
    rest = iter(ranked)
    waiting: list[int] = []
    chosen: list[int] = []
    while len(chosen) < wanted:
        size = min(_AT_ONCE, wanted - len(chosen))
        waiting += draw.take(rest, draw.options.shortlist * size - len(waiting))
        if not waiting:
            break
        shortlist = _without_outliers(draw, np.array(waiting, dtype=np.int64), size)
        rows = spread(
            draw.embeddings(shortlist),
            draw.pool.value[shortlist],
            size,
            draw.rng,
            covered=draw.covered(taken + chosen),
        )
        picked = shortlist[rows].tolist()
        chosen += picked
        waiting = [index for index in waiting if index not in picked]
    return chosen


def _without_outliers(draw: Draw, shortlist: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """The shortlist without the share that is farthest from the texts of the pool, in its order."""
    n_dropped = min(int(len(shortlist) * draw.options.outlier_share), max(0, len(shortlist) - wanted))
    if not n_dropped:
        return shortlist
    peers = draw.rng.permutation(draw.eligible)[:_PEERS]
    indices = np.union1d(shortlist, peers)
    places = np.searchsorted(indices, shortlist), np.searchsorted(indices, peers)
    far = isolation(unit_rows(draw.embeddings(indices)), *places)
    kept = np.argsort(far, kind="stable")[: len(shortlist) - n_dropped]
    return shortlist[np.sort(kept)]


def _named(indices: Sequence[int], drawn: Drawn) -> list[Choice]:
    return [(index, drawn) for index in indices]


def _interleave(*kinds: list[Choice]) -> list[Choice]:
    """Each kind in its order and at even distances, so that half a batch done is half of each."""
    keyed = chain.from_iterable(
        [((place + 0.5) / len(kind), number, choice) for place, choice in enumerate(kind)]
        for number, kind in enumerate(kinds)
    )
    return [choice for *_, choice in sorted(keyed, key=lambda item: item[:2])]
