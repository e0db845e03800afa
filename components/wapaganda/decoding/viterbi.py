"""The most probable valid IOB2 sequence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding.batch import Emissions, as_emissions


def viterbi(log_probs: NDArray[Any], lengths: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The best valid tag sequence of each text and its joint log-probability.

    Viterbi 1967, "Error bounds for convolutional codes". It keeps the best score of all prefixes and the best
    score of those that end inside each type, so a word costs O(K), not O(K²).

    Args:
        log_probs: (B, T, K) with K = 1 + 2L; padding is ignored.
        lengths: (B,).

    Returns:
        Tags (B, T), 0 for padding, and the sum of the log-probabilities along the sequence (B,). It is not
        normalised: subtract ``posterior(…).log_z`` for that.

    Raises:
        ValueError: shapes that do not fit, NaN or +∞ within a text.
    """
    emissions = as_emissions(log_probs, lengths)
    best_state, continued, score = _forward(emissions)
    return _backtrack(best_state, continued), score


def _forward(emissions: Emissions) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Best state by word (0 outside, 1 + k in type k), whether it continues an entity, final score."""
    steps, batch, labels = emissions.begin.shape
    best_state = np.zeros((steps, batch), dtype=np.int64)
    continued = np.zeros((steps, batch, labels), dtype=np.bool_)
    total: NDArray[np.float64] = np.zeros(batch)
    inside = np.full((batch, labels), -np.inf)
    state = np.empty((batch, 1 + labels))
    for t in range(steps):
        continuing = emissions.inside[t] + inside
        beginning = emissions.begin[t] + total[:, None]
        continued[t] = continuing > beginning
        inside = np.maximum(continuing, beginning)
        state[:, 0] = total + emissions.outside[t]
        state[:, 1:] = inside
        best_state[t] = state.argmax(axis=1)
        total = state.max(axis=1)
    return best_state, continued, total


def _backtrack(best_state: NDArray[np.int64], continued: NDArray[np.bool_]) -> NDArray[np.int64]:
    steps, batch = best_state.shape
    tags = np.zeros((batch, steps), dtype=np.int64)
    rows = np.arange(batch)
    continues: NDArray[np.bool_] = np.zeros(batch, dtype=np.bool_)
    state: NDArray[np.int64] = np.zeros(batch, dtype=np.int64)
    for t in reversed(range(steps)):
        state = np.where(continues, state, best_state[t])
        is_entity = state > 0
        continues = is_entity.copy()
        continues[is_entity] = continued[t, rows[is_entity], state[is_entity] - 1]
        tags[:, t] = np.where(is_entity, 2 * state - 1 + continues, 0)
    return tags
