"""Areas under the curve, and the worst round against random."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from wapaganda.simulation import RunRecord
from wapaganda.simulation_report.analysis.arithmetic import Mean, area, at_cost, mean_of
from wapaganda.simulation_report.analysis.mean_curves import MeanRound, costs, run_costs, run_f1
from wapaganda.simulation_report.analysis.records import AXES

Ranges = Mapping[int, Mapping[str, tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Area:
    """Mean F1 over a range of costs that all strategies cover, and the paired difference to random's.

    ``low`` and ``high`` are the range (mean over seeds), in the axis's unit; F1 in [0, 1].
    """

    low: float
    high: float
    value: Mean
    difference: Mean | None


@dataclass(frozen=True, slots=True)
class WorstRound:
    """The round with the lowest difference to random at equal estimated seconds.

    ``delta_f1`` is in F1 points (0 to 100); both F1 in [0, 1].
    """

    round: int
    seconds: float
    f1: float
    random_f1: float
    delta_f1: float


def areas_of(
    own: Sequence[RunRecord],
    mine: Sequence[RunRecord],
    theirs: Sequence[RunRecord],
    ranges: Ranges,
    is_random: bool,
) -> dict[str, Area]:
    """By axis the area of the runs ``own``; ``mine`` and ``theirs`` are the pairs with random, by seed."""
    found = {}
    for axis in AXES:
        values = {run.seed: _area(run, axis, ranges) for run in own}
        known = {seed: value for seed, value in values.items() if value is not None}
        if not known:
            continue
        randoms = {run.seed: _area(run, axis, ranges) for run in theirs}
        pairs = [(known[run.seed], randoms[run.seed]) for run in mine if run.seed in known]
        differences = [a - b for a, b in pairs if b is not None]
        low, high = (fmean(ranges[seed][axis][end] for seed in known) for end in (0, 1))
        difference = mean_of(differences) if differences and not is_random else None
        found[axis] = Area(low, high, mean_of(list(known.values())), difference)
    return found


def _area(run: RunRecord, axis: str, ranges: Ranges) -> float | None:
    bounds = ranges.get(run.seed, {}).get(axis)
    cost = run_costs(run, axis)
    if bounds is None or not cost[0] <= bounds[0] or not bounds[1] <= cost[-1]:
        return None
    return area(cost, run_f1(run), *bounds)


def worst_of(own: Sequence[MeanRound], random: Sequence[MeanRound]) -> WorstRound | None:
    """The round of the mean curve ``own`` that is lowest; None if none is within random's costs."""
    if not own or not random:
        return None
    cost, f1 = costs(random, "seconds"), [each.f1_mean for each in random]
    met = [
        WorstRound(each.round, each.seconds, each.f1_mean, other, 100 * (each.f1_mean - other))
        for each in own[1:]  # the seed set is the same for all
        if cost[0] <= each.seconds <= cost[-1]
        for other in [at_cost(cost, f1, each.seconds)]
    ]
    return min(met, key=lambda each: each.delta_f1, default=None)
