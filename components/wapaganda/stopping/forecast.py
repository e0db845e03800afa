"""What the next labels would buy, by the learning curve so far."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

MINIMUM_ROUNDS = 3
"""Different numbers of labelled texts below which a curve says nothing."""

_LAST = 8  # rounds that are fitted: the curve bends, and what comes next is told by its end
_EARLY, _EARLY_WEIGHT = 2, 0.25  # the first models are trained on so little that chance rules them
_SMALLEST_ERROR = 1e-3


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the next labels should buy: ``gain`` in F1 (0 to 1), ``hours`` of annotation, and both in words.

    ``gain`` is ``None`` where nothing can be foretold, ``hours`` where nobody knows what a text costs.
    """

    gain: float | None
    hours: float | None
    told: str


def forecast(
    texts: ArrayLike, f1: ArrayLike, next_texts: int = 100, seconds_per_text: float | None = None
) -> Forecast:
    """Extrapolate the learning curve: ``texts`` (R,) labelled and ``f1`` (R,) reached, oldest round first.

    The error is taken to fall as a power of the number of texts, 1 − F1 = a·n^−b with b ≥ 0 (Figueroa et al.
    2012, "Predicting sample size required for classification performance"), fitted by least squares in logs
    to the last eight rounds, in which the first two of all count a quarter. Of rounds with as many texts the
    last one counts. The gain is that of the fitted curve, from now on.

    Raises:
        ValueError: other numbers of texts than of F1, values out of range, no texts to come.
    """
    n, reached = _checked(texts, f1, next_texts, seconds_per_text)
    hours = None if seconds_per_text is None else next_texts * seconds_per_text / 3600
    effort = "" if hours is None else f", ≈ {_hours(hours)} of annotation"
    at = {float(number): round_ for round_, number in enumerate(n)}
    rows = np.sort(np.array(list(at.values()), dtype=np.int64))
    if len(rows) < MINIMUM_ROUNDS:
        told = (
            f"What the next {next_texts} labels buy{effort}, can be told after {MINIMUM_ROUNDS} rounds "
            f"with new labels; so far there are {len(rows)}."
        )
        return Forecast(None, hours, told)
    weights = np.where(rows < _EARLY, _EARLY_WEIGHT, 1.0)[-_LAST:]
    a, b, doubt = _power_law(n[rows][-_LAST:], reached[rows][-_LAST:], weights)
    now = float(n[-1])
    gain = a * (now**-b - (now + next_texts) ** -b) if b > 0 else 0.0
    told = f"The next {next_texts} labels buy about {100 * gain:+.1f} F1{effort}"
    if b <= 0:
        told = f"F1 has not risen in the last {len(weights)} rounds, so the next {next_texts} labels"
        told += f"{effort and effort + ','} are not expected to raise it"
    elif b <= doubt:
        told += "; the rounds scatter more than they rise, so this is a guess"
    return Forecast(gain, hours, f"{told}.")


def _power_law(
    n: NDArray[np.float64], f1: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float, float]:
    """a and b of 1 − F1 = a·n^−b, and the standard error of b."""
    x, y = np.log(n), np.log(np.maximum(1.0 - f1, _SMALLEST_ERROR))
    total = weights.sum()
    centre, level = float(weights @ x / total), float(weights @ y / total)
    spread = float(weights @ (x - centre) ** 2)
    b = -float(weights @ ((x - centre) * (y - level))) / spread
    left = y - level + b * (x - centre)
    scatter = float(weights @ left**2) / max(len(n) - 2, 1)
    return float(np.exp(level + b * centre)), b, float(np.sqrt(scatter / spread))


def _checked(
    texts: ArrayLike, f1: ArrayLike, next_texts: int, seconds_per_text: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n: NDArray[np.float64] = np.asarray(texts, dtype=np.float64)
    reached: NDArray[np.float64] = np.asarray(f1, dtype=np.float64)
    if n.ndim != 1 or n.shape != reached.shape:
        raise ValueError(f"Expected one F1 for each round, was: shapes {n.shape} and {reached.shape}")
    if not ((n >= 1) & np.isfinite(n)).all() or not ((reached >= 0) & (reached <= 1)).all():
        raise ValueError(f"Expected 1 text or more and F1 from 0 to 1, was: {n} and {reached}")
    if next_texts < 1 or (seconds_per_text is not None and not 0 <= seconds_per_text < np.inf):
        raise ValueError(f"Expected texts to come and their seconds, was: {next_texts}, {seconds_per_text}")
    return n, reached


def _hours(hours: float) -> str:
    return f"{60 * hours:.0f} minutes" if hours < 1 else f"{hours:.1f} hours"
