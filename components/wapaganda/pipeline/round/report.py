"""The report of a round, in parts; as a dictionary it is flat."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from wapaganda.annotation import ReadReport
from wapaganda.calibration import Calibration
from wapaganda.metrics import AnnotatorAgreement
from wapaganda.ner import Span
from wapaganda.pipeline.round.assessment import Assessment
from wapaganda.pipeline.round.file_part import FilePart
from wapaganda.pipeline.selection.empty_answers import EmptyAnswer, describe_empty_answers
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.sampler import Selection
from wapaganda.stopping import Advice

if TYPE_CHECKING:
    from wapaganda.pipeline.training.versions import TrainingOutcome


@dataclass(frozen=True, slots=True)
class TrainingPart:
    """The training: whether the version went live and why; the texts it learned from and those held out.

    ``train_f1`` (0 to 1) and ``loss_share``: how well it knows its own training texts (``Fit``).
    ``undertrained``: the sentence about it; empty when it is not.
    """

    promoted: bool = False
    reason: str = "No model was trained."
    n_train: int = 0
    n_holdout: int = 0
    train_f1: float | None = None
    loss_share: float | None = None
    undertrained: str = ""

    @classmethod
    def of(cls, outcome: "TrainingOutcome | None") -> Self:
        """The part of a training; ``None``: there was none."""
        if outcome is None:
            return cls()
        decision, fit = outcome.decision, outcome.fit
        return cls(
            decision.promote,
            decision.reason,
            outcome.n_train,
            outcome.n_holdout,
            fit.f1 if fit else None,
            fit.loss_share if fit else None,
            fit.describe() if fit else "",
        )


@dataclass(frozen=True, slots=True)
class ScoresPart:
    """Strict span scores (0 to 1) of the new version on labels that it has not seen: held out, or
    out-of-fold when none are held out. ``previous_f1``: of the version that was live. ``None``: not
    measured."""

    f1: float | None = None
    previous_f1: float | None = None
    precision: float | None = None
    recall: float | None = None
    macro_f1: float | None = None
    per_type_f1: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, outcome: "TrainingOutcome | None") -> Self:
        """The scores of a training."""
        previous = outcome.previous_scores.micro.f1 if outcome and outcome.previous_scores else None
        if outcome is None or outcome.scores is None:
            return cls(previous_f1=previous)
        scores = outcome.scores
        per_type = {label: each.f1 for label, each in scores.per_type.items()}
        micro = scores.micro
        return cls(micro.f1, previous, micro.precision, micro.recall, scores.macro.f1, per_type)


@dataclass(frozen=True, slots=True)
class CalibrationPart:
    """The cross-fitting of the new version: F1 with its 95 % interval, the temperature, and the
    expected calibration error ``ece`` of its spans. ``None``: it was not cross-fitted."""

    cross_validated_f1: float | None = None
    cross_validated_interval: tuple[float, float] | None = None
    temperature: float | None = None
    ece: float | None = None

    @classmethod
    def of(cls, found: Calibration | None) -> Self:
        """The part of a calibration."""
        return (
            cls() if found is None else cls(found.f1, found.f1_interval, found.temperature, found.ece_after)
        )


@dataclass(frozen=True, slots=True)
class SelectionPart:
    """The selection: numbers of texts, the mean uncertainty of the pool, and all in one sentence."""

    n_pool: int = 0
    n_candidates: int = 0
    n_filled: int = 0
    n_duplicates: int = 0
    mean_uncertainty: float | None = None
    summary: str = ""

    @classmethod
    def of(cls, selection: Selection, scored: PoolScores | None) -> Self:
        """The part of a selection from a pool; ``scored`` is ``None`` without a model."""
        return cls(
            selection.n_pool,
            selection.n_candidates,
            selection.n_filled,
            selection.n_duplicates,
            float(np.mean(scored.scores)) if scored is not None and len(scored.scores) else None,
            selection.summary,
        )


@dataclass(frozen=True, slots=True)
class AssessmentPart:
    """The state of the project.

    ``estimated_f1``: of the live model on the unlabelled pool, from its own probabilities. ``agreement``: κ
    with the live model of the previous round. ``forecast``: the effect of the next labels, in words, with
    ``forecast_gain`` in F1 (0 to 1) and ``forecast_hours`` of annotation. ``pricing``: how a text is priced.
    ``advice``: whether to continue, and why.
    """

    should_stop: bool = False
    stop_reason: str = ""
    estimated_f1: float | None = None
    agreement: float | None = None
    forecast: str = ""
    forecast_gain: float | None = None
    forecast_hours: float | None = None
    pricing: str = ""
    advice: str = ""

    @classmethod
    def of(cls, found: Assessment, pricing: str, file: FilePart | None = None) -> Self:
        """The part of an assessment; ``file``: while the data set is completed, its state decides the
        advice."""
        advice, forecast = found.advice, found.forecast
        if file is not None and file.advice:
            advice = Advice(file.reached, file.advice)
        return cls(
            should_stop=advice.stop,
            stop_reason=advice.reason if advice.stop else "",
            estimated_f1=found.estimated_f1,
            agreement=found.agreement,
            forecast=forecast.summary,
            forecast_gain=forecast.gain,
            forecast_hours=forecast.hours,
            pricing=pricing,
            advice=advice.reason,
        )


@dataclass(frozen=True, slots=True)
class AnnotatorsPart:
    """The texts that two annotators or more have labelled: their number, the strict span F1 (0 to 1) of one
    answer against the other, and its 95 % interval. ``None``: there is no such text, or no span in them."""

    n_labelled_twice: int = 0
    annotator_f1: float | None = None
    annotator_interval: tuple[float, float] | None = None

    @classmethod
    def of(cls, found: AnnotatorAgreement) -> Self:
        """The part of an agreement."""
        return cls(found.n_texts, found.f1, found.interval)


@dataclass(frozen=True, slots=True)
class ProposalsPart:
    """What annotators are shown of the spans in the batch: those of at least the confidence
    ``proposal_floor`` (0 to 1). ``spans_shown`` and ``spans_hidden``: their numbers by type."""

    proposal_floor: float = 0.0
    spans_shown: dict[str, int] = field(default_factory=dict)
    spans_hidden: dict[str, int] = field(default_factory=dict)

    def of(self, proposed: Iterable[Span], shown: Iterable[Span]) -> Self:
        """The part with the numbers of these spans."""
        all_, seen = Counter(span.label for span in proposed), Counter(span.label for span in shown)
        return replace(self, spans_shown=_by_type(seen), spans_hidden=_by_type(all_ - seen))

    def describe(self) -> str:
        """One sentence; empty when nothing is hidden."""
        if not self.spans_hidden:
            return ""
        shown, hidden = sum(self.spans_shown.values()), sum(self.spans_hidden.values())
        types = ", ".join(f"{count:,} {label}" for label, count in self.spans_hidden.items())
        return (
            f"{hidden:,} of {shown + hidden:,} proposed spans are hidden, since their confidence is below "
            f"{self.proposal_floor:.2f}: {types}."
        )


@dataclass(frozen=True, slots=True)
class EmptyAnswersPart:
    """Answers of people that are empty although the model expects entities. ``doubted_empty``: the expected
    number of entities by the id of the text, the most confident model first."""

    doubted_empty: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Iterable[EmptyAnswer]) -> Self:
        """The part of these answers."""
        return cls({each.document.id: len(each.expected) for each in found})

    def describe(self) -> str:
        """One sentence; empty when there are none."""
        return describe_empty_answers(self.doubted_empty)


def _by_type(counts: Counter[str]) -> dict[str, int]:
    return {label: counts[label] for label in sorted(counts)}


@dataclass(frozen=True, slots=True)
class RoundReport:
    """One round of the loop.

    ``version``: the version that was trained, ``live``: the one that is live after it. ``release``: one
    sentence about the released batch. ``seconds`` by step. ``read``: of the whole source, not flattened.
    """

    number: int
    batch: str
    version: str | None
    live: str | None
    n_labelled: int
    n_released: int
    release: str = ""
    training: TrainingPart = field(default_factory=TrainingPart)
    scores: ScoresPart = field(default_factory=ScoresPart)
    calibration: CalibrationPart = field(default_factory=CalibrationPart)
    selection: SelectionPart = field(default_factory=SelectionPart)
    assessment: AssessmentPart = field(default_factory=AssessmentPart)
    annotators: AnnotatorsPart = field(default_factory=AnnotatorsPart)
    proposals: ProposalsPart = field(default_factory=ProposalsPart)
    empty: EmptyAnswersPart = field(default_factory=EmptyAnswersPart)
    file: FilePart = field(default_factory=FilePart)
    seconds: dict[str, float] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    read: ReadReport = field(default_factory=ReadReport)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready and flat: the field names of the report and of its parts are the keys."""
        flat: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, ReadReport):
                flat["read"] = value.to_dict()
                continue
            flat |= (
                asdict(value) if is_dataclass(value) and not isinstance(value, type) else {each.name: value}
            )
        return {_KEYS.get(name, name): value for name, value in flat.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``. Unknown keys are ignored; keys of later versions may be missing."""
        names = {key: name for name, key in _KEYS.items()}
        flat = {names.get(key, key): value for key, value in values.items()}
        interval = flat.get("cross_validated_interval")
        flat["cross_validated_interval"] = None if interval is None else (interval[0], interval[1])
        agreed = flat.get("annotator_interval")
        flat["annotator_interval"] = None if agreed is None else (agreed[0], agreed[1])
        file = flat.get("file_interval")
        flat["file_interval"] = None if file is None else (file[0], file[1])
        flat["messages"] = tuple(flat.get("messages", ()))
        flat["read"] = ReadReport.from_dict(flat.get("read", {}))
        parts = {name: part(**_known(part, flat)) for name, part in _PARTS.items()}
        return cls(**{**_known(cls, flat), **parts})


_PARTS: Mapping[str, type] = {
    "training": TrainingPart,
    "scores": ScoresPart,
    "calibration": CalibrationPart,
    "selection": SelectionPart,
    "assessment": AssessmentPart,
    "annotators": AnnotatorsPart,
    "proposals": ProposalsPart,
    "empty": EmptyAnswersPart,
    "file": FilePart,
}
_KEYS = {"messages": "notes", "summary": "selection"}
"""The keys on disk and in ``--json`` that differ from the field names."""


def _known(of: type, values: Mapping[str, Any]) -> dict[str, Any]:
    return {each.name: values[each.name] for each in fields(of) if each.name in values}
