"""Measures that compare the predictions of several models for one text."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import posterior
from wapaganda.uncertainty.pooling import tag_entropy, top_mean
from wapaganda.uncertainty.registry import measure


@measure("committee", committee=True)
def committee(log_probs: NDArray[Any], lengths: NDArray[Any], *, top: int = 3) -> NDArray[np.float64]:
    """Disagreement of the models of the cross-fitting (`FOLDS`) at the three words where it is largest.

    (S, B, T, K) of S models and (B,) to (B,), at the ``top`` words: the mean Kullback–Leibler divergence of
    the models' tag marginals from the mean of them, over its largest value log min(S, K). It equals the
    entropy of the mean minus the mean of the entropies. McCallum & Nigam 1998, "Employing EM and pool-based
    active learning for text classification".

    Raises:
        ValueError: ``top`` is below 1.
    """
    if top < 1:
        raise ValueError(f"Expected at least one word to pool, was: {top}")
    tag = np.stack([posterior(one_model, lengths).tag for one_model in log_probs])
    divergence = np.maximum(tag_entropy(tag.mean(axis=0)) - tag_entropy(tag).mean(axis=0), 0.0)
    largest = math.log(max(2, min(log_probs.shape[0], log_probs.shape[3])))
    return np.clip(top_mean(divergence, lengths, top) / largest, 0.0, 1.0)
