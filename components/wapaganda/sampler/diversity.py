"""Choosing points that lie far from each other."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.directions import Nearest, unit_rows

Accept = Callable[[int], bool]
"""Whether a row may be chosen; asked once, when it is about to be."""


def spread(
    embeddings: NDArray[Any],
    weights: NDArray[Any],
    size: int,
    rng: np.random.Generator,
    accept: Accept = lambda _: True,
    covered: NDArray[Any] | None = None,
) -> list[int]:
    """Up to ``size`` rows of ``embeddings`` (n, H), far apart in direction and heavy in ``weights`` (n,).

    Weighted k-means++ seeding (Arthur & Vassilvitskii 2007, "k-means++: the advantages of careful
    seeding"): each next row is drawn with probability ∝ weight × squared distance to the nearest row drawn
    so far or of ``covered`` (m, H), distances between rows scaled to length 1. Where all distances are 0 the
    weights decide alone, where all weights are 0 the distances, and where both are, chance. No row comes
    twice; a row that ``accept`` refuses is passed over. Memory: one copy of the embeddings in float32.
    """
    weight = np.maximum(np.asarray(weights, dtype=np.float64), 0.0)
    weight /= weight.max(initial=0.0) or 1.0
    return _greedily(
        embeddings, size, accept, covered, lambda is_free, nearest: _draw(is_free, weight, nearest, rng)
    )


def farthest(
    embeddings: NDArray[Any],
    size: int,
    rng: np.random.Generator,
    accept: Accept = lambda _: True,
    covered: NDArray[Any] | None = None,
) -> list[int]:
    """Up to ``size`` rows of ``embeddings`` (n, H), each the farthest from those before it.

    The greedy k-center of Sener & Savarese 2018, "Active learning for convolutional neural networks: a
    core-set approach", from ``covered`` (m, H) on, distances between rows scaled to length 1. Equally far
    ones, and the first when nothing is covered, are drawn by lot. No row comes twice; one that ``accept``
    refuses is passed over.
    """

    def farthest_row(is_free: NDArray[np.bool_], nearest: NDArray[np.float32]) -> int:
        far = np.where(is_free, nearest, -1.0)
        return int(rng.choice(np.flatnonzero(far == far.max())))

    return _greedily(embeddings, size, accept, covered, farthest_row)


def _greedily(
    embeddings: NDArray[Any],
    size: int,
    accept: Accept,
    covered: NDArray[Any] | None,
    next_row: Callable[[NDArray[np.bool_], NDArray[np.float32]], int],
) -> list[int]:
    """Row after row, each by which rows are free and how far they lie from what is chosen or covered."""
    points = unit_rows(embeddings)
    nearest = Nearest(points, unit_rows(points[:0] if covered is None else covered))
    is_free = np.ones(len(points), dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < size and is_free.any():
        row = next_row(is_free, nearest.distances)
        is_free[row] = False
        if accept(row):
            chosen.append(row)
            nearest.take(row)
    return chosen


def _draw(
    is_free: NDArray[np.bool_],
    weight: NDArray[np.float64],
    nearest: NDArray[np.float32],
    rng: np.random.Generator,
) -> int:
    for mass in (weight * nearest, weight, nearest, np.ones(len(weight))):
        running = np.cumsum(np.where(is_free, mass, 0.0))
        if running[-1] > 0:
            point = min(rng.random() * running[-1], np.nextafter(running[-1], 0.0))
            return int(np.searchsorted(running, point, side="right"))
    raise ValueError("Expected a free row to draw, was: none")
