"""What a text is worth for its price."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wapaganda.uncertainty.counts import EXTENSIVE
from wapaganda.uncertainty.scoring import MEASURE_NAMES


def amount(scores: ArrayLike) -> NDArray[np.float64]:
    """What an extensive measure has counted, −log(1 − score): (n,) to (n,), at most 36.7, where 1 − ε is 1.

    Raises:
        ValueError: a score lies outside [0, 1].
    """
    values: NDArray[np.float64] = np.asarray(scores, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"Expected scores from 0 to 1, was: {values[~((values >= 0) & (values <= 1))]}")
    counted: NDArray[np.float64] = -np.log1p(-np.minimum(values, 1.0 - np.finfo(np.float64).epsneg))
    return counted


def acquisition(
    scores: ArrayLike, measure: str, seconds: ArrayLike, exponent: float = 1.0
) -> NDArray[np.float64]:
    """What each text is worth to a sampler that pays by the second: (n,) and (n,) to (n,).

    An extensive measure buys its amount for the price, ``amount / seconds ** exponent``: the return on
    investment of Haertel et al. 2008, "Return on investment for active learning". The others do not count
    what a text holds, so there is nothing to divide: they are returned as they are. A text that costs nothing
    has nothing to read and is worth 0 to an extensive measure.

    Raises:
        ValueError: an unknown measure, scores outside [0, 1], another number of prices, or a price or an
            exponent that is negative or no number.
    """
    if measure not in MEASURE_NAMES:
        raise ValueError(f"Expected a measure among {', '.join(MEASURE_NAMES)}, was: {measure!r}")
    values: NDArray[np.float64] = np.asarray(scores, dtype=np.float64)
    price: NDArray[np.float64] = np.asarray(seconds, dtype=np.float64)
    counted = amount(values)
    if price.shape != values.shape:
        raise ValueError(
            f"Expected the seconds of {len(values)} texts, was: an array of the shape {price.shape}"
        )
    if not (np.isfinite(price) & (price >= 0)).all() or not 0 <= exponent < math.inf:
        raise ValueError(f"Expected seconds and an exponent of 0 or more, was: {price}, {exponent}")
    if measure not in EXTENSIVE:
        return values
    return np.where(price > 0, counted / np.where(price > 0, price, 1.0) ** exponent, 0.0)
