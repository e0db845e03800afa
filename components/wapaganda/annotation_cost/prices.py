"""The two price lists, the corrections of a text, and the seconds that they cost."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wapaganda.ner import Span


@dataclass(frozen=True, slots=True)
class Prices:
    """The seconds of an annotator for one unit of work.

    ``word``: to read a word (``ner.reading_words``). ``entity``: to mark a missing entity. ``confirmation``:
    to confirm a correct proposed span. ``removal``: to remove a wrong one.

    Raises:
        ValueError: a price is negative or not a finite number.
    """

    word: float
    entity: float
    confirmation: float
    removal: float

    def __post_init__(self) -> None:
        if not all(0 <= price < float("inf") for price in astuple(self)):
            raise ValueError(f"Expected prices in seconds, 0 or more, was: {self}")

    def without_proposals(self) -> Self:
        """The prices without proposals: every entity must be marked, and there is nothing to remove."""
        return replace(self, confirmation=self.entity, removal=0.0)


CORRECTING = Prices(word=0.39, entity=4.2, confirmation=0.8, removal=1.5)
"""Prices for correcting the spans of a model.

0.39 s per word and 4.2 s per entity are a fit to published timings of nine annotators of English texts; a
punctuation mark is a word. 0.8 s per confirmation (a look) and 1.5 s per removal (a click and a key) are
assumptions.
"""

FROM_SCRATCH = CORRECTING.without_proposals()
"""Prices without proposals."""

PRICES: Mapping[str, Prices] = MappingProxyType({"scratch": FROM_SCRATCH, "correcting": CORRECTING})
"""The price lists by name, the values of the setting ``PRICES``."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """Numbers of spans to confirm (``correct``), to mark (``missed``) and to remove (``spurious``).

    A proposed span with a wrong boundary or type counts twice: as spurious and as missed.
    """

    correct: int
    missed: int
    spurious: int


def count_corrections(gold: Iterable[Span], proposed: Iterable[Span]) -> Corrections:
    """The corrections that turn ``proposed`` into ``gold`` spans; start, end and label must agree."""
    wanted, shown = set(gold), set(proposed)
    correct = len(wanted & shown)
    return Corrections(correct, len(wanted) - correct, len(shown) - correct)


def seconds_from_scratch(
    n_words: ArrayLike, n_entities: ArrayLike, prices: Prices = FROM_SCRATCH
) -> NDArray[np.float64]:
    """Seconds to read the words of each text and mark all its entities: (n,) and (n,) to (n,)."""
    return _total(prices.word * _counts(n_words), prices.entity * _counts(n_entities))


def seconds_correcting(
    n_words: ArrayLike,
    correct: ArrayLike,
    missed: ArrayLike,
    spurious: ArrayLike,
    prices: Prices = CORRECTING,
) -> NDArray[np.float64]:
    """Seconds to read each text and to confirm, mark and remove spans: four times (n,) to (n,).

    Raises:
        ValueError: a count is negative, or the counts are of different texts.
    """
    return _total(
        prices.word * _counts(n_words),
        prices.confirmation * _counts(correct),
        prices.entity * _counts(missed),
        prices.removal * _counts(spurious),
    )


def expected_seconds(
    n_words: ArrayLike,
    predicted: ArrayLike,
    correct: ArrayLike,
    entities: ArrayLike,
    prices: Prices = CORRECTING,
) -> NDArray[np.float64]:
    """The seconds that each text costs according to the model's own expectation: (n,).

    Args:
        n_words: words that a reader reads in each text (``ner.reading_words``), (n,).
        predicted: spans that the model would propose, (n,).
        correct: the expected number of correct ones among them, (n,).
        entities: the expected number of entities, (n,) or by type (n, L).
        prices: the price list; with ``PRICES["scratch"]`` the proposals have no effect.

    Raises:
        ValueError: a count is negative, or the counts are of different texts.
    """
    counts, confirmed = _counts(entities), _counts(correct)
    missed = np.maximum((counts.sum(axis=1) if counts.ndim == 2 else counts) - confirmed, 0.0)
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
