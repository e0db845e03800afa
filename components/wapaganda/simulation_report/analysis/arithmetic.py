"""The arithmetic of learning curves: cost to reach a score, area, intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of ``n`` seeds with its 95% t interval; ``std``, ``low``, ``high`` are None for one seed."""

    mean: float
    n: int
    std: float | None = None
    low: float | None = None
    high: float | None = None


def mean_of(values: Sequence[float]) -> Mean:
    """Mean, sample standard deviation and Student's 95% interval of the mean over seeds.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("Expected at least one value, was: none")
    centre = fmean(values)
    if len(values) == 1:
        return Mean(centre, 1)
    spread = stdev(values)
    half = student_t95(len(values) - 1) * spread / sqrt(len(values))
    return Mean(centre, len(values), spread, centre - half, centre + half)


def student_t95(degrees: int) -> float:
    """The two-sided 95% quantile of Student's t.

    Raises:
        ValueError: less than one degree of freedom.
    """
    if degrees < 1:
        raise ValueError(f"Expected at least one degree of freedom, was: {degrees}")
    from scipy.stats import t

    return float(t.ppf(0.975, degrees))


def isotonic(values: Sequence[float]) -> NDArray[np.float64]:
    """The non-decreasing sequence nearest to ``values`` in least squares, same length.

    Pool adjacent violators: Barlow et al. 1972, "Statistical Inference under Order Restrictions".
    """
    from scipy.optimize import isotonic_regression

    found: NDArray[np.float64] = isotonic_regression(np.asarray(values, dtype=np.float64)).x
    return found


def cost_to_reach(cost: Sequence[float], f1: Sequence[float], target: float) -> float | None:
    """The cost at which the curve, made monotone, first reaches ``target``; None when it never does.

    Linear between two rounds. A curve that begins above the target has reached it at its first cost.
    """
    level = isotonic(f1)
    reached = np.flatnonzero(level >= target - 1e-12)
    if not reached.size:
        return None
    at = int(reached[0])
    if at == 0:
        return float(cost[0])
    share = (target - level[at - 1]) / (level[at] - level[at - 1])
    return float(cost[at - 1] + min(share, 1.0) * (cost[at] - cost[at - 1]))


def at_cost(cost: Sequence[float], f1: Sequence[float], where: float) -> float:
    """F1 at one cost on the curve, linear between rounds; ``where`` lies within the curve."""
    return float(np.interp(where, cost, f1))


def area(cost: Sequence[float], f1: Sequence[float], low: float, high: float) -> float:
    """The mean height of the curve between two costs: its area over the width, so an F1 in [0, 1].

    Raises:
        ValueError: the range is empty or leaves the curve.
    """
    if not cost[0] <= low < high <= cost[-1]:
        raise ValueError(f"Expected a range within {cost[0]} to {cost[-1]}, was: {low} to {high}")
    knots = [low, *(each for each in cost if low < each < high), high]
    heights = [at_cost(cost, f1, each) for each in knots]
    pieces = zip(pairwise(knots), pairwise(heights), strict=True)
    return sum((right - left) * (a + b) / 2 for (left, right), (a, b) in pieces) / (high - low)
