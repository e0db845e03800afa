"""Measures of several readings of one text: dropout samples, a committee, or the models of past rounds."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wapaganda.decoding import length_batches, pad, posterior, viterbi
from wapaganda.uncertainty.marginals import tag_entropy, top_mean


def bald(samples: NDArray[Any], lengths: NDArray[Any], *, top: int = 3) -> NDArray[np.float64]:
    """Mutual information of tag and model at the ``top`` words where it is largest: (S, B, T, K) to (B,).

    I = H(mean of the tag marginals) − mean of their H, over its largest value log min(S, K). Houlsby et al.
    2011, "Bayesian active learning for classification and preference learning"; for entities with dropout
    Siddhant & Lipton 2018, "Deep Bayesian active learning for natural language processing", and with dropout
    in the head only Shelmanov et al. 2021, "Active learning for sequence tagging with deep pre-trained models
    and Bayesian uncertainty estimates".
    """
    tag = np.stack([posterior(sample, lengths).tag for sample in samples])
    information = np.maximum(tag_entropy(tag.mean(axis=0)) - tag_entropy(tag).mean(axis=0), 0.0)
    return _share(information, lengths, samples, top)


def vote_entropy(samples: NDArray[Any], lengths: NDArray[Any], *, top: int = 3) -> NDArray[np.float64]:
    """Entropy of the tags that S readings vote for, at the ``top`` words where it is largest: to (B,).

    Every reading votes by its best valid sequence; over log min(S, K). Dagan & Engelson 1995,
    "Committee-based sampling for training probabilistic classifiers".
    """
    votes = np.stack([viterbi(sample, lengths)[0] for sample in samples])
    shares = np.stack([(votes == tag).mean(axis=0) for tag in range(samples.shape[3])], axis=-1)
    return _share(tag_entropy(shares), lengths, samples, top)


def committee(samples: NDArray[Any], lengths: NDArray[Any], *, top: int = 3) -> NDArray[np.float64]:
    """Divergence of S models from what they say together, at the ``top`` words where it is largest: to (B,).

    The mean Kullback–Leibler divergence of the models' tag marginals from the mean of them, over
    log min(S, K). McCallum & Nigam 1998, "Employing EM and pool-based active learning for text
    classification". As a formula it is ``bald``; its readings are of models that learnt different texts.
    """
    return bald(samples, lengths, top=top)


DisagreementMeasure = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]]
"""Log-probabilities (S, B, T, K) of S readings and lengths (B,) to scores (B,) in [0, 1]."""

DISAGREEMENT: Mapping[str, DisagreementMeasure] = MappingProxyType(
    {"bald": bald, "vote_entropy": vote_entropy, "committee": committee}
)

COMMITTEE = "committee"
"""The measure whose readings are those of the models of a cross-fitting."""

FLUCTUATION = "fluctuation"
N_SAMPLES = 10
"""Readings that a measure of disagreement is given by the loop."""


def n_samples(measure: str) -> int:
    """How many readings by thinned heads ``measure`` compares: 0 when it needs none beside the plain one, or
    those of other models."""
    return N_SAMPLES if measure in DISAGREEMENT and measure != COMMITTEE else 0


def score_samples(samples: Sequence[NDArray[Any]], measure: str) -> NDArray[np.float64]:
    """The score of each text, (n,), from S readings of it, (S, n_i, K); a text without words scores 0.

    Raises:
        ValueError: an unknown measure, different numbers of readings or tags, or NaN or +∞.
    """
    if measure not in DISAGREEMENT:
        raise ValueError(f"Expected a measure among {', '.join(DISAGREEMENT)}, was: {measure!r}")
    kinds = {(text.shape[0], *text.shape[2:]) for text in samples}
    if len(kinds) > 1 or any(len(kind) != 2 or not kind[0] for kind in kinds):
        raise ValueError(f"Expected texts of the shape (readings, words, tags), was: {sorted(kinds)}")
    scores = np.zeros(len(samples))
    n_readings, n_tags = next(iter(kinds), (1, 1))
    for batch in length_batches([text.shape[1] for text in samples], n_readings * n_tags):
        by_word = [samples[i].transpose(1, 0, 2).reshape(-1, n_readings * n_tags) for i in batch]
        padded, lengths = pad(by_word)
        readings = padded.reshape(*padded.shape[:2], n_readings, n_tags).transpose(2, 0, 1, 3)
        scores[batch] = DISAGREEMENT[measure](readings, lengths)
    return scores


def latest_measure(measure: str) -> str:
    """What a round scores its texts by when it goes by ``measure``: for ``fluctuation``, which compares such
    scores of several rounds, ``least_confidence``; any other measure is that itself."""
    return "least_confidence" if measure == FLUCTUATION else measure


def one_reading(measure: str) -> str:
    """What a single reading of a text is scored by where ``measure`` needs more: ``least_confidence``."""
    return "least_confidence" if measure in DISAGREEMENT else latest_measure(measure)


def fluctuation(history: ArrayLike) -> NDArray[np.float64]:
    """Half the last score and half the variance of the last three: (R, n) of R rounds, oldest first, to (n,).

    FHS, fluctuation of historical sequences, of Yao et al. 2020, "Looking back on the past: Active learning
    with historical evaluation results", for scores in [0, 1] such as least confidence; the population
    variance is scaled by 4 to [0, 1]. NaN stands for a round in which a text was not in the pool yet.

    Raises:
        ValueError: no round, a score outside [0, 1], or a text without a score in the last round.
    """
    scores: NDArray[np.float64] = np.asarray(history, dtype=np.float64)
    if scores.ndim != 2 or not len(scores) or np.isnan(scores[-1]).any():
        raise ValueError(f"Expected scores (rounds, n) with a full last round, was: shape {scores.shape}")
    if (scores < 0).any() or (scores > 1).any():
        raise ValueError(f"Expected scores from 0 to 1, was: {scores.min()} to {scores.max()}")
    mixed: NDArray[np.float64] = 0.5 * scores[-1] + 2.0 * np.nanvar(scores[-3:], axis=0)
    return mixed


def _share(
    doubt: NDArray[np.float64], lengths: NDArray[Any], samples: NDArray[Any], top: int
) -> NDArray[np.float64]:
    if top < 1:
        raise ValueError(f"Expected at least one word to pool, was: {top}")
    largest = math.log(max(2, min(samples.shape[0], samples.shape[3])))
    return np.clip(top_mean(doubt, lengths, top) / largest, 0.0, 1.0)
