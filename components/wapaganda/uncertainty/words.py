"""Measures taken word by word, from the marginals of the valid sequences, and pooled over a text."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import posterior, viterbi
from wapaganda.uncertainty.marginals import binary_entropy, is_word, tag_entropy, top_mean


def entropy_max(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """The entropy of the tags at the word where it is largest, over log K: (B, T, K) and (B,) to (B,).

    Token entropy as in Settles & Craven 2008, "An analysis of active learning strategies for sequence
    labeling tasks", pooled by the maximum.
    """
    largest: NDArray[np.float64] = _word_entropy(log_probs, lengths).max(axis=1, initial=0.0)
    return largest


def entropy_mean(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """The mean entropy of the tags at a word, over log K: (B, T, K) and (B,) to (B,).

    Token entropy (TE) of Settles & Craven 2008, "An analysis of active learning strategies for sequence
    labeling tasks". With about 200 labelled texts it is often worse than random choice.
    """
    mean: NDArray[np.float64] = _word_entropy(log_probs, lengths).sum(axis=1) / np.maximum(lengths, 1)
    return mean


def margin(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """1 − (p₁ − p₂) of the two best tags at the word where they are closest: (B, T, K) and (B,) to (B,).

    Scheffer, Decomain & Wrobel 2001, "Active hidden Markov models for information extraction".
    """
    tag = posterior(log_probs, lengths).tag
    if tag.shape[2] < 2:
        return np.zeros(len(lengths))
    best = np.partition(tag, -2, axis=2)
    closeness = np.where(is_word(log_probs, lengths), 1.0 - (best[:, :, -1] - best[:, :, -2]), 0.0)
    largest: NDArray[np.float64] = closeness.max(axis=1, initial=0.0)
    return largest


def ltp(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """1 − min_t P(ŷ_t | x), the word of the best sequence ŷ that is least sure: (B, T, K) and (B,) to (B,).

    LTP, lowest token probability, of Liu et al. 2022, "LTP: A new active learning strategy for CRF-based
    named entity recognition".
    """
    best, _ = viterbi(log_probs, lengths)
    sure = np.take_along_axis(posterior(log_probs, lengths).tag, best[:, :, None], axis=2)[:, :, 0]
    doubt = np.where(is_word(log_probs, lengths), 1.0 - sure, 0.0)
    largest: NDArray[np.float64] = doubt.max(axis=1, initial=0.0)
    return largest


def boundary(log_probs: NDArray[Any], lengths: NDArray[Any], *, top: int = 3) -> NDArray[np.float64]:
    """The mean doubt in bits of the ``top`` most doubtful entity borders: (B, T, K) and (B,) to (B,).

    A word has two borders, "an entity starts here" with s_t = Σ_k P(y_t = B-k) and "an entity ends here"
    with e_t = Σ_k [P(y_t ∈ {B-k, I-k}) − P(y_t ∈ {B-k, I-k}, y_{t+1} = I-k)]; the doubt of each is its
    binary entropy. The marginals are those of Culotta & McCallum 2004, "Confidence estimation for
    information extraction"; the entropy is that of token entropy (Settles & Craven 2008) for these two
    events. Only a few of the largest are pooled, so the many sure words of a text do not hide its hard
    ones. A text that has fewer borders takes all of them.

    Raises:
        ValueError: ``top`` is below 1.
    """
    if top < 1:
        raise ValueError(f"Expected at least one border to pool, was: {top}")
    marginals = posterior(log_probs, lengths)
    borders = np.concatenate([marginals.start.sum(axis=2), marginals.end.sum(axis=2)], axis=1)
    return np.clip(top_mean(binary_entropy(borders), 2 * lengths, top), 0.0, 1.0)


def border_doubt(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """The doubt in bits of both borders of each word, h(s_t) + h(e_t), as in ``boundary``, but word by word.

    (B, T, K) and (B,) to (B, T), in [0, 2], 0 behind a text's end.
    """
    marginals = posterior(log_probs, lengths)
    return binary_entropy(marginals.start.sum(axis=2)) + binary_entropy(marginals.end.sum(axis=2))


def _word_entropy(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Entropy of the tag marginals over its largest value, (B, T), 0 behind a text's end."""
    tag = posterior(log_probs, lengths).tag
    return np.clip(tag_entropy(tag) / math.log(max(2, tag.shape[2])), 0.0, 1.0)
