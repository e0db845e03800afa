"""Correct what a model expects of its own predictions by what its cross-fitting has shown."""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from wapaganda.calibration import Calibration, share_corrected
from wapaganda.uncertainty import Expectation

_FALSE_POSITIVES, _MISSES, _EXPONENT = 1.15, 0.5, 1.15
"""A typical temperature-scaled model makes 1.15·e^1.15 wrong spans and 0.5·m^1.15 misses in a text in which
it expects e and m: the temperature that makes wrong spans as doubtful as they should be also spreads the
beginnings of entities over words that begin none. Mean of Poisson regressions on eight models of four corpora
(docs/data-set.md)."""
_PRIOR_ERRORS = 16.0
"""Independent errors that this knowledge is worth: the factors of models vary around it by 1 / √16."""
_TRANSFER_SPREAD = 0.15
"""Standard deviation of the logarithm of what the errors out of fold do not tell: the live model is another
one, on other texts."""
_EXTRAPOLATION_SPREAD = 0.2
"""What is added for texts with e times fewer, or e times more, expected errors than the labelled ones."""
_DISPERSION = 2.0
"""Errors that count as one independent error: they come together in a text."""
_UNCALIBRATED_SPREAD = 0.7
"""Of a model that was not cross-fitted, so has no temperature: it is two to four times too sure."""
_LEAST_ENTITIES = 1e-9


@dataclass(frozen=True, slots=True)
class Correction:
    """A model makes ``false_positives``·e^``exponent`` wrong spans and ``misses``·m^``exponent`` misses in a
    text in which it expects e and m. The default is that of a typical cross-fitted model.

    ``spread``: the standard deviation of the logarithm of the number of errors. ``errors_per_text``: in the
    labelled texts, out of fold, as a typical model expects; 0: not known.
    """

    false_positives: float = _FALSE_POSITIVES
    misses: float = _MISSES
    exponent: float = _EXPONENT
    spread: float = 1.0 / math.sqrt(_PRIOR_ERRORS)
    errors_per_text: float = 0.0

    @classmethod
    def of(cls, calibration: "Calibration | Correction | None") -> "Correction":
        """The correction of a cross-fitted model; ``None``: it was not cross-fitted, and nothing is
        corrected. A correction is returned as it is.

        Each factor is the ratio of true errors on the labelled texts, out of fold, to those of a typical
        model, drawn towards 1: the mean of the gamma distribution that follows from a gamma prior and a
        Poisson number of errors. A ratio depends little on how hard the texts are, so it can be found on
        texts that were chosen because they are hard. A model of all texts makes fewer errors than those of
        the folds (``calibration.share_corrected``).
        """
        if isinstance(calibration, Correction):
            return calibration
        if calibration is None:
            return replace(cls.none(), spread=_UNCALIBRATED_SPREAD)
        wrong, wrong_spread = _factor(calibration.false_positives, calibration.expected_false_positives)
        missed, missed_spread = _factor(calibration.misses, calibration.expected_misses)
        spread = math.hypot(max(wrong_spread, missed_spread), _TRANSFER_SPREAD)
        expected = calibration.expected_false_positives + calibration.expected_misses
        left = 1.0 - share_corrected(calibration.folds)
        return cls(
            left * wrong * _FALSE_POSITIVES,
            left * missed * _MISSES,
            spread=spread,
            errors_per_text=expected / max(calibration.n_texts, 1),
        )

    @classmethod
    def none(cls) -> Self:
        """For expectations that are corrected already."""
        return cls(1.0, 1.0, 1.0)

    def times(self, factor: float) -> Self:
        """The same with ``factor`` times the errors."""
        return replace(self, false_positives=factor * self.false_positives, misses=factor * self.misses)

    def spread_on(self, expectation: Expectation) -> float:
        """The standard deviation of the logarithm of the number of errors in these texts.

        It is larger than ``spread`` when they are unlike the labelled ones, as the sure rest of a file is.
        """
        errors = float(Correction()(expectation).errors.sum()) / max(len(expectation), 1)
        if self.errors_per_text <= 0 or errors <= 0:
            return self.spread
        distance = abs(math.log(errors / self.errors_per_text))
        return math.hypot(self.spread, _EXTRAPOLATION_SPREAD * distance)

    def __call__(self, expectation: Expectation) -> Expectation:
        """The expectation with the errors that the model should make; no text has more wrong spans than
        predicted ones."""
        wrong = self.false_positives * expectation.false_positives**self.exponent
        missed = self.misses * expectation.misses**self.exponent
        correct = np.maximum(expectation.predicted - wrong, 0.0)
        of_type = expectation.entities + _LEAST_ENTITIES
        shares = of_type / of_type.sum(axis=1, keepdims=True)
        entities = (correct + missed)[:, None] * shares
        return Expectation(expectation.n_words, expectation.predicted, correct, entities)


def _factor(found: int, expected: float) -> tuple[float, float]:
    """The ratio of ``found`` to ``expected`` errors, drawn towards 1, and its spread."""
    shape = _PRIOR_ERRORS + found / _DISPERSION
    return shape / (_PRIOR_ERRORS + expected / _DISPERSION), 1.0 / math.sqrt(shape)
