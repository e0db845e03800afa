"""Extrapolate the learning curve: how much F1 the next labels gain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

MINIMUM_ROUNDS = 3
"""Different numbers of labelled texts that a forecast needs."""

_LAST = 8  # rounds that are fitted: the curve bends, so its end predicts best
_EARLY, _EARLY_WEIGHT = 2, 0.25  # the first models are trained on few texts and vary by chance
_SMALLEST_ERROR = 1e-3


@dataclass(frozen=True, slots=True)
class Forecast:
    """The expected effect of the next labels.

    ``gain``: in F1 (0 to 1), ``None`` when there are too few rounds. ``hours``: of annotation, ``None`` when
    the cost of a text is unknown. ``summary``: both in one sentence.
    """

    gain: float | None
    hours: float | None
    summary: str


def forecast(
    texts: ArrayLike, f1: ArrayLike, next_texts: int = 100, seconds_per_text: float | None = None
) -> Forecast:
    """Extrapolate the learning curve: ``texts`` (R,) labelled and ``f1`` (R,) reached, oldest round first.

    The error falls as a power of the number of texts, 1 − F1 = a·n^−b with b ≥ 0 (Figueroa et al. 2012,
    "Predicting sample size required for classification performance"). The curve is fitted by least squares in
    logarithms to the last eight rounds; the first two rounds have a weight of ¼. Of rounds with equally many
    texts the last one counts. The gain is read from the fitted curve.

    Args:
        texts: labelled texts in each round.
        f1: F1 in each round, 0 to 1.
        next_texts: labels for which the gain is forecast.
        seconds_per_text: expected annotation cost of a text.

    Raises:
        ValueError: unequal lengths, values out of range, or ``next_texts`` below 1.
    """
    n, reached = _checked(texts, f1, next_texts, seconds_per_text)
    hours = None if seconds_per_text is None else next_texts * seconds_per_text / 3600
    cost = "" if hours is None else f", ≈ {_hours(hours)} of annotation"
    at = {float(number): round_ for round_, number in enumerate(n)}
    rows = np.sort(np.array(list(at.values()), dtype=np.int64))
    if len(rows) < MINIMUM_ROUNDS:
        summary = (
            f"The gain from the next {next_texts} labels{cost}{cost and ','} can be forecast after "
            f"{MINIMUM_ROUNDS} rounds with new labels; so far there are {len(rows)}."
        )
        return Forecast(None, hours, summary)
    weights = np.where(rows < _EARLY, _EARLY_WEIGHT, 1.0)[-_LAST:]
    a, b, error_of_b = _power_law(n[rows][-_LAST:], reached[rows][-_LAST:], weights)
    now = float(n[-1])
    gain = a * (now**-b - (now + next_texts) ** -b) if b > 0 else 0.0
    summary = f"The next {next_texts} labels gain about {100 * gain:+.1f} F1{cost}"
    if b <= 0:
        summary = f"F1 has not risen in the last {len(weights)} rounds, so the next {next_texts} labels"
        summary += f"{cost and cost + ','} are not expected to raise it"
    elif b <= error_of_b:
        summary += "; the rounds vary more than they rise, so this is a guess"
    return Forecast(gain, hours, f"{summary}.")


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
        raise ValueError(
            f"Expected 1 next text or more and seconds of 0 or more, was: {next_texts}, {seconds_per_text}"
        )
    return n, reached


def _hours(hours: float) -> str:
    return f"{60 * hours:.0f} minutes" if hours < 1 else f"{hours:.1f} hours"
