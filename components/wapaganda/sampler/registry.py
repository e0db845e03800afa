"""The strategies by name: ``@strategy`` registers a function, ``STRATEGIES`` finds it again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import getdoc

from wapaganda.errors import InputError
from wapaganda.plugins import Registry
from wapaganda.sampler.context import SelectionContext

DEFAULT_STRATEGY = "hybrid"
"""How a batch is selected where no strategy is named."""

Choice = tuple[int, str]
"""A row of the pool and the selection reason, one lower-case word."""

SelectFunction = Callable[[SelectionContext], list[Choice]]
"""A strategy: at most ``context.size`` choices, each row once, in the order in which to annotate them."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A registered strategy; call it as the function that it holds.

    ``uses_scores``: the threshold counts, so the batch may run out of candidates, which is a reason to stop.
    ``summary``: the first line of the function's docstring.
    """

    name: str
    function: SelectFunction
    uses_scores: bool
    summary: str

    def __call__(self, context: SelectionContext) -> list[Choice]:
        """The choices for one batch."""
        return self.function(context)


_REGISTRY: Registry[Strategy] = Registry("strategy", "wapaganda.strategies", "wapaganda.sampler.strategies")

STRATEGIES: Mapping[str, Strategy] = _REGISTRY
"""All registered strategies by name, those of installed packages among them."""

_REMOVED_STRATEGIES = {"k_center": "diversity", "facility_location": "hybrid"}
"""Strategies of earlier versions, and what to use instead."""

_REMOVED_OPTIONS = {
    "outlier_share": "hybrid without it",
    "type_floor": "hybrid without it",
    "representative_share": "the strategy representative",
    "annealed_by": "the strategy representative",
}
"""Options of earlier versions, and what to use instead."""


def strategy(name: str, *, uses_scores: bool) -> Callable[[SelectFunction], SelectFunction]:
    """Register a function under ``name``, the value of the setting ``STRATEGY``.

    The function gets a ``SelectionContext`` and returns choices. It must take its randomness from
    ``context.rng`` and leave near duplicates out, for example by ``context.take``. ``uses_scores``: see
    ``Strategy``.

    Raises:
        ValueError: the name is taken.
    """

    def register(function: SelectFunction) -> SelectFunction:
        summary = (getdoc(function) or "").partition("\n")[0]
        _REGISTRY.add(name, Strategy(name, function, uses_scores, summary), function.__module__)
        return function

    return register


def find_strategy(name: str) -> Strategy:
    """The strategy of this name.

    Raises:
        InputError: there is no such strategy, or it was removed.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    if name in _REMOVED_STRATEGIES:
        raise InputError(_removed("a strategy", name, repr(_REMOVED_STRATEGIES[name])))
    raise InputError(f"Expected a strategy among {', '.join(STRATEGIES)}, was: {name!r}")


def refuse_removed_option(name: str) -> None:
    """Do nothing unless ``name`` is an option of an earlier version.

    Raises:
        InputError: it is one.
    """
    if name in _REMOVED_OPTIONS:
        raise InputError(_removed("an option", name, _REMOVED_OPTIONS[name]))


def _removed(kind: str, name: str, instead: str) -> str:
    return (
        f"Expected {kind} of this version, was: {name!r}, which was removed (docs/experiments.md says what "
        f"it gave); use {instead} instead"
    )
