"""Choosing points that between them stand near to all the others."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.directions import blocks, unit_rows

_AUDIENCE = 4096
"""Rows, drawn by lot, that are to be covered: more would hardly change what covers them best."""

_CELLS = 20_000_000
"""Similarities held in memory (float32) as long as the audience stays above a sixteenth."""

_AT_ONCE = 64
_NOISE = 1e-6
"""Gains in similarity below this are rounding."""


def cover(
    embeddings: NDArray[Any],
    weights: NDArray[Any],
    size: int,
    rng: np.random.Generator,
    covered: NDArray[Any] | None = None,
) -> list[int]:
    """Up to ``size`` rows of ``embeddings`` (n, H) such that each, the heavy ones first, has one near by.

    Maximises the facility location Σ_i w_i max_j max(0, cos(x_i, x_j)), j over the chosen rows and those of
    ``covered`` (m, H), with ``weights`` w (n,). Greedy, which comes within 1 − 1/e of the best (Nemhauser,
    Wolsey & Fisher 1978), and lazy, which changes nothing but the time (Minoux 1978). Behind a shortlist it
    is Wei, Iyer & Bilmes 2015, "Submodularity in data subset selection and active learning". Where nothing
    more is to be gained, rows come in their order. Memory: 80 MB and a copy of the embeddings.
    """
    points = unit_rows(embeddings)
    n_audience = min(_AUDIENCE, max(_AUDIENCE // 16, _CELLS // max(1, len(points))))
    audience = rng.permutation(len(points))[:n_audience]
    likeness = points @ points[audience].T
    weight = _weights(weights)[audience]
    best = _likeness_to_nearest(points[audience], unit_rows(points[:0] if covered is None else covered))
    gains = np.full(len(points), np.inf, dtype=np.float32)
    is_fresh = np.zeros(len(points), dtype=np.bool_)
    for some in blocks(len(points)):
        gains[some] = _gains(likeness[some], best, weight)
        is_fresh[some] = True
    chosen: list[int] = []
    while len(chosen) < min(size, len(points)):
        row = int(gains.argmax())
        if is_fresh[row]:
            chosen.append(row)
            best = np.maximum(best, likeness[row])
            gains[row] = -np.inf
            is_fresh[:] = False
        else:
            stale = _highest(np.where(is_fresh, -np.inf, gains))
            gains[stale] = np.minimum(gains[stale], _gains(likeness[stale], best, weight))
            is_fresh[stale] = True
    return chosen


def _weights(weights: NDArray[Any]) -> NDArray[np.float32]:
    """Scaled to at most 1, none below 0; all 1 when none is above."""
    weight = np.maximum(np.asarray(weights, dtype=np.float64), 0.0)
    heaviest = weight.max(initial=0.0)
    return (weight / heaviest if heaviest > 0 else np.ones(len(weight))).astype(np.float32)


def _likeness_to_nearest(audience: NDArray[np.float32], covered: NDArray[np.float32]) -> NDArray[np.float32]:
    best = np.zeros(len(audience), dtype=np.float32)
    for some in blocks(len(covered)):
        np.maximum(best, (audience @ covered[some].T).max(axis=1), out=best)
    return best


def _gains(
    likeness: NDArray[np.float32], best: NDArray[np.float32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """What each row of ``likeness`` (n, m) would add to what is reached, ``best`` (m,): (n,)."""
    more = likeness - best
    more[more < _NOISE] = 0.0
    return np.asarray(more @ weight, dtype=np.float32)


def _highest(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """Where the few highest are, in no order."""
    if len(values) <= _AT_ONCE:
        return np.arange(len(values))
    highest: NDArray[np.int64] = np.argpartition(values, -_AT_ONCE)[-_AT_ONCE:]
    return highest
