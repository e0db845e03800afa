"""Weighted k-means++: rows that are far from each other and have a high weight."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.distances import NearestDistances, unit_rows

Accept = Callable[[int], bool]
"""Whether a row may be chosen; called once, just before it is chosen."""


def weighted_kmeans_pp(
    embeddings: NDArray[Any],
    weights: NDArray[Any],
    size: int,
    rng: np.random.Generator,
    accept: Accept = lambda _: True,
    covered: NDArray[Any] | None = None,
) -> list[int]:
    """Up to ``size`` rows of ``embeddings`` (n, H), far apart in direction and high in ``weights`` (n,).

    Weighted k-means++ seeding (Arthur & Vassilvitskii 2007, "k-means++: the advantages of careful
    seeding"): the next row is drawn with probability ∝ weight × squared distance to the nearest row that was
    chosen before or belongs to ``covered`` (m, H). Rows are scaled to length 1 first. Where all distances are
    0 only the weights count, where all weights are 0 only the distances, and where both are 0 every row is
    equally likely. A negative weight counts as 0. No row comes twice; a row that ``accept`` refuses is
    skipped. Memory: one copy of the embeddings in float32.
    """
    weight = np.maximum(np.asarray(weights, dtype=np.float64), 0.0)
    weight /= weight.max(initial=0.0) or 1.0
    points = unit_rows(embeddings)
    nearest = NearestDistances(points, unit_rows(points[:0] if covered is None else covered))
    is_free = np.ones(len(points), dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < size and is_free.any():
        row = _draw(is_free, weight, nearest.squared, rng)
        is_free[row] = False
        if accept(row):
            chosen.append(row)
            nearest.add(row)
    return chosen


def _draw(
    is_free: NDArray[np.bool_],
    weight: NDArray[np.float64],
    squared: NDArray[np.float32],
    rng: np.random.Generator,
) -> int:
    for mass in (weight * squared, weight, squared, np.ones(len(weight))):
        running = np.cumsum(np.where(is_free, mass, 0.0))
        if running[-1] > 0:
            point = min(rng.random() * running[-1], np.nextafter(running[-1], 0.0))
            return int(np.searchsorted(running, point, side="right"))
    raise ValueError("Expected a free row to draw, was: none")
