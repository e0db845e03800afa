"""Distances between embeddings that are scaled to length 1."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

FARTHEST = 4.0
"""The largest squared distance between two rows of length 1."""

_NOISE = 1e-6
"""Squared distances below this are rounding errors: both points are the same."""

_BLOCK = 2048


def unit_rows(embeddings: NDArray[Any]) -> NDArray[np.float32]:
    """A copy with rows scaled to length 1; a row of zeros (a text without words) stays as it is."""
    points = embeddings.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", points, points))
    points /= np.where(lengths > 0, lengths, 1.0)[:, None]
    return points


def squared_distances(points: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """From each of ``points`` (n, H) to each of ``others`` (m, H): (n, m), 0 where they are the same."""
    distances = -2.0 * (points @ others.T)
    distances += np.einsum("ij,ij->i", points, points)[:, None]
    distances += np.einsum("ij,ij->i", others, others)[None, :]
    distances[distances < _NOISE] = 0.0
    return distances


def blocks(n_rows: int) -> Iterator[slice]:
    """Slices of at most 2,048 rows, so that a matrix of all pairs is never in memory."""
    return (slice(start, start + _BLOCK) for start in range(0, n_rows, _BLOCK))


class NearestDistances:
    """The squared distance of each point to the nearest reference, (n,): ``squared``.

    Without any reference it is the largest possible one.
    """

    def __init__(self, points: NDArray[np.float32], references: NDArray[np.float32]) -> None:
        self._points = points
        self._lengths = np.einsum("ij,ij->i", points, points)
        self.squared = np.full(len(points), FARTHEST, dtype=np.float32)
        for some in blocks(len(points)):
            for those in blocks(len(references)):
                nearest = squared_distances(points[some], references[those]).min(axis=1)
                self.squared[some] = np.minimum(self.squared[some], nearest)

    def add(self, row: int) -> None:
        """Make one of the points a reference, too."""
        distances = self._lengths + self._lengths[row] - 2.0 * (self._points @ self._points[row])
        distances[distances < _NOISE] = 0.0
        np.minimum(self.squared, distances, out=self.squared)


def isolation(
    points: NDArray[np.float32], rows: NDArray[np.int64], peers: NDArray[np.int64], n_nearest: int = 20
) -> NDArray[np.float32]:
    """The mean distance of each of ``rows`` to its ``n_nearest`` nearest ``peers``: (len(rows),).

    Both are indices into ``points`` (n, H); a row is not its own peer. The inverse is the typicality of
    Hacohen et al. 2022, "Active learning on a budget: opposite strategies suit high and low budgets". 0 where
    there are no peers.
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
