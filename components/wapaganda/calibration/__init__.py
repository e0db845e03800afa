"""Calibration: whether a predicted span with probability 0.8 is right in 80 % of all cases.

Two corrections are fitted to out-of-fold predictions: a temperature for the tag scores, and a
``ConfidenceMap`` from the probability of a span to its confidence. ``Calibration`` holds both, with the
cross-validated F1 and the expected calibration error before and after.
"""

from wapaganda.calibration.confidence import ConfidenceMap, fit_confidence, logit
from wapaganda.calibration.fitting import (
    Calibration,
    CalibrationFit,
    bootstrap_f1_interval,
    fit_calibration,
    share_corrected,
)
from wapaganda.calibration.reliability import (
    Reliability,
    expected_calibration_error,
    reliability,
    span_confidence,
)
from wapaganda.calibration.temperature import apply_temperature, fit_temperature
from wapaganda.calibration.transfer import transfer_calibration

__all__ = [
    "Calibration",
    "CalibrationFit",
    "ConfidenceMap",
    "Reliability",
    "apply_temperature",
    "bootstrap_f1_interval",
    "expected_calibration_error",
    "fit_calibration",
    "fit_confidence",
    "fit_temperature",
    "logit",
    "reliability",
    "share_corrected",
    "span_confidence",
    "transfer_calibration",
]
