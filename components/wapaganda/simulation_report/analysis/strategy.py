"""One strategy against random."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from wapaganda.simulation import RunRecord
from wapaganda.simulation_report.analysis.areas import Area, Ranges, WorstRound, areas_of, worst_of
from wapaganda.simulation_report.analysis.mean_curves import MeanRound, mean_rounds
from wapaganda.simulation_report.analysis.model_quality import (
    ModelQuality,
    TypeSummary,
    model_quality_of,
    types_of,
)
from wapaganda.simulation_report.analysis.savings import Saving, savings

# The names under which summary.json gives the ratios of each axis.
RATIO_NAMES = {
    "seconds": "cost_ratio_to_random",
    "texts": "text_ratio_to_random",
    "words": "word_ratio_to_random",
    "entities": "entity_ratio_to_random",
    "seconds_correcting": "correcting_ratio_to_random",
}


@dataclass(frozen=True, slots=True)
class StrategySummary:
    """The results of one strategy.

    ``seeds`` are those whose runs count here. ``complete``: every seed of the plan is among them, and at its
    end; ``finished``: the runs that count are at their end.
    """

    strategy: str
    measure: str
    is_random: bool
    seeds: tuple[int, ...]
    complete: bool
    finished: bool
    rounds: tuple[MeanRound, ...]
    areas: Mapping[str, Area]
    savings: Mapping[str, Saving]
    worst: WorstRound | None
    per_type: Mapping[str, TypeSummary]
    quality: ModelQuality
    train_seconds: float
    score_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the names that docs/choosing-a-strategy.md explains."""
        seconds = self.areas.get("seconds")
        difference = seconds.difference if seconds else None
        levels = {name: each for name, each in self.savings.items() if name[0].isdigit()}
        return {
            "strategy": self.strategy,
            "measure": self.measure,
            "seeds": len(self.seeds),
            "seed_list": list(self.seeds),
            "complete": self.complete,
            "finished": self.finished,
            "rounds": [each.to_dict() for each in self.rounds],
            "alc_seconds": seconds.value.mean if seconds else None,
            "alc_seconds_difference": asdict(difference) if difference else None,
            "areas": {axis: asdict(each) for axis, each in self.areas.items()},
            **{
                key: {name: each.ratio[axis] for name, each in levels.items()}
                for axis, key in RATIO_NAMES.items()
            },
            "ratio_notes": {name: each.note for name, each in self.savings.items() if each.note},
            "savings": {name: each.to_dict() for name, each in self.savings.items()},
            "worst_round_delta_f1": self.worst.delta_f1 if self.worst else None,
            "worst_round": asdict(self.worst) if self.worst else None,
            "per_type": {label: asdict(each) for label, each in self.per_type.items()},
            **self.quality.to_dict(),
            "train_seconds": self.train_seconds,
            "score_seconds": self.score_seconds,
        }


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """The baseline of all strategies: the random arm, its runs and the F1 of the whole pool.

    It also has, by seed and axis, the range of costs that all curves cover.
    """

    baseline: str | None
    random: Sequence[RunRecord]
    full_f1: float | None
    ranges: Ranges


def summarise_strategy(
    name: str, own: Sequence[RunRecord], comparison: BaselineComparison, *, complete: bool
) -> StrategySummary:
    """The results of the runs ``own``; comparisons use the seeds that random has, too."""
    is_random = name == comparison.baseline
    shared = {run.seed for run in own} & {run.seed for run in comparison.random}
    mine = [run for run in own if run.seed in shared]
    theirs = [run for run in comparison.random if run.seed in shared]
    last = [run.rounds[-1] for run in own]
    return StrategySummary(
        strategy=name,
        measure=own[0].arm.measure if own else "",
        is_random=is_random,
        seeds=tuple(run.seed for run in own),
        complete=complete,
        finished=bool(own) and all(run.complete for run in own),
        rounds=mean_rounds(own),
        areas=areas_of(own, mine, theirs, comparison.ranges, is_random),
        savings=savings(mine, theirs, comparison.full_f1),
        worst=None if is_random else worst_of(mean_rounds(mine), mean_rounds(theirs)),
        per_type=types_of(last),
        quality=model_quality_of(own),
        train_seconds=_mean_total(own, "train_seconds"),
        score_seconds=_mean_total(own, "score_seconds"),
    )


def _mean_total(runs: Sequence[RunRecord], name: str) -> float:
    totals = [sum(float(getattr(each, name)) for each in run.rounds) for run in runs]
    return fmean(totals) if totals else 0.0
