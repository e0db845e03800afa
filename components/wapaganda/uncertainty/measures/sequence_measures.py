"""Measures of the best tag sequence of a text as a whole."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import posterior, viterbi
from wapaganda.uncertainty.registry import measure


@measure("least_confidence")
def least_confidence(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """1 − the probability of the best tag sequence; it favours long texts.

    1 − P(ŷ | x) of the best valid sequence ŷ: (B, T, K) and (B,) to (B,). Culotta & McCallum 2005,
    "Reducing labeling effort for structured prediction tasks". The largest value, 1, is the limit for long
    texts about which nothing is known.
    """
    return -np.expm1(_best_log_probability(log_probs, lengths))


@measure("mnlp")
def mnlp(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Negative log-probability of the best tag sequence per word (MNLP).

    −log P(ŷ | x) / n over its largest value: (B, T, K) and (B,) to (B,). MNLP of Shen et al. 2017, "Deep
    active learning for named entity recognition". It is largest when all valid sequences are equally
    probable: their number grows as λⁿ with λ² − (L + 2)λ + 1 = 0, so the largest value is log λ.
    """
    per_word = -_best_log_probability(log_probs, lengths) / np.maximum(lengths, 1)
    n_labels = (log_probs.shape[2] - 1) // 2
    growth = (n_labels + 2 + math.sqrt((n_labels + 2) ** 2 - 4)) / 2
    return np.clip(per_word / math.log(growth), 0.0, 1.0) if n_labels else np.zeros(len(lengths))


def _best_log_probability(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """log P(ŷ | x) among the valid sequences, at most 0."""
    _, log_joint = viterbi(log_probs, lengths)
    return np.minimum(log_joint - posterior(log_probs, lengths).log_z, 0.0)
