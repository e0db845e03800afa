"""The savings: the cost of a strategy to reach a level of F1, divided by that of random."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from wapaganda.simulation import RunRecord
from wapaganda.simulation_report.analysis.arithmetic import cost_to_reach, isotonic
from wapaganda.simulation_report.analysis.mean_curves import MeanRound, costs, mean_rounds
from wapaganda.simulation_report.analysis.records import AXES

LEVELS = (0.95, 0.97, 0.99)
RANDOMS_LAST = "random_last"


@dataclass(frozen=True, slots=True)
class Saving:
    """The cost of a strategy for one level of F1 and its ratio to random's, by axis; below 1 is a saving.

    ``ratio`` is None where one of the two does not reach the level, and ``note`` says which; then ``at_most``
    or ``at_least`` bounds it by the cost at which that one ended. ``spread`` is the lowest and the highest
    ratio when any one seed is left out (three seeds or more).
    """

    target: float
    cost: Mapping[str, float | None]
    random_cost: Mapping[str, float | None]
    ratio: Mapping[str, float | None]
    at_most: Mapping[str, float] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)
    spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def savings(
    own: Sequence[RunRecord], random: Sequence[RunRecord], full_f1: float | None
) -> dict[str, Saving]:
    """By level: "0.95", "0.97", "0.99" of ``full_f1`` (in [0, 1]) and ``random_last``, random's own last F1.

    Both curves are means over the same seeds, made monotone, linear between rounds.
    """
    if not own or not random:
        return {}
    randoms = mean_rounds(random)
    targets = {f"{level:.2f}": level * full_f1 for level in LEVELS} if full_f1 else {}
    targets[RANDOMS_LAST] = float(isotonic([each.f1_mean for each in randoms])[-1])
    return {name: _saving(own, random, target) for name, target in targets.items()}


def _saving(own: Sequence[RunRecord], random: Sequence[RunRecord], target: float) -> Saving:
    curve, randoms = mean_rounds(own), mean_rounds(random)
    cost, random_cost = _needs(curve, target), _needs(randoms, target)
    reached, random_reached = cost["texts"] is not None, random_cost["texts"] is not None
    at_most = _bounds(cost, _ends(randoms)) if reached and not random_reached else {}
    at_least = _bounds(_ends(curve), random_cost) if random_reached and not reached else {}
    return Saving(
        target=target,
        cost=cost,
        random_cost=random_cost,
        ratio={axis: _ratio(cost[axis], random_cost[axis]) for axis in AXES},
        at_most=at_most,
        at_least=at_least,
        spread=_spread(own, random, target),
        note=_note(reached, random_reached, curve, randoms, same=own[0].arm == random[0].arm),
    )


def _needs(curve: Sequence[MeanRound], target: float) -> dict[str, float | None]:
    f1 = [each.f1_mean for each in curve]
    return {axis: cost_to_reach(costs(curve, axis), f1, target) for axis in AXES}


def _ends(curve: Sequence[MeanRound]) -> dict[str, float | None]:
    return {axis: curve[-1].cost(axis) for axis in AXES}


def _ratio(own: float | None, random: float | None) -> float | None:
    return None if own is None or not random else own / random


def _bounds(own: Mapping[str, float | None], random: Mapping[str, float | None]) -> dict[str, float]:
    found = {axis: _ratio(own[axis], random[axis]) for axis in AXES}
    return {axis: ratio for axis, ratio in found.items() if ratio is not None}


def _spread(
    own: Sequence[RunRecord], random: Sequence[RunRecord], target: float
) -> dict[str, tuple[float, float]]:
    if len(own) < 3:
        return {}
    ratios: dict[str, list[float | None]] = {axis: [] for axis in AXES}
    for left_out in (run.seed for run in own):
        curve = mean_rounds([run for run in own if run.seed != left_out])
        randoms = mean_rounds([run for run in random if run.seed != left_out])
        cost, random_cost = _needs(curve, target), _needs(randoms, target)
        for axis in AXES:
            ratios[axis].append(_ratio(cost[axis], random_cost[axis]))
    known = {axis: [each for each in found if each is not None] for axis, found in ratios.items()}
    return {axis: (min(each), max(each)) for axis, each in known.items() if len(each) == len(own)}


def _note(
    reached: bool,
    random_reached: bool,
    curve: Sequence[MeanRound],
    randoms: Sequence[MeanRound],
    *,
    same: bool,
) -> str:
    own, random = _not_reached("Random" if same else "It", curve), _not_reached("Random", randoms)
    return " ".join(dict.fromkeys(([] if reached else [own]) + ([] if random_reached else [random])))


def _not_reached(who: str, curve: Sequence[MeanRound]) -> str:
    """The level is that of the monotone curve: one good round by chance is not enough."""
    level, texts = isotonic([each.f1_mean for each in curve])[-1], curve[-1].texts
    return f"{who} did not get there with {texts:,.0f} texts (its level at the end: F1 {100 * level:.1f})."
