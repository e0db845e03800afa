"""Additive measures: they count something over the whole text.

A count has no largest value, so it is mapped to [0, 1) by 1 − exp(−count); ``amount`` gives the count back.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import posterior, viterbi
from wapaganda.uncertainty.expected_counts import batch_counts
from wapaganda.uncertainty.pooling import tag_entropy
from wapaganda.uncertainty.registry import measure


@measure("expected_errors", additive=True)
def expected_errors(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Wrong and missing spans that the model expects in its prediction; divided by the text's price.

    1 − exp(−E) of the expected span errors E: (B, T, K) and (B,) to (B,), with E = (|Ŝ| − Σ_Ŝ π) + (Σ_t s_t
    − Σ_Ŝ π): the expected false positives and the expected misses of the best sequence with the spans Ŝ,
    with the exact span marginals π and start marginals s of Culotta & McCallum 2004, "Confidence estimation
    for information extraction". If errors were Poisson, the value would be the probability of at least one
    error.
    """
    predicted, right, entities = batch_counts(log_probs, lengths)
    errors: NDArray[np.float64] = np.maximum(predicted - right, 0.0) + np.maximum(
        entities.sum(axis=1) - right, 0.0
    )
    return _squashed(errors)


@measure("entropy_sum", additive=True)
def entropy_sum(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Sum of the entropies of the tags over all words; divided by the price of the text.

    1 − exp(−Σ_t H_t) of the tag entropies H_t in nats: (B, T, K) and (B,) to (B,). Total token entropy
    (TTE) of Settles & Craven 2008, "An analysis of active learning strategies for sequence labeling tasks".
    """
    return _squashed(tag_entropy(posterior(log_probs, lengths).tag).sum(axis=1))


@measure("tag_count", additive=True)
def tag_count(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Number of words in predicted entities, which is no uncertainty; divided by the price of the text.

    1 − exp(−c) of the words c that the best sequence puts into entities: (B, T, K) and (B,) to (B,). It
    measures how much there is to learn from: a text that the model is certain about may score high. One of
    the two best strategies of Kohl et al. 2024, "Comparative performance analysis of active learning
    strategies for the entity recognition task".
    """
    return _squashed((viterbi(log_probs, lengths)[0] > 0).sum(axis=1).astype(np.float64))


def _squashed(count: NDArray[np.float64]) -> NDArray[np.float64]:
    squashed: NDArray[np.float64] = -np.expm1(-count)
    return squashed
