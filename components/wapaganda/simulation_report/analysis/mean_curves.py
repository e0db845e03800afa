"""The mean curve of a strategy over its seeds, round by round."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from wapaganda.simulation import RoundRecord, RunRecord
from wapaganda.simulation_report.analysis.arithmetic import mean_of
from wapaganda.simulation_report.analysis.records import AXES


@dataclass(frozen=True, slots=True)
class MeanRound:
    """One round as the mean over ``n_seeds``: cost by axis, scores in [0, 1], ``None`` where not measured.

    ``f1_low`` and ``f1_high`` bound the 95 % t interval of the mean; with one seed there is none.
    ``chosen`` and ``near_duplicates`` count texts of the batch that this round's model chose.
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


def used_runs(runs: Sequence[RunRecord], arm: str) -> tuple[RunRecord, ...]:
    """The runs that represent a strategy: the complete ones, else all of them cut to the shortest."""
    own = sorted((run for run in runs if run.arm.name == arm and run.rounds), key=lambda run: run.seed)
    if complete := tuple(run for run in own if run.complete):
        return complete
    shortest = min((len(run.rounds) for run in own), default=0)
    return tuple(run.until(shortest) for run in own)


def mean_rounds(runs: Sequence[RunRecord]) -> tuple[MeanRound, ...]:
    """The mean over runs of every round that all of them have, oldest first."""
    return tuple(_mean(rounds) for rounds in zip(*(run.rounds for run in runs), strict=False))


def costs(rounds: Sequence[MeanRound], axis: str) -> list[float]:
    """The mean curve's costs by one axis, one a round."""
    return [each.cost(axis) for each in rounds]


def cost_of(record: RoundRecord, axis: str) -> float:
    """What the labels had cost up to a round, by the axis's name."""
    return float(getattr(record, axis))


def run_costs(run: RunRecord, axis: str) -> list[float]:
    """One run's costs by one axis, one a round."""
    return [cost_of(each, axis) for each in run.rounds]


def run_f1(run: RunRecord) -> list[float]:
    """One run's F1, one a round."""
    return [each.f1 for each in run.rounds]


def common_ranges(runs: Mapping[str, Sequence[RunRecord]]) -> dict[int, dict[str, tuple[float, float]]]:
    """By seed and axis the range of costs that the complete curves of all strategies cover.

    While no curve is complete, all count. A curve of one point covers nothing and is ignored; a range of no
    width is left out.
    """
    known = [run for own in runs.values() for run in own if len(run.rounds) > 1]
    curves = [run for run in known if run.complete] or known
    ranges: dict[int, dict[str, tuple[float, float]]] = {}
    for seed in sorted({run.seed for run in curves}):
        same = [run for run in curves if run.seed == seed]
        bounds = {
            axis: (
                max(cost_of(run.rounds[0], axis) for run in same),
                min(cost_of(run.rounds[-1], axis) for run in same),
            )
            for axis in AXES
        }
        ranges[seed] = {axis: (low, high) for axis, (low, high) in bounds.items() if low < high}
    return ranges


def _mean(rounds: Sequence[RoundRecord]) -> MeanRound:
    f1 = mean_of([each.f1 for each in rounds])
    return MeanRound(
        round=rounds[0].round,
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
        chosen=fmean(len(each.batch_ids) for each in rounds),
        **{axis: fmean(cost_of(each, axis) for each in rounds) for axis in AXES},
    )


def _known(rounds: Sequence[RoundRecord], value: Callable[[RoundRecord], float | None]) -> float | None:
    found = [number for each in rounds if (number := value(each)) is not None]
    return fmean(found) if len(found) == len(rounds) else None
