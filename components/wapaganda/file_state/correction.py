"""Correct what a model expects of its own predictions by what its cross-fitting has shown."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from wapaganda.calibration import Calibration
from wapaganda.uncertainty import Expectation

_SPREAD = 0.2
"""Standard deviation of the logarithm of true over expected errors, model by model."""
_UNKNOWN = 0.4
"""The same for a model that was never cross-fitted, so not temperature-scaled."""
_LEAST_ERROR = 1e-3
_LEAST_ENTITIES = 1e-9


@dataclass(frozen=True, slots=True)
class Correction:
    """A model makes ``factor`` times as many errors as it expects; ``spread``: the standard deviation of the
    logarithm of that factor."""

    factor: float = 1.0
    spread: float = _UNKNOWN

    @classmethod
    def of(cls, calibration: Calibration | None) -> Self:
        """The correction of a cross-fitted model; ``None``: it was not cross-fitted, and nothing is known.

        On the labelled texts 1 − F1 is (1 − ``f1``) / (1 − ``expected_f1``) times what was expected. This
        ratio is drawn towards 1 by its own chance (from the width of the interval of F1), as an estimate with
        a normal prior on the logarithm. A ratio depends less than a difference on how hard the texts are: it
        also holds for the sure rest of a file, and for labels of texts that were chosen because they are
        hard.
        """
        if calibration is None:
            return cls()
        error = max(1.0 - calibration.f1, _LEAST_ERROR)
        low, high = calibration.f1_interval
        chance = max((high - low) / 3.92 / error, _LEAST_ERROR)
        share = _SPREAD**2 / (_SPREAD**2 + chance**2)
        ratio = math.log(error / max(1.0 - calibration.expected_f1, _LEAST_ERROR))
        return cls(math.exp(share * ratio), _SPREAD * math.sqrt(1.0 - share))

    def __call__(self, expectation: Expectation) -> Expectation:
        """The expectation with ``factor`` times the false positives and misses."""
        wrong = np.minimum(self.factor * expectation.false_positives, expectation.predicted)
        correct = expectation.predicted - wrong
        of_type = expectation.entities + _LEAST_ENTITIES
        shares = of_type / of_type.sum(axis=1, keepdims=True)
        entities = (correct + self.factor * expectation.misses)[:, None] * shares
        return Expectation(expectation.n_words, expectation.predicted, correct, entities)
