"""The acquisition value of a text, given its cost."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wapaganda.uncertainty.registry import find_measure


def amount(scores: ArrayLike) -> NDArray[np.float64]:
    """The count behind the score of an additive measure, −log(1 − score): (n,) to (n,).

    It is at most 36.7, the count of a score of 1.

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
    """The acquisition value of each text, by which a sampler ranks: (n,) and (n,) to (n,).

    For an additive measure it is ``amount / seconds ** exponent``, the return on investment of Haertel et al.
    2008, "Return on investment for active learning"; a text that costs nothing has nothing to read and gets
    0. The scores of other measures do not grow with the text, so they are not divided by its price and are
    returned as they are.

    Raises:
        InputError: an unknown measure.
        ValueError: scores outside [0, 1], another number of prices, or a price or an exponent that is
            negative or no number.
    """
    found = find_measure(measure)
    values: NDArray[np.float64] = np.asarray(scores, dtype=np.float64)
    price: NDArray[np.float64] = np.asarray(seconds, dtype=np.float64)
    counted = amount(values)
    if price.shape != values.shape:
        raise ValueError(
            f"Expected the seconds of {len(values)} texts, was: an array of the shape {price.shape}"
        )
    if not (np.isfinite(price) & (price >= 0)).all() or not 0 <= exponent < math.inf:
        raise ValueError(f"Expected seconds and an exponent of 0 or more, was: {price}, {exponent}")
    if not found.additive:
        return values
    return np.where(price > 0, counted / np.where(price > 0, price, 1.0) ** exponent, 0.0)
