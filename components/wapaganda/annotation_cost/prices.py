"""The two price lists, and the seconds that follow from them."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Prices:
    """Seconds of an annotator: to read a ``word``, to mark an ``entity`` that is missing, to confirm a
    proposed span that is right (``confirmation``), and to remove one that is wrong (``removal``).

    Raises:
        ValueError: a price is negative or no number.
    """

    word: float
    entity: float
    confirmation: float
    removal: float

    def __post_init__(self) -> None:
        if not all(0 <= price < float("inf") for price in astuple(self)):
            raise ValueError(f"Expected prices in seconds, 0 or more, was: {self}")

    def without_proposals(self) -> Self:
        """The prices where nothing is shown: every entity is marked, and there is nothing to remove."""
        return replace(self, confirmation=self.entity, removal=0.0)


CORRECTING = Prices(word=0.39, entity=4.2, confirmation=0.8, removal=1.5)
"""The model's spans are shown and corrected.

0.39 s a word and 4.2 s an entity are a fit to published timings of nine annotators. That a confirmation takes
0.8 s and a removal 1.5 s is an assumption, not a measurement: a look, and a click with a key.
"""

FROM_SCRATCH = CORRECTING.without_proposals()
"""Nothing is proposed: what a model would have proposed changes nothing."""

PRICES: Mapping[str, Prices] = MappingProxyType({"scratch": FROM_SCRATCH, "correcting": CORRECTING})


def seconds_from_scratch(
    n_words: ArrayLike, n_entities: ArrayLike, prices: Prices = FROM_SCRATCH
) -> NDArray[np.float64]:
    """Seconds to read the words of each text and mark all its entities: (n,) and (n,) to (n,)."""
    return _total(prices.word * _counts(n_words), prices.entity * _counts(n_entities))


def seconds_correcting(
    n_words: ArrayLike,
    right: ArrayLike,
    missed: ArrayLike,
    spurious: ArrayLike,
    prices: Prices = CORRECTING,
) -> NDArray[np.float64]:
    """Seconds to read each text, confirm, mark and remove: four times (n,) to (n,)."""
    return _total(
        prices.word * _counts(n_words),
        prices.confirmation * _counts(right),
        prices.entity * _counts(missed),
        prices.removal * _counts(spurious),
    )


def expected_seconds(
    n_words: ArrayLike,
    predicted: ArrayLike,
    right: ArrayLike,
    entities: ArrayLike,
    prices: Prices = CORRECTING,
) -> NDArray[np.float64]:
    """The seconds that each text should cost by the model's own expectation: (n,).

    Args:
        n_words: (n,).
        predicted: spans that would be proposed, (n,).
        right: how many of them should be right, (n,).
        entities: how many entities should be there, (n,) or by type (n, L).
        prices: for example ``PRICES["scratch"]``, for which the proposals do not matter.
    """
    there = _counts(entities)
    confirmed = _counts(right)
    missed = np.maximum((there.sum(axis=1) if there.ndim == 2 else there) - confirmed, 0.0)
    spurious = np.maximum(_counts(predicted) - confirmed, 0.0)
    return seconds_correcting(n_words, confirmed, missed, spurious, prices)


def _counts(values: ArrayLike) -> NDArray[np.float64]:
    counts: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(counts) & (counts >= 0)).all():
        raise ValueError(f"Expected counts, 0 or more, was: {counts[~(counts >= 0) | ~np.isfinite(counts)]}")
    return counts


def _total(*parts: NDArray[Any]) -> NDArray[np.float64]:
    if len({part.shape for part in parts}) != 1:
        raise ValueError(f"Expected counts of the same texts, was: shapes {[part.shape for part in parts]}")
    total: NDArray[np.float64] = np.sum(parts, axis=0)
    return total
