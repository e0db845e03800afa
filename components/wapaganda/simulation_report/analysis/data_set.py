"""The finished data set: hours until the whole file is right, against the standard alternative."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, log
from statistics import fmean
from typing import Any

import numpy as np

from wapaganda.simulation import DataSetRecord, WayRecord
from wapaganda.simulation_report.analysis.arithmetic import isotonic, student_t95

OURS, STANDARD, PROPOSALS = "ours", "standard", "proposals"
WAYS = {
    STANDARD: "the standard alternative: random order, no proposals, a plain recipe",
    "trainer": "the same with the product’s trainer",
    PROPOSALS: "the same with its proposals, corrected",
    "chosen": "batches for the model before the review, which is in random order with the same model",
    OURS: "the product: proposals, the review’s order, and trainings in between",
}
"""The ways to a data set from the alternative to the product, each with one step more."""
_GRID = 50  # levels of F1 at which the hours of two models are compared


@dataclass(frozen=True, slots=True)
class HoursRatio:
    """Our hours divided by those of something else: the geometric mean over ``n`` seeds or corpora.

    ``low`` and ``high``: the 95% jackknife interval (``None`` for one). ``at_most``: no mean, since some of
    the others never get there; the ratio is below this.
    """

    mean: float | None
    n: int
    low: float | None = None
    high: float | None = None
    at_most: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def ratio_of(values: Sequence[float]) -> HoursRatio | None:
    """The geometric mean of ratios with its jackknife interval (Tukey 1958); ``None`` without ratios.

    Student's t with n − 1 degrees of freedom.
    """
    if not values:
        return None
    logs, n = [log(value) for value in values], len(values)
    centre = fmean(logs)
    if n == 1:
        return HoursRatio(exp(centre), 1)
    without = [(sum(logs) - each) / (n - 1) for each in logs]
    error = ((n - 1) / n * sum((each - fmean(without)) ** 2 for each in without)) ** 0.5
    half = student_t95(n - 1) * error
    return HoursRatio(exp(centre), n, exp(centre - half), exp(centre + half))


@dataclass(frozen=True, slots=True)
class DataSetSummary:
    """The finished data set of one labelled file, as means over ``seeds``.

    ``h1``: by level, our hours until the file has this F1, divided by those of the standard alternative.
    ``h2``: the same for the F1 of the model on the test texts, over the levels that both reach. ``h3``: as
    ``h2``, against the product's own trainer and proposals in random order. ``hours``: by way and level.
    ``conditions``: ``h1`` for other annotators and prices. ``review``: hours of the first review in our
    order divided by those in random order, without another training. ``estimate_errors``: of the estimated
    F1 of the file where the model was cross-fitted, each in F1. ``None``: not reached, or not simulated.
    """

    plan: Mapping[str, Any]
    records: tuple[DataSetRecord, ...]
    h1: Mapping[str, HoursRatio | None]
    h2: HoursRatio | None
    h3: HoursRatio | None
    hours: Mapping[str, Mapping[str, float | None]]
    conditions: Mapping[str, Mapping[str, HoursRatio | None]]
    review: Mapping[str, HoursRatio | None]
    estimate_errors: tuple[float, ...]

    @property
    def n_texts(self) -> int:
        """The number of texts in the file."""
        return self.records[0].n_texts

    @property
    def n_entities(self) -> int:
        """The number of true spans in the file."""
        return self.records[0].n_entities

    @property
    def hours_by_hand(self) -> float:
        """The hours to mark the whole file from scratch."""
        return self.records[0].hours_by_hand

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that are simulated."""
        return tuple(each.seed for each in self.records)

    def to_dict(self) -> dict[str, Any]:
        """What summary.json holds under ``data_set``."""
        return {
            "texts": self.n_texts,
            "entities": self.n_entities,
            "hours_by_hand": round(self.hours_by_hand, 3),
            "seeds": list(self.seeds),
            "alternative": self.plan.get("alternative"),
            "h1": _plain(self.h1),
            "h2": self.h2.to_dict() if self.h2 else None,
            "h3": self.h3.to_dict() if self.h3 else None,
            "hours": {name: dict(each) for name, each in self.hours.items()},
            "h1_conditions": {name: _plain(each) for name, each in self.conditions.items()},
            "review_against_random": _plain(self.review),
            "estimate_errors": [round(each, 5) for each in self.estimate_errors],
        }


def summarise_data_set(plan: Mapping[str, Any], records: Sequence[DataSetRecord]) -> DataSetSummary | None:
    """The summary of the seeds; ``None`` without any."""
    if not records:
        return None
    levels = list(records[0].ways[OURS].hours_to)
    pairs = [(each.ways[OURS], each.ways[STANDARD]) for each in records]
    rival = [(each.ways[OURS], each.ways[PROPOSALS]) for each in records if PROPOSALS in each.ways]
    names = [each.name for each in records[0].conditions]
    condition = {
        name: [each for record in records for each in record.conditions if each.name == name]
        for name in names
    }
    reviews = [each.reviews[0] for each in records if each.reviews]
    ways = [name for name in WAYS if all(name in each.ways for each in records)]
    return DataSetSummary(
        plan=plan,
        records=tuple(records),
        h1={level: _ratio(pairs, lambda way, level=level: way.hours_to[level]) for level in levels},  # type: ignore[misc]
        h2=model_hours(pairs),
        h3=model_hours(rival),
        hours={
            name: {level: _mean([each.ways[name].hours_to[level] for each in records]) for level in levels}
            for name in ways
        },
        conditions={
            name: {
                level: _quotients([(one.ours[level], one.standard[level]) for one in found])
                for level in levels
            }
            for name, found in condition.items()
        },
        review={
            level: _quotients([(each.ours[level], each.random[level]) for each in reviews])
            for level in levels
        },
        estimate_errors=tuple(
            each.estimated - each.true for record in records for each in record.estimates if each.calibrated
        ),
    )


def model_hours(pairs: Sequence[tuple[WayRecord, WayRecord]]) -> HoursRatio | None:
    """Hours to a model: the mean log ratio over the F1 on the test texts that both ways reach.

    The curves are made monotone, and linear in the logarithm of the hours. A way whose first model is better
    than the best of the other has only a bound: its hours then, divided by all of the other.
    """
    means, bounds = [], []
    for own, other in pairs:
        if len(own.models) < 2 or len(other.models) < 2:
            continue
        one, two = (
            isotonic([each.test_f1 for each in own.models]),
            isotonic([each.test_f1 for each in other.models]),
        )
        low, high = max(one[0], two[0]), min(one[-1], two[-1])
        if high <= low:
            if one[0] >= two[-1]:
                bounds.append(own.models[0].hours / other.models[-1].hours)
            continue
        levels = np.linspace(low, high, _GRID)
        spent = [
            np.interp(levels, f1, np.log([each.hours for each in way.models]))
            for way, f1 in ((own, one), (other, two))
        ]
        means.append(exp(float(np.mean(spent[0] - spent[1]))))
    if bounds and not means:
        return HoursRatio(None, len(bounds), at_most=max(bounds))
    return ratio_of(means)


def _ratio(
    pairs: Sequence[tuple[WayRecord, WayRecord]], hours: Callable[[WayRecord], float | None]
) -> HoursRatio | None:
    return _quotients([(hours(own), hours(other)) for own, other in pairs])


def _quotients(pairs: Sequence[tuple[float | None, float | None]]) -> HoursRatio | None:
    """``None`` when one of them does not get there, or was there from the start."""
    found = [own / other for own, other in pairs if own and other]
    return ratio_of(found) if len(found) == len(pairs) else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(fmean(known), 4) if len(known) == len(values) else None


def _plain(ratios: Mapping[str, HoursRatio | None]) -> dict[str, Any]:
    return {level: each.to_dict() if each else None for level, each in ratios.items()}
