"""The price list of these annotators, learnt from how long their texts took."""

import math
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wapaganda.annotation_cost.prices import CORRECTING, Prices, seconds_correcting

ENOUGH = 30
"""Fewer usable lead times say nothing about four prices."""

_BREAK = 10.0
"""Lead times beyond this multiple of the expected one, up or down, are breaks or idle clicks."""

_BELIEF = 0.5
"""Spread of a price around the assumed one, as a share of it, before any lead time is seen."""

_HUBER = 1.5
"""Residuals beyond this many spreads count linearly."""


@dataclass(frozen=True, slots=True)
class Refit:
    """Prices, how many lead times they rest on (0: the assumed ones), and the reason in words."""

    prices: Prices
    n_used: int
    told: str


def refit(
    n_words: ArrayLike,
    right: ArrayLike,
    missed: ArrayLike,
    spurious: ArrayLike,
    lead_times: ArrayLike,
    prior: Prices = CORRECTING,
) -> Refit:
    """Prices from the lead times in seconds of n texts and what had to be done in each, five times (n,).

    A text that was labelled without proposals counts all its entities as ``missed``; ``without_proposals`` of
    the result prices such texts. Lead times of 0 or less, or ten times from what ``prior`` expects, are left
    out; fewer than 30 usable ones, or ones that do not grow with the work, leave the prior as it is. The fit
    is least squares of the relative error with Huber's weights (Huber 1964, "Robust estimation of a location
    parameter"), no price below 0, and a ridge towards the prior, so that work which hardly occurs keeps its
    price.

    Raises:
        ValueError: counts below 0, or arrays of different lengths.
    """
    expected = seconds_correcting(n_words, right, missed, spurious, prior)
    times: NDArray[np.float64] = np.asarray(lead_times, dtype=np.float64)
    if times.shape != expected.shape or times.ndim != 1:
        raise ValueError(f"Expected the lead times of {expected.shape} texts, was: shape {times.shape}")
    usable = (times > 0) & (times < _BREAK * expected) & (times > expected / _BREAK)
    n_used, seen = int(usable.sum()), len(times)
    if n_used < ENOUGH:
        return Refit(
            prior, 0, f"Assumed prices: {n_used} of {seen} lead times are usable, {ENOUGH} are needed."
        )
    work = np.stack([np.asarray(part, float) for part in (n_words, missed, right, spurious)], axis=1)[usable]
    times, expected = times[usable], expected[usable]
    if not _grows(expected, times):
        return Refit(prior, 0, f"Assumed prices: the {n_used} usable lead times do not grow with the work.")
    prices = Prices(*_fit(work / expected[:, None], times / expected, np.array(astuple(prior))).tolist())
    return Refit(prices, n_used, f"Prices from {n_used} of {seen} lead times: {_shown(prices)}.")


def _grows(expected: NDArray[np.float64], times: NDArray[np.float64]) -> bool:
    """Whether the rank correlation is above two standard errors of unrelated numbers."""
    first, second = _ranks(expected), _ranks(times)
    if first.std() == 0 or second.std() == 0:
        return False
    return float(np.corrcoef(first, second)[0, 1]) > 2.0 / math.sqrt(len(times) - 1)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks, with ties at their mean."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(count) - (count - 1) / 2.0)[place]
    return ranks


def _fit(
    work: NDArray[np.float64], share: NDArray[np.float64], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Prices (4,) for relative work (n, 4) and relative times (n,), by iterated reweighting."""
    spread = _BELIEF * np.where(prior > 0, prior, 1.0)
    prices, weights = prior.copy(), np.ones(len(share))
    for _ in range(30):
        residual = share - work @ prices
        scale = max(1.4826 * float(np.median(np.abs(residual))), 1e-3)
        weights = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residual), 1e-12))
        gram = (work * weights[:, None]).T @ work + np.diag((scale / spread) ** 2)
        prices = _non_negative(gram, work.T @ (weights * share) + (scale / spread) ** 2 * prior, prices)
    return prices


def _non_negative(
    gram: NDArray[np.float64], target: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The minimum of ½xᵀGx − tᵀx over x ≥ 0, by coordinate descent; G is positive definite."""
    x = start.copy()
    for _ in range(500):
        before = x.copy()
        for j in range(len(x)):
            x[j] = max(0.0, x[j] + (target[j] - gram[j] @ x) / gram[j, j])
        if np.abs(x - before).max() < 1e-9:
            break
    return x


def _shown(prices: Prices) -> str:
    return (
        f"{prices.word:.2f} s a word, {prices.entity:.1f} s to mark an entity, "
        f"{prices.confirmation:.1f} s to confirm one, {prices.removal:.1f} s to remove one"
    )
