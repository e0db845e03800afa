"""How honest the probabilities of predicted spans are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wapaganda.decoding import ConfidenceMap, lattice, length_batches, logit, pad, spans_of, viterbi

_NEWTON_STEPS = 50
_NO_STEP = 1e-9
_LEAST_SLOPE = 0.01


class Reliability(NamedTuple):
    """One bin: mean confidence, share that is right, and the number of spans."""

    confidence: float
    accuracy: float
    n: int


def span_confidence(
    log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability π of every predicted span and whether it is among the true ones: (m,) and (m,).

    Raises:
        ValueError: as ``fit_temperature``.
    """
    confidence: list[NDArray[np.float64]] = [np.zeros(0)]
    correct: list[NDArray[np.bool_]] = [np.zeros(0, dtype=np.bool_)]
    for rows in rows_by_length(log_probs, tags):
        padded, lengths = pad([log_probs[i] for i in rows])
        found = spans_of(viterbi(padded, lengths)[0])
        confidence += lattice(padded, lengths).span_probability(found)
        for i, spans in zip(rows, found, strict=True):
            true = set(spans_of(np.asarray(tags[i])[None])[0])
            correct.append(np.array([span in true for span in spans], dtype=np.bool_))
    return np.concatenate(confidence), np.concatenate(correct)


def fit_confidence(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    prior: ConfidenceMap = ConfidenceMap(),  # noqa: B008 (it is frozen)
    weight: tuple[float, float] = (1.0, 1.0),
) -> ConfidenceMap:
    """The map under which the outcomes of held-out spans are most probable: two times (m,).

    The words of a span are right or wrong together, which no temperature of single words knows; two numbers
    on the logit mend most of that. They are pulled towards those of ``prior``, slope and intercept by
    ``weight``, the inverse variances of a normal prior, so that a handful of spans changes little. An outcome
    may also be a probability to be right, from 0 to 1.

    Raises:
        ValueError: as ``reliability``.
    """
    sure, right = _checked(confidence, correct)
    columns = np.stack([logit(sure), np.ones_like(sure)], axis=1)
    usual, ridge = np.array([prior.slope, prior.intercept]), np.array(weight)

    def cost(at: NDArray[np.float64]) -> float:
        score = columns @ at
        off = float((ridge * (at - usual) ** 2).sum()) / 2.0
        return float((np.logaddexp(0.0, score) - right * score).sum()) + off

    found = usual
    for _ in range(_NEWTON_STEPS):
        expected = _sigmoid(columns @ found)
        gradient = columns.T @ (expected - right) + ridge * (found - usual)
        curvature = (columns * (expected * (1.0 - expected))[:, None]).T @ columns + np.diag(ridge)
        step, now = np.linalg.solve(curvature, gradient), cost(found)
        while cost(found - step) > now and np.abs(step).max() > _NO_STEP:
            step = step / 2.0
        found = found - step
    return ConfidenceMap(max(float(found[0]), _LEAST_SLOPE), float(found[1]))


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> list[Reliability]:
    """At most ``bins`` bins of as equal a number of spans as can be, from the least to the most confident.

    Raises:
        ValueError: arrays of different shapes, a confidence outside [0, 1], or no bin.
    """
    sure, right = _checked(confidence, correct, bins)
    order = np.argsort(sure, kind="stable")
    return [
        Reliability(float(sure[part].mean()), float(right[part].mean()), len(part))
        for part in np.array_split(order, bins)
        if len(part)
    ]


def expected_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> float:
    """The mean distance of confidence and accuracy over equal-mass bins, weighted by their size; 0 for none.

    ECE of Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning", with bins of
    equal mass instead of equal width. Chance alone makes about 0.3·√(bins / m) of m spans, 0.1 of 100 and
    0.03 of 1,000: fewer spans cannot show that a model is calibrated better than that.

    Raises:
        ValueError: as ``reliability``.
    """
    parts = reliability(confidence, correct, bins)
    total = sum(part.n for part in parts)
    return sum(part.n * abs(part.confidence - part.accuracy) for part in parts) / total if total else 0.0


def rows_by_length(
    log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]]
) -> list[NDArray[np.int64]]:
    """Batches of indices of texts of similar length; ValueError unless there is a tag for each word."""
    lengths = [len(text) for text in log_probs]
    if lengths != [len(text) for text in tags]:
        raise ValueError(f"Expected a tag for each word of {len(lengths)} texts, was: {len(tags)} texts")
    return list(length_batches(lengths, log_probs[0].shape[-1] if lengths else 1))


def _checked(
    confidence: ArrayLike, correct: ArrayLike, bins: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sure: NDArray[np.float64] = np.asarray(confidence, dtype=np.float64)
    right: NDArray[np.float64] = np.asarray(correct, dtype=np.float64)
    if sure.shape != right.shape or sure.ndim != 1 or bins < 1:
        raise ValueError(f"Expected two arrays (m,) and a bin, was: {sure.shape}, {right.shape}, {bins}")
    if not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError(f"Expected confidences from 0 to 1, was: {sure.min()} to {sure.max()}")
    return sure, right


def _sigmoid(score: NDArray[np.float64]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -score))
    return share
