"""Measures that count something over the whole text.

A count has no largest value, so it is mapped to [0, 1) by 1 − exp(−count); ``amount`` gives the count back.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import posterior, viterbi
from wapaganda.uncertainty.expectation import expected_counts
from wapaganda.uncertainty.marginals import tag_entropy

EXTENSIVE = frozenset({"expected_errors", "entropy_sum", "tag_count"})
"""The measures whose value grows with the text: ``amount`` of it is what was counted."""


def expected_errors(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """1 − exp(−E) of the expected span errors E: (B, T, K) and (B,) to (B,).

    E = (|Ŝ| − Σ_Ŝ π) + (Σ_t s_t − Σ_Ŝ π), expected false positives and expected misses of the best sequence
    with the spans Ŝ, by the exact span marginals π and start marginals s of Culotta & McCallum 2004,
    "Confidence estimation for information extraction". The value is the probability of at least one error,
    if errors were Poisson.
    """
    predicted, right, entities = expected_counts(log_probs, lengths)
    errors: NDArray[np.float64] = np.maximum(predicted - right, 0.0) + np.maximum(
        entities.sum(axis=1) - right, 0.0
    )
    at_least_one: NDArray[np.float64] = -np.expm1(-errors)
    return at_least_one


def entropy_sum(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """1 − exp(−Σ_t H_t) of the tag entropies H_t in nats: (B, T, K) and (B,) to (B,).

    Total token entropy (TTE) of Settles & Craven 2008, "An analysis of active learning strategies for
    sequence labeling tasks".
    """
    total = tag_entropy(posterior(log_probs, lengths).tag).sum(axis=1)
    squeezed: NDArray[np.float64] = -np.expm1(-total)
    return squeezed


def tag_count(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """1 − exp(−c) of the words c that the best sequence puts into entities: (B, T, K) and (B,) to (B,).

    It does not ask how sure the model is, only how much there is to learn from: a sure text may score high.
    One of the two best strategies of Kohl et al. 2024, "Comparative performance analysis of active learning
    strategies for the entity recognition task".
    """
    words = (viterbi(log_probs, lengths)[0] > 0).sum(axis=1)
    squeezed: NDArray[np.float64] = -np.expm1(-words.astype(np.float64))
    return squeezed
