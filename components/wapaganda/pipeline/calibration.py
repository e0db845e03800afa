"""How far a model's confidence can be trusted, by models that have not learnt the texts: cross-fitting."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import ConfidenceMap
from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, Span, align_spans, encode_tags, gold_spans
from wapaganda.pipeline.ports import Progress, silent
from wapaganda.tagger import TaggedText
from wapaganda.trainer import Recipe, StepReport, cross_fit
from wapaganda.uncertainty import (
    Reliability,
    expect,
    expected_calibration_error,
    fit_confidence,
    fit_temperature,
    reliability,
    span_confidence,
    tempered,
)

MINIMUM_TEXTS = 20
"""With fewer labelled texts nothing is calibrated: a handful of spans tells no confidence from another."""

_CURVE = 0.3
"""Errors fall with the number n of labelled texts about as n^−0.3: the exponent is from 0.16 to 0.63 on four
corpora (docs/experiments.md)."""
_USUAL, _USUAL_WEIGHT = ConfidenceMap(1.1, -0.55), (45.0, 12.0)
"""What the spans of tempered models needed on four corpora, and the inverse of how much it varied."""
_DRAWS = 1_000  # of the bootstrap
_MODEL_BIAS = 0.05
"""Standard deviation of what a tempered model's own expectation of F1 is off by (docs/experiments.md)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What cross-fitting tells of a model.

    ``temperature`` to divide the tag scores by, and then ``confidence``, from the probability of a span to
    the score that is shown. ``f1``: cross-validated strict micro F1, with the bounds of a 95 % bootstrap
    interval over texts in ``f1_interval``; it is biased where texts were chosen actively. ``expected_f1``:
    what the tempered out-of-fold answers themselves expected it to be.
    ``folds``: the models learnt all but one part of so many.
    ``ece_before`` and ``ece_after``: expected calibration error of the out-of-fold spans without and with the
    two, which are fitted for each half of the texts to the other half, for the models of the folds; ``bins``
    after. ``out_of_fold``: the
    answers themselves, as they came, in the order of the documents; not kept on disk.
    """

    temperature: float
    confidence: ConfidenceMap
    f1: float
    f1_interval: tuple[float, float]
    expected_f1: float
    ece_before: float
    ece_after: float
    n_texts: int
    folds: int = 4
    bins: tuple[Reliability, ...] = ()
    out_of_fold: Sequence[TaggedText] = field(default=(), repr=False, compare=False)

    def corrected(self, expected: float) -> float:
        """The F1 of other texts, from what the tempered model expects it to be.

        On the labelled texts the expectation was off by ``f1 − expected_f1``, and by as much more as a model
        of all of them is better than those of all folds but one. As much of that as is no chance, by the
        width of the interval, is taken to hold for other texts, too (a shrunken difference estimator:
        Särndal et al. 1992, "Model assisted survey sampling").
        """
        low, high = self.f1_interval
        chance = (high - low) / 3.92
        share = _MODEL_BIAS**2 / (_MODEL_BIAS**2 + chance**2)
        of_all = self.f1 + _mended(self.folds) * (1.0 - self.f1)
        return min(1.0, max(0.0, expected + share * (of_all - self.expected_f1)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON, without the answers."""
        return {
            "temperature": self.temperature,
            "confidence": asdict(self.confidence),
            "f1": self.f1,
            "f1_interval": list(self.f1_interval),
            "expected_f1": self.expected_f1,
            "ece_before": self.ece_before,
            "ece_after": self.ece_after,
            "n_texts": self.n_texts,
            "folds": self.folds,
            "bins": [list(each) for each in self.bins],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``."""
        low, high = values["f1_interval"]
        bins = tuple(Reliability(*each) for each in values["bins"])
        confidence = ConfidenceMap(**values["confidence"])
        return cls(**{**values, "confidence": confidence, "f1_interval": (low, high), "bins": bins})


def calibrate(
    documents: Sequence[Document],
    schema: LabelSchema,
    encoder: str,
    recipe: Recipe,
    *,
    folds: int = 4,
    unlabelled: Sequence[str] = (),
    keep: Path | None = None,
    progress: Progress = silent,
    device: str = "auto",
) -> Calibration:
    """Cross-fit labelled documents and tell calibration and F1 from the out-of-fold answers.

    It costs ``folds`` trainings, with ``unlabelled`` texts those of ``train``, and one reading of all
    documents. ``keep``: as for ``cross_fit``.

    Raises:
        EncoderUnavailable: the encoder cannot be had.
        ValueError: a document is not labelled, or there are fewer different texts than folds.
    """
    answers = cross_fit(
        documents,
        schema,
        encoder,
        recipe,
        folds=folds,
        unlabelled=unlabelled,
        keep=keep,
        on_step=_teller(folds, progress),
        device=device,
    )
    gold = gold_spans(documents)
    log_probs = [answer.log_probs for answer in answers]
    tags = [
        encode_tags(align_spans(spans, answer.words)[0], answer.words, schema)
        for spans, answer in zip(gold, answers, strict=True)
    ]
    before, after = span_confidence(log_probs, tags), _crosswise(log_probs, tags)
    temperature, confidence = _fit(log_probs, tags, _mended(folds))
    predicted = [answer.spans for answer in answers]
    return Calibration(
        temperature=temperature,
        confidence=confidence,
        f1=evaluate(gold, predicted).micro.f1,
        f1_interval=_f1_interval(gold, predicted, recipe.seed),
        expected_f1=expect(tempered(log_probs, temperature)).f1(),
        ece_before=expected_calibration_error(*before),
        ece_after=expected_calibration_error(*after),
        n_texts=len(documents),
        folds=folds,
        bins=tuple(reliability(*after)),
        out_of_fold=answers,
    )


def too_few_to_calibrate(documents: Sequence[Document], folds: int) -> bool:
    """Whether there are too few labelled texts, or texts with entities, for that many folds."""
    filled = {document.text for document in documents if document.spans}
    return len(documents) < MINIMUM_TEXTS or len(filled) < 2 * folds


def _mended(folds: int) -> float:
    """The share of the errors of a model of all folds but one that a model of all of them does not make.

    Errors as a power of the number of texts: Hestness et al. 2017, "Deep learning scaling is predictable,
    empirically".
    """
    return 1.0 - float((1.0 - 1.0 / folds) ** _CURVE)


def _fit(
    log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]], mended: float = 0.0
) -> tuple[float, ConfidenceMap]:
    """The temperature, and the map for a model that gets the share ``mended`` of the wrong spans right."""
    temperature = fit_temperature(log_probs, tags)
    sure, right = span_confidence(tempered(log_probs, temperature), tags)
    outcomes = np.where(right, 1.0, mended)
    return temperature, fit_confidence(sure, outcomes, prior=_USUAL, weight=_USUAL_WEIGHT)


def _crosswise(
    log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence and correctness of the spans, each half of the texts by what was fitted to the other."""
    parts = []
    for here, there in ((0, 1), (1, 0)):
        temperature, confidence = _fit(log_probs[there::2], tags[there::2])
        sure, right = span_confidence(tempered(log_probs[here::2], temperature), tags[here::2])
        parts.append((confidence(sure), right))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _f1_interval(
    gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]], seed: int
) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles of micro F1 over texts drawn with replacement (Efron 1979)."""
    right = np.array([len(set(a) & set(b)) for a, b in zip(gold, predicted, strict=True)])
    total = np.array([len(a) + len(b) for a, b in zip(gold, predicted, strict=True)])
    rng, n = np.random.default_rng(seed), len(gold)
    rows = (rng.integers(n, size=n) for _ in range(_DRAWS))
    drawn = [2 * right[row].sum() / max(1, total[row].sum()) for row in rows]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _teller(folds: int, progress: Progress) -> Callable[[StepReport], None]:
    """Tells the steps of all trainings together; a training begun anew does not count twice."""
    begun = 0
    progress("calibrate", 0, 0)

    def tell(report: StepReport) -> None:
        nonlocal begun
        begun += report.step == 1 and report.attempt == 1
        progress("calibrate", (begun - 1) * report.steps + report.step, folds * report.steps)

    return tell
