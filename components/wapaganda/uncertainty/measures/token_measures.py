"""Measures of single words, from the marginals of the valid sequences, pooled over a text."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import posterior, viterbi
from wapaganda.uncertainty.pooling import binary_entropy, is_word, tag_entropy, top_mean
from wapaganda.uncertainty.registry import measure


@measure("entropy_max")
def entropy_max(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Entropy of the tags at the word where it is largest.

    (B, T, K) and (B,) to (B,), over the largest value log K. Token entropy as in Settles & Craven 2008, "An
    analysis of active learning strategies for sequence labeling tasks", pooled by the maximum.
    """
    largest: NDArray[np.float64] = _word_entropy(log_probs, lengths).max(axis=1, initial=0.0)
    return largest


@measure("entropy_mean")
def entropy_mean(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Mean entropy of the tags over all words.

    (B, T, K) and (B,) to (B,), over the largest value log K. Token entropy (TE) of Settles & Craven 2008,
    "An analysis of active learning strategies for sequence labeling tasks". With about 200 labelled texts
    it is often worse than random choice.
    """
    mean: NDArray[np.float64] = _word_entropy(log_probs, lengths).sum(axis=1) / np.maximum(lengths, 1)
    return mean


@measure("margin")
def margin(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """1 − (p₁ − p₂) of the two most probable tags, at the word where they are closest.

    (B, T, K) and (B,) to (B,). Scheffer, Decomain & Wrobel 2001, "Active hidden Markov models for
    information extraction".
    """
    tag = posterior(log_probs, lengths).tag
    if tag.shape[2] < 2:
        return np.zeros(len(lengths))
    best = np.partition(tag, -2, axis=2)
    closeness = np.where(is_word(log_probs, lengths), 1.0 - (best[:, :, -1] - best[:, :, -2]), 0.0)
    largest: NDArray[np.float64] = closeness.max(axis=1, initial=0.0)
    return largest


@measure("ltp")
def ltp(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """1 − the probability of the least probable word of the best tag sequence (LTP).

    1 − min_t P(ŷ_t | x) of the best valid sequence ŷ: (B, T, K) and (B,) to (B,). LTP, lowest token
    probability, of Liu et al. 2022, "LTP: A new active learning strategy for CRF-based named entity
    recognition".
    """
    best, _ = viterbi(log_probs, lengths)
    probability = np.take_along_axis(posterior(log_probs, lengths).tag, best[:, :, None], axis=2)[:, :, 0]
    uncertainty = np.where(is_word(log_probs, lengths), 1.0 - probability, 0.0)
    largest: NDArray[np.float64] = uncertainty.max(axis=1, initial=0.0)
    return largest


@measure("boundary")
def boundary(log_probs: NDArray[Any], lengths: NDArray[Any], *, top: int = 3) -> NDArray[np.float64]:
    """Mean entropy of the three most uncertain entity boundaries.

    In bits, of the ``top`` boundaries: (B, T, K) and (B,) to (B,). A word has two boundaries, "an entity
    starts here" with s_t = Σ_k P(y_t = B-k) and "an entity ends here" with e_t = Σ_k [P(y_t ∈ {B-k, I-k}) −
    P(y_t ∈ {B-k, I-k}, y_{t+1} = I-k)]; each has its binary entropy. The marginals are those of Culotta &
    McCallum 2004, "Confidence estimation for information extraction"; the entropy is that of token entropy
    (Settles & Craven 2008) for these two events. Only the largest few are pooled, so that the many easy
    words of a text do not hide its hard ones. A text with fewer boundaries uses all of them.

    Raises:
        ValueError: ``top`` is below 1.
    """
    if top < 1:
        raise ValueError(f"Expected at least one boundary to pool, was: {top}")
    marginals = posterior(log_probs, lengths)
    boundaries = np.concatenate([marginals.start.sum(axis=2), marginals.end.sum(axis=2)], axis=1)
    return np.clip(top_mean(binary_entropy(boundaries), 2 * lengths, top), 0.0, 1.0)


def _word_entropy(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Entropy of the tag marginals over its largest value, (B, T), 0 behind a text's end."""
    tag = posterior(log_probs, lengths).tag
    return np.clip(tag_entropy(tag) / math.log(max(2, tag.shape[2])), 0.0, 1.0)
