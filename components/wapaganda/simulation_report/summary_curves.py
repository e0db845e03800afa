"""The mean curve of a strategy over its seeds, round by round."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from wapaganda.simulation_report.summary_measures import mean_of
from wapaganda.simulation_report.summary_records import AXES, Round, Run


@dataclass(frozen=True, slots=True)
class MeanRound:
    """One round as the mean over ``n_seeds``: cost by axis, scores in [0, 1], ``None`` where not measured.

    ``f1_low`` and ``f1_high`` bound the 95 % t interval of the mean; with one seed there is none.
    ``chosen`` and ``near_duplicates`` tell of the batch that this round's model chose.
    """

    round: int
    n_seeds: int
    texts: float
    words: float
    entities: float
    seconds: float
    seconds_correcting: float
    f1_mean: float
    f1_std: float | None
    f1_low: float | None
    f1_high: float | None
    precision: float
    recall: float
    macro_f1: float
    estimated_f1: float | None
    true_pool_f1: float | None
    near_duplicates: float
    chosen: float

    def cost(self, axis: str) -> float:
        """What the labels had cost up to here, by the axis's name."""
        return float(getattr(self, axis))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def used_runs(runs: Sequence[Run], arm: str) -> tuple[Run, ...]:
    """The runs that speak for a strategy: the complete ones, else all of them cut to the shortest."""
    own = sorted((run for run in runs if run.arm == arm and run.rounds), key=lambda run: run.seed)
    if complete := tuple(run for run in own if run.complete):
        return complete
    shortest = min((len(run.rounds) for run in own), default=0)
    return tuple(
        Run(run.arm, run.strategy, run.measure, run.seed, False, run.rounds[:shortest]) for run in own
    )


def mean_rounds(runs: Sequence[Run]) -> tuple[MeanRound, ...]:
    """The mean over runs of every round that all of them have, oldest first."""
    return tuple(_mean(rounds) for rounds in zip(*(run.rounds for run in runs), strict=False))


def costs(rounds: Sequence[MeanRound], axis: str) -> list[float]:
    """The mean curve's costs by one axis, one a round."""
    return [each.cost(axis) for each in rounds]


def run_costs(run: Run, axis: str) -> list[float]:
    """One run's costs by one axis, one a round."""
    return [each.cost[axis] for each in run.rounds]


def run_f1(run: Run) -> list[float]:
    """One run's F1, one a round."""
    return [each.f1 for each in run.rounds]


def common_ranges(runs: Mapping[str, Sequence[Run]]) -> dict[int, dict[str, tuple[float, float]]]:
    """By seed and axis the range of costs that all strategies' curves cover, as far as they are complete.

    While there is no complete one, all count. Curves of a single point cover nothing and are passed over;
    ranges of no width are left out.
    """
    known = [run for own in runs.values() for run in own if len(run.rounds) > 1]
    curves = [run for run in known if run.complete] or known
    ranges: dict[int, dict[str, tuple[float, float]]] = {}
    for seed in sorted({run.seed for run in curves}):
        same = [run for run in curves if run.seed == seed]
        bounds = {
            axis: (
                max(run.rounds[0].cost[axis] for run in same),
                min(run.rounds[-1].cost[axis] for run in same),
            )
            for axis in AXES
        }
        ranges[seed] = {axis: (low, high) for axis, (low, high) in bounds.items() if low < high}
    return ranges


def _mean(rounds: Sequence[Round]) -> MeanRound:
    f1 = mean_of([each.f1 for each in rounds])
    return MeanRound(
        round=rounds[0].number,
        n_seeds=len(rounds),
        f1_mean=f1.mean,
        f1_std=f1.std,
        f1_low=f1.low,
        f1_high=f1.high,
        precision=fmean(each.precision for each in rounds),
        recall=fmean(each.recall for each in rounds),
        macro_f1=fmean(each.macro_f1 for each in rounds),
        estimated_f1=_known(rounds, lambda each: each.estimated_f1),
        true_pool_f1=_known(rounds, lambda each: each.true_pool_f1),
        near_duplicates=fmean(each.near_duplicates for each in rounds),
        chosen=fmean(each.chosen for each in rounds),
        **{axis: fmean(each.cost[axis] for each in rounds) for axis in AXES},
    )


def _known(rounds: Sequence[Round], value: Callable[[Round], float | None]) -> float | None:
    found = [number for each in rounds if (number := value(each)) is not None]
    return fmean(found) if len(found) == len(rounds) else None
