"""The results of cross-fitting: calibration, cross-validated F1, and estimates from both."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration.confidence import ConfidenceMap, fit_confidence
from wapaganda.calibration.reliability import (
    Reliability,
    expected_calibration_error,
    reliability,
    span_confidence,
)
from wapaganda.calibration.temperature import apply_temperature, fit_temperature
from wapaganda.ner import Span

_CURVE = 0.3
"""Errors fall with the number n of labelled texts about as n^−0.3: the exponent is from 0.16 to 0.63 on four
corpora (docs/experiments.md)."""
_PRIOR, _PRIOR_WEIGHT = ConfidenceMap(1.1, -0.55), (45.0, 12.0)
"""The mean map for spans of temperature-scaled models on four corpora, and the inverse of its variance."""
_RESAMPLES = 1_000  # of the bootstrap
_MODEL_BIAS = 0.05
"""Standard deviation of the error in the F1 that a temperature-scaled model expects (docs/experiments.md)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The results of cross-fitting a model.

    ``temperature``: the tag scores are divided by it. ``confidence``: the map from the probability of a span
    to the score that is shown. ``f1``: cross-validated strict micro F1; ``f1_interval``: its 95 % bootstrap
    interval over texts. It is biased where texts were chosen actively. ``expected_f1``: the F1 that the
    temperature-scaled out-of-fold predictions expect of themselves. ``ece_before`` and ``ece_after``:
    expected calibration error of the out-of-fold spans without and with the two corrections, which are fitted
    to one half of the texts and applied to the other; ``bins`` after. ``folds``: the number of the models.
    ``false_positives`` and ``misses``: wrong predicted and not predicted spans out of fold, and how many a
    typical model makes with the same temperature-scaled predictions; 0: not counted, by earlier versions.
    ``per_type_f1``: ``f1`` of each label; empty: of earlier versions.
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
    false_positives: int = 0
    misses: int = 0
    expected_false_positives: float = 0.0
    expected_misses: float = 0.0
    per_type_f1: Mapping[str, float] = field(default_factory=dict)

    def corrected(self, expected: float) -> float:
        """The F1 on other texts, from the F1 that the temperature-scaled model expects there.

        On the labelled texts the expectation is off by ``f1 − expected_f1``, and a model of all texts is
        better than the models of all folds but one. The part of that difference that is not chance, by the
        width of the interval, is added (a shrunken difference estimator: Särndal et al. 1992, "Model assisted
        survey sampling").
        """
        low, high = self.f1_interval
        chance = (high - low) / 3.92
        share = _MODEL_BIAS**2 / (_MODEL_BIAS**2 + chance**2)
        of_all = self.f1 + share_corrected(self.folds) * (1.0 - self.f1)
        return min(1.0, max(0.0, expected + share * (of_all - self.expected_f1)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self) | {
            "f1_interval": list(self.f1_interval),
            "bins": [list(each) for each in self.bins],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``."""
        low, high = values["f1_interval"]
        bins = tuple(Reliability(*each) for each in values["bins"])
        confidence = ConfidenceMap(**values["confidence"])
        return cls(**{**values, "confidence": confidence, "f1_interval": (low, high), "bins": bins})


@dataclass(frozen=True, slots=True)
class CalibrationFit:
    """The two corrections and the calibration error, as in ``Calibration``."""

    temperature: float
    confidence: ConfidenceMap
    ece_before: float
    ece_after: float
    bins: tuple[Reliability, ...]


def fit_calibration(
    log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]], folds: int
) -> CalibrationFit:
    """Fit both corrections to out-of-fold predictions, for a model that is trained on all ``folds``.

    Args:
        log_probs: (n_i, K) for each text, of a model that has not seen it.
        tags: the true valid IOB2 tag ids, (n_i,) for each text.
        folds: how many models there were; each was trained on all folds but one.

    Raises:
        ValueError: shapes that do not fit, or NaN or +∞ among the log-probabilities.
    """
    before, after = span_confidence(log_probs, tags), _crosswise(log_probs, tags)
    temperature, confidence = _fit(log_probs, tags, share_corrected(folds))
    return CalibrationFit(
        temperature,
        confidence,
        expected_calibration_error(*before),
        expected_calibration_error(*after),
        tuple(reliability(*after)),
    )


def bootstrap_f1_interval(
    gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]], seed: int
) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles of micro F1 over texts drawn with replacement (Efron 1979)."""
    correct = np.array([len(set(a) & set(b)) for a, b in zip(gold, predicted, strict=True)])
    total = np.array([len(a) + len(b) for a, b in zip(gold, predicted, strict=True)])
    rng, n = np.random.default_rng(seed), len(gold)
    samples = (rng.integers(n, size=n) for _ in range(_RESAMPLES))
    f1 = [2 * correct[rows].sum() / max(1, total[rows].sum()) for rows in samples]
    low, high = np.quantile(f1, [0.025, 0.975])
    return float(low), float(high)


def share_corrected(folds: int) -> float:
    """The share of the errors of a model of all folds but one that a model of all folds does not make.

    Errors as a power of the number of texts: Hestness et al. 2017, "Deep learning scaling is predictable,
    empirically".
    """
    return 1.0 - float((1.0 - 1.0 / folds) ** _CURVE)


def _fit(
    log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]], corrected: float = 0.0
) -> tuple[float, ConfidenceMap]:
    """The temperature, and the map for a model that gets the share ``corrected`` of the wrong spans right."""
    temperature = fit_temperature(log_probs, tags)
    probability, correct = span_confidence(apply_temperature(log_probs, temperature), tags)
    outcomes = np.where(correct, 1.0, corrected)
    return temperature, fit_confidence(probability, outcomes, prior=_PRIOR, weight=_PRIOR_WEIGHT)


def _crosswise(
    log_probs: Sequence[NDArray[Any]], tags: Sequence[NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence and correctness of the spans; each half of the texts with the fit to the other half."""
    halves = []
    for here, there in ((0, 1), (1, 0)):
        temperature, confidence = _fit(log_probs[there::2], tags[there::2])
        probability, correct = span_confidence(
            apply_temperature(log_probs[here::2], temperature), tags[here::2]
        )
        halves.append((confidence(probability), correct))
    return np.concatenate([half[0] for half in halves]), np.concatenate([half[1] for half in halves])
