"""The quality of a strategy's models: calibration, error of the estimated F1, F1 by type."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from wapaganda.simulation import RoundRecord, RunRecord

Bins = tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, slots=True)
class TypeSummary:
    """One entity type at the last round, means over seeds: F1 in [0, 1], gold spans in the test texts
    (``support``) and spans among the labelled texts (``labelled``)."""

    f1: float
    support: int
    labelled: float


@dataclass(frozen=True, slots=True)
class CalibrationSummary:
    """Calibrations of ``n`` models as means: ECE and pool F1 in [0, 1]; bins joined over the models.

    ``error_before`` and ``error_after`` are the mean distances between estimated and true pool F1.
    """

    n: int
    texts: float
    temperature: float
    ece_before: float
    ece_after: float
    error_before: float | None
    error_after: float | None
    bins: Bins
    bins_before: Bins


@dataclass(frozen=True, slots=True)
class ModelQuality:
    """The calibration (None without one), and the distance of the estimated pool F1 to the true one.

    ``estimate_error`` is its mean over all rounds, ``estimate_worst`` its maximum, in [0, 1].
    """

    calibration: CalibrationSummary | None = None
    estimate_error: float | None = None
    estimate_worst: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def model_quality_of(runs: Sequence[RunRecord]) -> ModelQuality:
    """From all rounds of the runs that count."""
    rounds = [each for run in runs for each in run.rounds]
    errors = [error for each in rounds if (error := _error(each.estimated_f1, each)) is not None]
    return ModelQuality(
        calibration=_calibration(rounds),
        estimate_error=fmean(errors) if errors else None,
        estimate_worst=max(errors, default=None),
    )


def types_of(last: Sequence[RoundRecord]) -> dict[str, TypeSummary]:
    """By type, the most frequent in the test texts first; ``last`` holds one round a seed."""
    labels = {label for each in last for label in (*each.per_type, *each.labelled_types)}
    found = {label: _type(label, last) for label in labels}
    return dict(sorted(found.items(), key=lambda item: (-item[1].support, item[0])))


def _type(label: str, last: Sequence[RoundRecord]) -> TypeSummary:
    scores = [each.per_type.get(label) for each in last]
    return TypeSummary(
        f1=fmean(float(score["f1"]) if score else 0.0 for score in scores),
        support=max((int(score["support"]) for score in scores if score), default=0),
        labelled=fmean(each.labelled_types.get(label, 0) for each in last),
    )


def _calibration(rounds: Sequence[RoundRecord]) -> CalibrationSummary | None:
    made = [(each, each.calibration) for each in rounds if each.calibration is not None]
    if not made:
        return None
    before = [_error(calibration.get("estimated_f1_before"), each) for each, calibration in made]
    after = [_error(calibration.get("estimated_f1_after"), each) for each, calibration in made]
    return CalibrationSummary(
        n=len(made),
        texts=fmean(each.texts for each, _ in made),
        temperature=fmean(calibration["temperature"] for _, calibration in made),
        ece_before=fmean(calibration["ece_before"] for _, calibration in made),
        ece_after=fmean(calibration["ece_after"] for _, calibration in made),
        error_before=_mean_known(before),
        error_after=_mean_known(after),
        bins=_joined([calibration.get("bins") or () for _, calibration in made]),
        bins_before=_joined([calibration.get("bins_before") or () for _, calibration in made]),
    )


def _error(estimated: float | None, each: RoundRecord) -> float | None:
    if estimated is None or each.true_pool_f1 is None:
        return None
    return abs(estimated - each.true_pool_f1)


def _mean_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _joined(models: Sequence[Sequence[Sequence[float]]]) -> Bins:
    """The k-th bins of all models as one, weighted by their spans; a model may have fewer bins."""
    joined = []
    for number in range(max(map(len, models), default=0)):
        own = [bins[number] for bins in models if number < len(bins)]
        n = int(sum(count for _, _, count in own))
        if n:
            confidence = sum(each * count for each, _, count in own) / n
            right = sum(each * count for _, each, count in own) / n
            joined.append((confidence, right, n))
    return tuple(joined)
