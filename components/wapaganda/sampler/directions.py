"""Texts as points on a sphere: rows scaled to length 1, and how far they are from each other."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

FARTHEST = 4.0
"""The largest squared distance between two rows of length 1."""

_NOISE = 1e-6
"""Squared distances below this are rounding: both points are the same."""

_BLOCK = 2048


def unit_rows(embeddings: NDArray[Any]) -> NDArray[np.float32]:
    """A copy with rows scaled to length 1; a row of zeros (a text without words) stays one."""
    points = embeddings.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", points, points))
    points /= np.where(lengths > 0, lengths, 1.0)[:, None]
    return points


def squared_distances(points: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each of ``points`` (n, H) to each of ``others`` (m, H): (n, m), 0 where they are the same."""
    distances = -2.0 * (points @ others.T)
    distances += np.einsum("ij,ij->i", points, points)[:, None]
    distances += np.einsum("ij,ij->i", others, others)[None, :]
    distances[distances < _NOISE] = 0.0
    return distances


def blocks(n_rows: int) -> Iterator[slice]:
    """Slices over that many rows, so that no matrix of all pairs comes about."""
    return (slice(start, start + _BLOCK) for start in range(0, n_rows, _BLOCK))


class Nearest:
    """How far each point is from the nearest of those taken so far.

    ``distances`` (n,): squared; the largest there can be, as long as nothing is taken.
    """

    def __init__(self, points: NDArray[np.float32], taken: NDArray[np.float32]) -> None:
        self._points = points
        self._squares = np.einsum("ij,ij->i", points, points)
        self.distances = np.full(len(points), FARTHEST, dtype=np.float32)
        for some in blocks(len(points)):
            for those in blocks(len(taken)):
                nearest = squared_distances(points[some], taken[those]).min(axis=1)
                self.distances[some] = np.minimum(self.distances[some], nearest)

    def take(self, row: int) -> None:
        """Count one of the points as taken, too."""
        distances = self._squares + self._squares[row] - 2.0 * (self._points @ self._points[row])
        distances[distances < _NOISE] = 0.0
        np.minimum(self.distances, distances, out=self.distances)


def isolation(
    points: NDArray[np.float32], rows: NDArray[np.int64], peers: NDArray[np.int64], n_nearest: int = 20
) -> NDArray[np.float32]:
    """The mean distance of each of ``rows`` to the nearest of ``peers``, itself left out: (len(rows),).

    Both are indices into ``points``. The inverse is the typicality of Hacohen et al. 2022, "Active learning
    on a budget: opposite strategies suit high and low budgets". 0 where there are no peers.
    """
    mean = np.zeros(len(rows), dtype=np.float32)
    n_nearest = min(n_nearest, len(peers) - 1)
    if n_nearest < 1:
        return mean
    for some in blocks(len(rows)):
        distances = squared_distances(points[rows[some]], points[peers])
        distances[rows[some][:, None] == peers[None, :]] = FARTHEST
        nearest = np.partition(distances, n_nearest - 1, axis=1)[:, :n_nearest]
        mean[some] = np.sqrt(nearest).mean(axis=1)
    return mean
