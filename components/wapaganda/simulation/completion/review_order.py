"""The order in which the rest of a file is reviewed."""

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation_cost import CORRECTING, Prices, expected_seconds
from wapaganda.uncertainty import Expectation

_LEAST_SECONDS = 0.1
"""The price of a text without words."""


def review_order(expectation: Expectation, prices: Prices = CORRECTING) -> NDArray[np.int64]:
    """The places of the n texts, (n,): most expected span errors an expected second of correcting first."""
    seconds = expected_seconds(
        expectation.n_words,
        expectation.predicted,
        expectation.expected_correct,
        expectation.entities,
        prices,
    )
    return np.argsort(-expectation.errors / np.maximum(seconds, _LEAST_SECONDS), kind="stable")
