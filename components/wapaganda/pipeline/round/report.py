"""What a round did, as one plain value for a table, a log, a file or MLflow."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from wapaganda.pipeline.round.assessment import Assessment
from wapaganda.pipeline.training.versions import TrainingOutcome
from wapaganda.sampler import Selection


@dataclass(frozen=True, slots=True)
class RoundReport:
    """One round of the loop; scores are strict span scores (0 to 1) on labels that the model has not learnt,
    held out or, with ``n_holdout`` of 0, by cross-fitting; ``None`` where not measured.

    ``estimated_f1``: of the live model on the unlabelled pool, by its own expectation. Of the new version, by
    cross-fitting: ``cross_validated_f1`` with its 95 % interval, ``temperature``, and ``ece``, the error of
    its spans' confidence. ``agreement``: κ with the live model of the round before. ``forecast``: what the
    next labels buy, in words, with ``forecast_gain`` in F1 (0 to 1) and ``forecast_hours`` of annotation;
    ``pricing``: how a text is priced; ``advice``: whether to go on, and why.
    """

    number: int
    batch: str
    version: str | None
    live: str | None
    promoted: bool
    reason: str
    n_labelled: int
    n_train: int
    n_holdout: int
    f1: float | None
    previous_f1: float | None
    precision: float | None
    recall: float | None
    macro_f1: float | None
    per_type_f1: dict[str, float]
    n_pool: int
    n_candidates: int
    n_released: int
    n_filled: int
    n_duplicates: int
    mean_uncertainty: float | None
    selection: str
    release: str
    should_stop: bool
    stop_reason: str
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    estimated_f1: float | None = None
    cross_validated_f1: float | None = None
    cross_validated_interval: tuple[float, float] | None = None
    temperature: float | None = None
    ece: float | None = None
    agreement: float | None = None
    forecast: str = ""
    forecast_gain: float | None = None
    forecast_hours: float | None = None
    pricing: str = ""
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the field names as keys."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RoundReport":
        """The inverse of ``to_dict``; a report of an earlier version lacks what was not measured then."""
        interval = values.get("cross_validated_interval")
        plain = {
            "notes": tuple(values.get("notes", ())),
            "cross_validated_interval": None if interval is None else (interval[0], interval[1]),
        }
        return cls(**{**values, **plain})


def draft_report(
    number: int,
    trained: TrainingOutcome | None,
    selection: Selection,
    outlook: Assessment,
    *,
    batch: str,
    live: str | None,
    n_labelled: int,
    mean_uncertainty: float | None,
    pricing: str,
    seconds: Mapping[str, float],
    notes: Sequence[str],
) -> RoundReport:
    """The report of a round whose batch is chosen but not released yet."""
    scores = trained.scores if trained else None
    previous = trained.previous_scores if trained else None
    calibration = trained.calibration if trained else None
    return RoundReport(
        number=number,
        batch=batch,
        version=trained.version if trained else None,
        live=live,
        promoted=bool(trained and trained.decision.promote),
        reason=trained.decision.reason if trained else "No model was trained.",
        n_labelled=n_labelled,
        n_train=trained.n_train if trained else 0,
        n_holdout=trained.n_holdout if trained else 0,
        f1=scores.micro.f1 if scores else None,
        previous_f1=previous.micro.f1 if previous else None,
        precision=scores.micro.precision if scores else None,
        recall=scores.micro.recall if scores else None,
        macro_f1=scores.macro.f1 if scores else None,
        per_type_f1={label: each.f1 for label, each in scores.per_type.items()} if scores else {},
        n_pool=selection.n_pool,
        n_candidates=selection.n_candidates,
        n_released=len(selection.picks),
        n_filled=selection.n_filled,
        n_duplicates=selection.n_duplicates,
        mean_uncertainty=mean_uncertainty,
        selection=selection.summary,
        release="",
        should_stop=outlook.advice.stop,
        stop_reason=outlook.advice.reason if outlook.advice.stop else "",
        seconds=dict(seconds),
        notes=tuple(notes),
        estimated_f1=outlook.estimated_f1,
        cross_validated_f1=calibration.f1 if calibration else None,
        cross_validated_interval=calibration.f1_interval if calibration else None,
        temperature=calibration.temperature if calibration else None,
        ece=calibration.ece_after if calibration else None,
        agreement=outlook.agreement,
        forecast=outlook.forecast.summary,
        forecast_gain=outlook.forecast.gain,
        forecast_hours=outlook.forecast.hours,
        pricing=pricing,
        advice=outlook.advice.reason,
    )
