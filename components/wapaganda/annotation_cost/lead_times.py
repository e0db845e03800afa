"""Fit the price list of the annotators to the time that their texts took."""

import math
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wapaganda.annotation_cost.prices import CORRECTING, Prices, seconds_correcting

MINIMUM_LEAD_TIMES = 30
"""Usable lead times below which the prices are not fitted."""

_OUTLIER = 10.0
"""A lead time is an outlier (a break, a click without reading) beyond this factor of the expected one."""

_PRIOR_SPREAD = 0.5
"""Standard deviation of a price around the assumed one, as a share of it."""

_HUBER = 1.5
"""Residuals beyond this many standard deviations count linearly."""


@dataclass(frozen=True, slots=True)
class FittedPrices:
    """The prices, the number of lead times behind them (0: assumed prices), and both in one sentence."""

    prices: Prices
    n_used: int
    summary: str


def fit_prices(
    n_words: ArrayLike,
    correct: ArrayLike,
    missed: ArrayLike,
    spurious: ArrayLike,
    lead_times: ArrayLike,
    prior: Prices = CORRECTING,
) -> FittedPrices:
    """Fit prices to the lead times (seconds) of n texts and the work in each: five times (n,).

    Count all entities of a text that was labelled without proposals as ``missed``; the method
    ``without_proposals`` of the result gives the prices for such texts. Lead times of 0 or less, or more than
    ten times off the prior, are ignored. With fewer than 30 usable lead times, or when they do not grow with
    the work, the result is the prior. The fit minimises the relative error with Huber's weights (Huber 1964,
    "Robust estimation of a location parameter"). Prices are 0 or more. A ridge penalty keeps the price of
    rare work near the prior.

    Raises:
        ValueError: counts below 0, or arrays of different lengths.
    """
    expected = seconds_correcting(n_words, correct, missed, spurious, prior)
    times: NDArray[np.float64] = np.asarray(lead_times, dtype=np.float64)
    if times.shape != expected.shape or times.ndim != 1:
        raise ValueError(f"Expected the lead times of {expected.shape} texts, was: shape {times.shape}")
    usable = usable_lead_times(times, expected)
    n_used, seen = int(usable.sum()), len(times)
    if n_used < MINIMUM_LEAD_TIMES:
        reason = f"{n_used} of {seen} lead times are usable, {MINIMUM_LEAD_TIMES} are needed"
        return FittedPrices(prior, 0, f"Assumed prices: {reason}.")
    parts = (n_words, missed, correct, spurious)
    work = np.stack([np.asarray(part, float) for part in parts], axis=1)[usable]
    times, expected = times[usable], expected[usable]
    if not _grows(expected, times):
        reason = f"the {n_used} usable lead times do not grow with the work"
        return FittedPrices(prior, 0, f"Assumed prices: {reason}.")
    prices = Prices(*_fit(work / expected[:, None], times / expected, np.array(astuple(prior))).tolist())
    return FittedPrices(prices, n_used, f"Prices from {n_used} of {seen} lead times: {_shown(prices)}.")


def usable_lead_times(lead_times: ArrayLike, expected: ArrayLike) -> NDArray[np.bool_]:
    """Which lead times are no break and no click without reading, by the expected seconds: (n,) and (n,).

    Those above 0 and at most ten times off.
    """
    times: NDArray[np.float64] = np.asarray(lead_times, dtype=np.float64)
    wanted: NDArray[np.float64] = np.asarray(expected, dtype=np.float64)
    return (times > 0) & (times < _OUTLIER * wanted) & (times > wanted / _OUTLIER)


def _grows(expected: NDArray[np.float64], times: NDArray[np.float64]) -> bool:
    """Whether the rank correlation is more than two standard errors above 0."""
    if np.ptp(expected) == 0 or np.ptp(times) == 0:
        return False
    from scipy.stats import spearmanr

    return float(spearmanr(expected, times).statistic) > 2.0 / math.sqrt(len(times) - 1)


def _fit(
    work: NDArray[np.float64], share: NDArray[np.float64], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Prices (4,) from relative work (n, 4) and times (n,), by iteratively reweighted least squares."""
    from scipy.optimize import nnls

    spread = _PRIOR_SPREAD * np.where(prior > 0, prior, 1.0)
    prices = prior
    for _ in range(30):
        residual = share - work @ prices
        scale = max(1.4826 * float(np.median(np.abs(residual))), 1e-3)
        weights = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residual), 1e-12))
        root, ridge = np.sqrt(weights), scale / spread
        rows = np.concatenate([work * root[:, None], np.diag(ridge)])
        prices = nnls(rows, np.concatenate([share * root, ridge * prior]))[0]
    return prices


def _shown(prices: Prices) -> str:
    return (
        f"{prices.word:.2f} s per word, {prices.entity:.1f} s per marked entity, "
        f"{prices.confirmation:.1f} s per confirmed and {prices.removal:.1f} s per removed one"
    )
