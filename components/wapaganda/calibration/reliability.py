"""How far confidence is from accuracy: predicted spans in bins, and the expected calibration error."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wapaganda.calibration.confidence import checked_outcomes
from wapaganda.decoding import forward_backward, length_batches, pad, spans_of, viterbi


class Reliability(NamedTuple):
    """One bin: mean confidence, share of correct spans, and the number of spans."""

    confidence: float
    accuracy: float
    n: int


def span_confidence(
    log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability π of every predicted span and whether it is among the true ones: (m,) and (m,).

    Args:
        log_probs: (n_i, K) for each text.
        tags: the true valid IOB2 tag ids, (n_i,) for each text.

    Raises:
        ValueError: shapes that do not fit, or NaN or +∞ among the log-probabilities.
    """
    confidence: list[NDArray[np.float64]] = [np.zeros(0)]
    correct: list[NDArray[np.bool_]] = [np.zeros(0, dtype=np.bool_)]
    for rows in rows_by_length(log_probs, tags):
        padded, lengths = pad([log_probs[i] for i in rows])
        found = spans_of(viterbi(padded, lengths)[0])
        confidence += forward_backward(padded, lengths).span_probability(found)
        for i, spans in zip(rows, found, strict=True):
            true = set(spans_of(np.asarray(tags[i])[None])[0])
            correct.append(np.array([span in true for span in spans], dtype=np.bool_))
    return np.concatenate(confidence), np.concatenate(correct)


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> list[Reliability]:
    """At most ``bins`` bins with numbers of spans as equal as possible, from least to most confident.

    Raises:
        ValueError: arrays of different shapes, a confidence outside [0, 1], or no bin.
    """
    if bins < 1:
        raise ValueError(f"Expected at least one bin, was: {bins}")
    confidences, outcomes = checked_outcomes(confidence, correct)
    order = np.argsort(confidences, kind="stable")
    return [
        Reliability(float(confidences[rows].mean()), float(outcomes[rows].mean()), len(rows))
        for rows in np.array_split(order, bins)
        if len(rows)
    ]


def expected_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> float:
    """The mean distance of confidence and accuracy over equal-mass bins, weighted by their size; 0 for none.

    ECE of Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning", with bins of
    equal mass instead of equal width. Chance alone gives about 0.3·√(bins / m) for m spans, 0.1 for 100 and
    0.03 for 1,000: fewer spans cannot show that a model is calibrated better than that.

    Raises:
        ValueError: as ``reliability``.
    """
    found = reliability(confidence, correct, bins)
    total = sum(each.n for each in found)
    return sum(each.n * abs(each.confidence - each.accuracy) for each in found) / total if total else 0.0


def rows_by_length(
    log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]]
) -> list[NDArray[np.int64]]:
    """Batches of indices of texts of similar length; ValueError unless there is a tag for each word."""
    lengths = [len(text) for text in log_probs]
    if lengths != [len(text) for text in tags]:
        raise ValueError(f"Expected a tag for each word of {len(lengths)} texts, was: {len(tags)} texts")
    return list(length_batches(lengths, log_probs[0].shape[-1] if lengths else 1))
