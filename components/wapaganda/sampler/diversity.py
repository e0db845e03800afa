"""Choosing points that lie far from each other."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NOISE = 1e-6
"""Squared distances below this are rounding: both points are the same."""


def spread(
    embeddings: NDArray[Any],
    weights: NDArray[Any],
    size: int,
    rng: np.random.Generator,
    accept: Callable[[int], bool] = lambda _: True,
) -> list[int]:
    """Up to ``size`` rows of ``embeddings`` (n, H), far apart in direction and heavy in ``weights`` (n,).

    Weighted k-means++ seeding (Arthur & Vassilvitskii 2007, "k-means++: the advantages of careful
    seeding"): each next row is drawn with probability ∝ weight × squared distance to the nearest row drawn
    so far, distances between rows scaled to length 1. Where all distances are 0 the weights decide alone,
    and where these are 0, chance. No row comes twice; a row that ``accept`` refuses is passed over. Memory:
    one copy of the embeddings in float32.
    """
    points = _unit_rows(embeddings)
    squares = np.einsum("ij,ij->i", points, points)
    weight = np.maximum(np.asarray(weights, dtype=np.float64), 0.0)
    nearest = np.ones(len(points))
    is_free = np.ones(len(points), dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < size and is_free.any():
        row = _draw(is_free, weight, nearest, rng)
        is_free[row] = False
        if accept(row):
            chosen.append(row)
            distance = squares + squares[row] - 2.0 * (points @ points[row])
            distance[distance < _NOISE] = 0.0
            nearest = distance.astype(np.float64) if len(chosen) == 1 else np.minimum(nearest, distance)
    return chosen


def _draw(
    is_free: NDArray[np.bool_],
    weight: NDArray[np.float64],
    nearest: NDArray[np.float64],
    rng: np.random.Generator,
) -> int:
    for mass in (weight * nearest, weight, np.ones(len(weight))):
        running = np.cumsum(np.where(is_free, mass, 0.0))
        if running[-1] > 0:
            point = min(rng.random() * running[-1], np.nextafter(running[-1], 0.0))
            return int(np.searchsorted(running, point, side="right"))
    raise ValueError("Expected a free row to draw, was: none")


def _unit_rows(embeddings: NDArray[Any]) -> NDArray[np.float32]:
    """Rows scaled to length 1; a row of zeros (a text without words) stays one."""
    points = embeddings.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", points, points))
    points /= np.where(lengths > 0, lengths, 1.0)[:, None]
    return points
