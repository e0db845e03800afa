"""Entropies and the pooling of word scores, which several measures share."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_word(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.bool_]:
    """Which positions of a padded batch (B, T, K) hold a word, (B, T)."""
    inside: NDArray[np.bool_] = np.arange(log_probs.shape[1])[None, :] < lengths[:, None]
    return inside


def p_log_p(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """p log p in nats, 0 at 0."""
    product: NDArray[np.float64] = p * np.log(np.where(p > 0, p, 1.0))
    return product


def tag_entropy(tag: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy in nats of the tag marginals (…, K), one number per word; 0 for padding."""
    entropy: NDArray[np.float64] = np.maximum(-p_log_p(tag).sum(axis=-1), 0.0)
    return entropy


def binary_entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Binary entropy in bits; p may lie outside [0, 1] by a rounding error."""
    inside = np.clip(p, 0.0, 1.0)
    entropy: NDArray[np.float64] = -(p_log_p(inside) + p_log_p(1.0 - inside)) / math.log(2)
    return entropy


def top_mean(values: NDArray[np.float64], counts: NDArray[Any], top: int) -> NDArray[np.float64]:
    """The mean of the ``top`` largest values of each row, (B, M) to (B,), or of all ``counts`` where fewer.

    Padding must be 0 and the other values 0 or more.
    """
    largest = np.sort(values, axis=1)[:, ::-1][:, :top]
    mean: NDArray[np.float64] = largest.sum(axis=1) / np.clip(counts, 1, top)
    return mean
