"""The summary of a simulation: every strategy's curve, and its savings against random."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from wapaganda.simulation import FULL
from wapaganda.simulation_report.analysis.data_set import DataSetSummary, summarise_data_set
from wapaganda.simulation_report.analysis.mean_curves import common_ranges, used_runs
from wapaganda.simulation_report.analysis.model_quality import TypeSummary, types_of
from wapaganda.simulation_report.analysis.records import RANDOM, Records, read_records
from wapaganda.simulation_report.analysis.remarks import missing_of, remarks_of
from wapaganda.simulation_report.analysis.strategy import (
    BaselineComparison,
    StrategySummary,
    summarise_strategy,
)


@dataclass(frozen=True, slots=True)
class FullData:
    """The models trained on the whole pool: F1 in [0, 1] as the mean over ``seeds``, and the pool's size."""

    seeds: tuple[int, ...]
    f1: float
    texts: int
    words: int
    entities: int
    seconds: float
    per_type: Mapping[str, TypeSummary]


@dataclass(frozen=True, slots=True)
class Summary:
    """A whole simulation, finished or not.

    ``missing`` says what an unfinished simulation lacks, ``remarks`` what makes its numbers weak. ``plan``
    and ``corpus`` are as in plan.json; ``test_entities`` counts the test texts' gold spans. ``data_set``: the
    simulated data set (``None``: there is none).
    """

    corpus: Mapping[str, Any]
    plan: Mapping[str, Any]
    seeds: tuple[int, ...]
    full: FullData | None
    strategies: tuple[StrategySummary, ...]
    complete: bool
    missing: tuple[str, ...]
    remarks: tuple[str, ...]
    test_entities: int
    data_set: DataSetSummary | None = None

    @property
    def full_f1(self) -> float | None:
        """F1 in [0, 1] of training on the whole pool, None when that was not done."""
        return self.full.f1 if self.full else None

    @property
    def random(self) -> StrategySummary | None:
        """The strategy that all are compared with, None when it was not simulated."""
        return next((arm for arm in self.strategies if arm.is_random), None)

    @property
    def best(self) -> StrategySummary | None:
        """The strategy with the largest area by estimated seconds, random among them."""
        known = [arm for arm in self.strategies if "seconds" in arm.areas]
        return max(known, key=lambda arm: arm.areas["seconds"].value.mean, default=None)

    def to_dict(self) -> dict[str, Any]:
        """What summary.json holds."""
        full = self.full
        return {
            "corpus": dict(self.corpus),
            "plan": dict(self.plan),
            "complete": self.complete,
            "missing": list(self.missing),
            "remarks": list(self.remarks),
            "seeds": list(self.seeds),
            "full_f1": self.full_f1,
            "full_seeds": list(full.seeds) if full else [],
            "pool": {"texts": full.texts, "words": full.words, "entities": full.entities} if full else None,
            "test_entities": self.test_entities,
            "strategies": [arm.to_dict() for arm in self.strategies],
            "data_set": self.data_set.to_dict() if self.data_set else None,
        }


def summarise(out: Path) -> Summary:
    """Summarise the plan and the runs in the folder ``out``, finished or not.

    Raises:
        FileNotFoundError: nothing was simulated there.
        InputError: plan.json is not a JSON object.
    """
    return summary_of(read_records(out))


def summary_of(records: Records) -> Summary:
    """Summarise the records, finished or not."""
    used = {arm: used_runs(records.runs, arm) for arm in records.arms}
    full = _full(records)
    baseline = _baseline(records)
    comparison = BaselineComparison(
        baseline, used[baseline] if baseline else (), full.f1 if full else None, common_ranges(used)
    )
    arms = tuple(
        summarise_strategy(arm, used[arm], comparison, complete=_complete(records, arm))
        for arm in records.arms
    )
    missing = missing_of(records)
    tested = max((sum(each.support for each in arm.per_type.values()) for arm in arms), default=0)
    return Summary(
        corpus=_mapping(records.plan.get("corpus")),
        plan={name: value for name, value in records.plan.items() if name != "corpus"},
        seeds=records.seeds,
        full=full,
        strategies=arms,
        complete=not missing,
        missing=missing,
        remarks=remarks_of(records, arms, tested, full.f1 if full else None),
        test_entities=tested,
        data_set=summarise_data_set(records.data_set_plan, records.data_set),
    )


def _baseline(records: Records) -> str | None:
    """The first strategy that is random; an arm is named STRATEGY or STRATEGY:MEASURE."""
    return next((arm for arm in records.arms if arm.partition(":")[0] == RANDOM), None)


def _complete(records: Records, arm: str) -> bool:
    done = {run.seed for run in records.runs if run.arm.name == arm and run.complete}
    return done >= set(records.seeds)


def _full(records: Records) -> FullData | None:
    runs = [run for run in records.runs if run.arm.name == FULL and run.complete and run.rounds]
    if not runs:
        return None
    last = [run.rounds[-1] for run in runs]
    return FullData(
        seeds=tuple(sorted(run.seed for run in runs)),
        f1=fmean(each.f1 for each in last),
        texts=last[0].texts,
        words=last[0].words,
        entities=last[0].entities,
        seconds=last[0].seconds,
        per_type=types_of(last),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
