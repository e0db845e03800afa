"""The measures by name: ``@measure`` registers a function, ``MEASURES`` finds it again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import InputError
from wapaganda.plugins import Registry

AUTO = "auto"
"""The default: candidates by ``DEFAULT_MEASURE``; the strategy decides how they are ranked."""

DEFAULT_MEASURE = "boundary"
"""The measure that scores texts if none is named."""

ScoreFunction = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]]
"""Log-probabilities (B, T, K) and lengths (B,) to scores (B,) in [0, 1]."""

_Function = TypeVar("_Function", bound=ScoreFunction)


@dataclass(frozen=True, slots=True)
class Measure:
    """A registered measure; call it as the function that it holds.

    ``additive``: it counts something over the whole text and maps the count to 1 − exp(−count), so the count
    may be divided by what the text costs. ``summary``: the first line of the function's docstring.
    """

    name: str
    function: ScoreFunction
    additive: bool
    summary: str

    def __call__(self, log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
        """The scores (B,) of padded log-probabilities (B, T, K) with lengths (B,)."""
        return self.function(log_probs, lengths)


_REGISTRY: Registry[Measure] = Registry("measure", "wapaganda.measures", "wapaganda.uncertainty.measures")

MEASURES: Mapping[str, Measure] = _REGISTRY
"""All registered measures by name, those of installed packages among them."""

_REMOVED = {
    "bald": "least_confidence",
    "vote_entropy": "least_confidence",
    "fluctuation": "least_confidence",
    "split": "entropy_max",
}
"""Measures of earlier versions, and the most similar one of this version."""


def measure(name: str, *, additive: bool = False) -> Callable[[_Function], _Function]:
    """Register a function under ``name``, the value of the setting ``MEASURE``.

    The function takes log-probabilities (B, T, K) and lengths (B,) and returns scores (B,) in [0, 1]: 0 is
    certain, 1 is the largest value that it can take. It must ignore the padding, and a text without words
    must score 0. ``additive``: see ``Measure``.

    Raises:
        ValueError: the name is taken.
    """

    def register(function: _Function) -> _Function:
        if name == AUTO:
            raise ValueError(f"Expected a new name for a measure, was: {name!r}")
        summary = (getdoc(function) or "").partition("\n")[0]
        _REGISTRY.add(name, Measure(name, function, additive, summary), function.__module__)
        return function

    return register


def find_measure(name: str) -> Measure:
    """The measure of this name; ``auto`` is ``DEFAULT_MEASURE``.

    Raises:
        InputError: there is no such measure, or it was removed.
    """
    if name in _REMOVED and name not in MEASURES:
        raise InputError(
            f"Expected a measure of this version, was: {name!r}, which was removed because no experiment "
            f"showed a gain (docs/experiments.md); use {_REMOVED[name]!r} instead"
        )
    if name != AUTO and name not in MEASURES:
        raise InputError(f"Expected a measure among {', '.join((AUTO, *sorted(MEASURES)))}, was: {name!r}")
    return MEASURES[DEFAULT_MEASURE if name == AUTO else name]
