"""From the probability of a span to how often spans of that probability are right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LEAST = 1e-6
"""Probabilities are kept this far from 0 and 1, where the logit has no value."""


@dataclass(frozen=True, slots=True)
class ConfidenceMap:
    """σ(slope · logit π + intercept): the map of Platt 1999, "Probabilistic outputs for support vector
    machines", on logits. As it stands it changes nothing; a ``slope`` above 0 keeps the order.

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
        score = self.slope * logit(probability) + self.intercept
        mapped: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -score))
        return mapped


def logit(probability: ArrayLike) -> NDArray[np.float64]:
    """log(π / (1 − π)) of probabilities in [0, 1], finite at both ends."""
    inside: NDArray[np.float64] = np.clip(np.asarray(probability, dtype=np.float64), _LEAST, 1.0 - _LEAST)
    odds: NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return odds
