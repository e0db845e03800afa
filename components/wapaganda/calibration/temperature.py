"""One temperature that calibrates a model's probabilities."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration.reliability import rows_by_length
from wapaganda.decoding import FLOOR, forward_backward, pad, viterbi

LOWEST, HIGHEST = 0.25, 8.0
"""The range in which the temperature is searched."""

_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def apply_temperature(log_probs: Sequence[NDArray[Any]], temperature: float) -> list[NDArray[np.float64]]:
    """The log-probabilities (n_i, K) of log_softmax(log_probs / temperature), text by text.

    Raises:
        ValueError: the temperature is not above 0.
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"Expected a temperature above 0, was: {temperature}")
    return [_log_softmax(np.asarray(text, dtype=np.float64) / temperature) for text in log_probs]


def fit_temperature(log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]]) -> float:
    """The temperature from 0.25 to 8 under which the true tag sequences are most probable.

    Guo et al. 2017, "On calibration of modern neural networks", for sequences: it minimises
    −Σ log P_T(y | x), with P_T(y | x) the probability of the valid sequence y after the division by T. That
    is convex in 1/T. The model must not have been trained on the texts. The temperature is 1 if they have no
    predicted and no true entity.

    Args:
        log_probs: (n_i, K) for each text.
        tags: the true valid IOB2 tag ids, (n_i,) for each text.

    Raises:
        ValueError: shapes that do not fit, or NaN or +∞ among the log-probabilities.
    """
    batches = [_Batch(log_probs, tags, rows) for rows in rows_by_length(log_probs, tags)]
    if not any(batch.has_entities for batch in batches):
        return 1.0
    return _minimum(lambda temperature: sum(batch.cost(temperature) for batch in batches))


class _Batch:
    """Padded texts of similar length and the score of their true sequences."""

    def __init__(
        self, log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]], rows: NDArray[np.int64]
    ) -> None:
        self.padded, self.lengths = pad([log_probs[i].astype(np.float64) for i in rows])
        self.true = sum(
            float(np.maximum(log_probs[i][np.arange(len(tags[i])), tags[i]], FLOOR).sum()) for i in rows
        )
        self.has_entities = any(np.any(np.asarray(tags[i]) > 0) for i in rows) or bool(
            viterbi(self.padded, self.lengths)[0].any()
        )

    def cost(self, temperature: float) -> float:
        """−Σ log P_T(y | x)."""
        return (
            float(forward_backward(self.padded / temperature, self.lengths).log_z.sum())
            - self.true / temperature
        )


def _minimum(cost: Callable[[float], float], steps: int = 30) -> float:
    """The temperature of the lowest cost, by golden section search on its logarithm; to about 1e-6."""
    low, high = math.log(LOWEST), math.log(HIGHEST)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = cost(math.exp(left)), cost(math.exp(right))
    for _ in range(steps):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = cost(math.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = cost(math.exp(right))
    return math.exp((low + high) / 2.0)


def _log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    peak = scores.max(axis=-1, keepdims=True, initial=-1e300)
    shifted: NDArray[np.float64] = scores - peak
    normalised: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised
