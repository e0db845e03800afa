"""From the probability of a span to its confidence: how often spans of that probability are right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LEAST = 1e-6
"""Probabilities are kept this far from 0 and 1, where the logit has no value."""
_NEWTON_STEPS = 50
_NO_STEP = 1e-9
_LEAST_SLOPE = 0.01


@dataclass(frozen=True, slots=True)
class ConfidenceMap:
    """σ(slope · logit π + intercept): the map of Platt 1999, "Probabilistic outputs for support vector
    machines", on logits. The default changes nothing. A ``slope`` above 0 keeps the order.

    Raises:
        ValueError: the slope is not above 0, or a number is not finite.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.slope < np.inf and np.isfinite(self.intercept)):
            raise ValueError(f"Expected a slope above 0 and a finite intercept, was: {self}")

    def __call__(self, probability: ArrayLike) -> NDArray[np.float64]:
        """The confidence of each probability in [0, 1], of the same shape."""
        if (self.slope, self.intercept) == (1.0, 0.0):
            return np.asarray(probability, dtype=np.float64)
        return _sigmoid(self.slope * logit(probability) + self.intercept)


def logit(probability: ArrayLike) -> NDArray[np.float64]:
    """log(π / (1 − π)) of probabilities in [0, 1], finite at both ends."""
    inside: NDArray[np.float64] = np.clip(np.asarray(probability, dtype=np.float64), _LEAST, 1.0 - _LEAST)
    odds: NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return odds


def fit_confidence(
    probability: ArrayLike,
    correct: ArrayLike,
    *,
    prior: ConfidenceMap = ConfidenceMap(),
    weight: tuple[float, float] = (1.0, 1.0),
) -> ConfidenceMap:
    """The map that makes the outcomes of held-out spans most probable: two times (m,).

    The words of a span are right or wrong together, which a temperature of single words cannot express; two
    numbers on the logit correct most of that. They are drawn towards those of ``prior``, slope and intercept
    by ``weight``, the inverse variances of a normal prior, so a few spans change little. An outcome
    may also be the probability of being right, from 0 to 1. The fit is Newton's method on the logistic loss
    with an L2 penalty, with step halving.

    Raises:
        ValueError: arrays of different shapes, or a probability outside [0, 1].
    """
    probabilities, outcomes = checked_outcomes(probability, correct)
    columns = np.stack([logit(probabilities), np.ones_like(probabilities)], axis=1)
    start, ridge = np.array([prior.slope, prior.intercept]), np.array(weight)

    def cost(at: NDArray[np.float64]) -> float:
        score = columns @ at
        penalty = float((ridge * (at - start) ** 2).sum()) / 2.0
        return float((np.logaddexp(0.0, score) - outcomes * score).sum()) + penalty

    found = start
    for _ in range(_NEWTON_STEPS):
        expected = _sigmoid(columns @ found)
        gradient = columns.T @ (expected - outcomes) + ridge * (found - start)
        curvature = (columns * (expected * (1.0 - expected))[:, None]).T @ columns + np.diag(ridge)
        step, now = np.linalg.solve(curvature, gradient), cost(found)
        while cost(found - step) > now and np.abs(step).max() > _NO_STEP:
            step = step / 2.0
        found = found - step
    return ConfidenceMap(max(float(found[0]), _LEAST_SLOPE), float(found[1]))


def checked_outcomes(
    probability: ArrayLike, correct: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities in [0, 1] and outcomes as two arrays (m,); ValueError for anything else."""
    probabilities: NDArray[np.float64] = np.asarray(probability, dtype=np.float64)
    outcomes: NDArray[np.float64] = np.asarray(correct, dtype=np.float64)
    if probabilities.shape != outcomes.shape or probabilities.ndim != 1:
        raise ValueError(f"Expected two arrays (m,), was: {probabilities.shape} and {outcomes.shape}")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(
            f"Expected probabilities from 0 to 1, was: {probabilities.min()} to {probabilities.max()}"
        )
    return probabilities, outcomes


def _sigmoid(score: NDArray[np.float64]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -score))
    return share
