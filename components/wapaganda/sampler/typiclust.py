"""TypiClust: the most typical rows of every cluster."""

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.distances import blocks, isolation, unit_rows
from wapaganda.sampler.kmeans_pp import Accept, weighted_kmeans_pp

_MOST_CLUSTERS = 500
_SMALL = 5
"""Clusters of fewer rows, or of fewer than half the mean if that is less, come last."""

_PEERS = 1000
"""Random rows of a cluster against which the typicality of all its rows is measured."""

_SAMPLE = 8192
_PER_CLUSTER = 16
_ITERATIONS = 10


def typiclust(
    embeddings: NDArray[Any], size: int, rng: np.random.Generator, accept: Accept = lambda _: True
) -> list[int]:
    """Up to ``size`` rows of ``embeddings`` (n, H) that represent all of them.

    TypiClust of Hacohen et al. 2022, "Active learning on a budget: opposite strategies suit high and low
    budgets": k-means on rows scaled to length 1 makes ``size`` clusters, at most 500. Then, row by row, the
    largest of the clusters with the fewest chosen rows gives the one with the smallest mean distance to its
    20 nearest neighbours. No row comes twice; a row that ``accept`` refuses is skipped. Memory: two
    copies of the embeddings in float32.
    """
    points = unit_rows(embeddings)
    if size <= 0 or not len(points):
        return []
    centres = _centres(points, min(size, _MOST_CLUSTERS, len(points)), rng)
    members = _members(_assign(points, centres), len(centres), rng)
    least = min(_SMALL, len(points) / len(centres) / 2)
    queue = [(len(rows) < least, 0, -len(rows), cluster) for cluster, rows in enumerate(members) if len(rows)]
    heapq.heapify(queue)
    waiting: dict[int, list[int]] = {}
    chosen: list[int] = []
    while queue and len(chosen) < size:
        is_small, n_chosen, negative_size, cluster = heapq.heappop(queue)
        if cluster not in waiting:
            waiting[cluster] = _typical_last(points, members[cluster])
        if (row := _next(waiting[cluster], accept)) is not None:
            chosen.append(row)
            heapq.heappush(queue, (is_small, n_chosen + 1, negative_size, cluster))
    return chosen


def _typical_last(points: NDArray[np.float32], rows: NDArray[np.int64]) -> list[int]:
    ranked: list[int] = rows[np.argsort(-isolation(points, rows, rows[:_PEERS]), kind="stable")].tolist()
    return ranked


def _next(waiting: list[int], accept: Accept) -> int | None:
    while waiting:
        if accept(row := waiting.pop()):
            return row
    return None


def _centres(points: NDArray[np.float32], n_clusters: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Lloyd's k-means from k-means++ centres, on a sample when there are many points: (n_clusters, H)."""
    n_sample = max(_SAMPLE, _PER_CLUSTER * n_clusters)
    sample = points if len(points) <= n_sample else points[rng.permutation(len(points))[:n_sample]]
    centres = sample[weighted_kmeans_pp(sample, np.ones(len(sample)), n_clusters, rng)]
    before: NDArray[np.int64] | None = None
    for _ in range(_ITERATIONS):
        nearest = _assign(sample, centres)
        if before is not None and (nearest == before).all():
            break
        before = nearest
        order = np.argsort(nearest, kind="stable")
        used, starts, counts = np.unique(nearest[order], return_index=True, return_counts=True)
        centres[used] = np.add.reduceat(sample[order], starts, axis=0) / counts[:, None]
    return centres


def _assign(points: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    """The index of the nearest centre of each point, (n,)."""
    half = np.einsum("ij,ij->i", centres, centres) / 2
    nearest = np.zeros(len(points), dtype=np.int64)
    for some in blocks(len(points)):
        nearest[some] = (points[some] @ centres.T - half).argmax(axis=1)
    return nearest


def _members(
    nearest: NDArray[np.int64], n_clusters: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """The rows of each cluster, in random order."""
    shuffled = rng.permutation(len(nearest))
    order = shuffled[np.argsort(nearest[shuffled], kind="stable")]
    return np.split(order, np.bincount(nearest, minlength=n_clusters).cumsum()[:-1])
