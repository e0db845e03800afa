"""In which order to review the machine part, and what each reviewed text gives."""

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation_cost import CORRECTING, Prices, expected_seconds
from wapaganda.uncertainty import Expectation

_LEAST_SECONDS = 0.1
"""The price of a text without words."""


def correcting_seconds(expectation: Expectation, prices: Prices = CORRECTING) -> NDArray[np.float64]:
    """The expected seconds to read each text and to correct the proposals of the model in it, (n,)."""
    return expected_seconds(
        expectation.n_words, expectation.predicted, expectation.expected_correct, expectation.entities, prices
    )


def review_order(expectation: Expectation, prices: Prices = CORRECTING) -> NDArray[np.int64]:
    """The rows of the texts in the order in which to review them, (n,).

    By falling expected span errors per expected correcting second. Each reviewed text removes its errors from
    the file, so this greedy order of a fractional knapsack removes the most in any time (Dantzig 1957,
    "Discrete-variable extremum problems"). Texts in which the model expects no error come last, those of
    equal worth in their own order.
    """
    worth = expectation.errors / np.maximum(correcting_seconds(expectation, prices), _LEAST_SECONDS)
    order: NDArray[np.int64] = np.argsort(-worth, kind="stable")
    return order


def f1_by_reviewed(
    people_spans: int, expectation: Expectation, order: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The expected F1 of the file when the first k texts of ``order`` are reviewed, k = 0, …, n: (n + 1,).

    F1 = 2·(E + Σ tp) / (2·E + Σ (predicted + entities)), the sums over the machine part; E: the spans of the
    people's part. A reviewed text moves its expected entities from the machine part to the people's. 1 when
    there is no span at all.
    """
    entities = expectation.entities.sum(axis=1)[order]
    people = float(people_spans) + _before(entities)
    correct = _rest(expectation.expected_correct[order])
    relevant = _rest(expectation.predicted[order] + entities)
    whole = 2.0 * people + relevant
    f1 = 2.0 * (people + correct) / np.where(whole > 0, whole, 1.0)
    return np.where(whole > 0, np.minimum(f1, 1.0), 1.0)


def _before(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of the first k values, k = 0, …, n."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _rest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of all but the first k values, k = 0, …, n."""
    return np.concatenate([np.cumsum(values[::-1])[::-1], [0.0]])
