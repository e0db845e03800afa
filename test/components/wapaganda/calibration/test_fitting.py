"""The fit to out-of-fold predictions, its calibration error, and the F1 that it expects on other texts."""

import numpy as np
import pytest

from wapaganda.calibration import (
    Calibration,
    ConfidenceMap,
    apply_temperature,
    bootstrap_f1_interval,
    expected_calibration_error,
    fit_calibration,
    fit_temperature,
    reliability,
    span_confidence,
)
from wapaganda.calibration.fitting import _crosswise, _fit
from wapaganda.ner import Span


def overconfident(n, factor, seed=4):
    """Log-probabilities of one-word texts, ``factor`` times too sharp, and tags by the calibrated ones."""
    rng = np.random.default_rng(seed)
    calibrated, tags = [], []
    for _ in range(n):
        logits = 1.5 * rng.normal(size=(1, 3))
        logits[0, 2] = -30.0  # I- cannot be the first tag
        p = np.exp(logits[0]) / np.exp(logits[0]).sum()
        tags.append(np.array([rng.choice(3, p=p)]))
        sharp = factor * logits
        calibrated.append(sharp - np.log(np.exp(sharp).sum()))
    return calibrated, tags


def test_each_half_is_calibrated_by_what_was_fitted_to_the_other():
    log_probs, tags = overconfident(2000, factor=3.0)
    before = expected_calibration_error(*span_confidence(log_probs, tags))
    after = expected_calibration_error(*_crosswise(log_probs, tags))
    assert fit_temperature(log_probs, tags) == pytest.approx(3.0, rel=0.15)
    assert before > 0.1
    assert after < before / 2


def _own(log_probs, tags):
    """The spans of texts with what was fitted to themselves."""
    temperature, confidence = _fit(log_probs, tags)
    probability, right = span_confidence(apply_temperature(log_probs, temperature), tags)
    return confidence(probability), right


def test_the_calibration_error_is_not_measured_on_the_texts_of_the_fit():
    calibrated, sharp = overconfident(2000, factor=1.0), overconfident(2000, factor=4.0, seed=5)
    log_probs = [rows for pair in zip(calibrated[0], sharp[0], strict=True) for rows in pair]
    tags = [rows for pair in zip(calibrated[1], sharp[1], strict=True) for rows in pair]
    own = [_own(*half) for half in (calibrated, sharp)]
    fitted = expected_calibration_error(*(np.concatenate(each) for each in zip(*own, strict=True)))
    assert expected_calibration_error(*_crosswise(log_probs, tags)) > 3 * fitted


def test_the_interval_shrinks_with_the_texts_and_holds_the_truth():
    one, other = (Span(0, 1, "NAME"),), (Span(2, 3, "NAME"),)
    gold = [one] * 400
    predicted = [one if i % 5 else other for i in range(400)]  # F1 0.8
    wide, narrow = (
        bootstrap_f1_interval(gold[:40], predicted[:40], 1),
        bootstrap_f1_interval(gold, predicted, 1),
    )
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]
    assert narrow[1] - narrow[0] == pytest.approx(4 * np.sqrt(0.8 * 0.2 / 400), rel=0.15)
    assert narrow == bootstrap_f1_interval(gold, predicted, 1)
    assert bootstrap_f1_interval([()] * 3, [()] * 3, 1) == (0.0, 0.0)


def test_a_fit_is_that_to_all_texts_with_the_error_of_the_halves():
    log_probs, tags = overconfident(200, factor=3.0)
    found = fit_calibration(log_probs, tags, folds=4)
    assert (found.temperature, found.confidence) == _fit(log_probs, tags, 1 - (3 / 4) ** 0.3)
    assert found.ece_before == expected_calibration_error(*span_confidence(log_probs, tags))
    assert found.ece_after == expected_calibration_error(*_crosswise(log_probs, tags))
    assert found.bins == tuple(reliability(*_crosswise(log_probs, tags)))


def measured(f1, expected_f1, half_width, folds=10**6):
    """By so many folds that each model learns as good as all texts, if nothing else is said."""
    interval = (f1 - half_width, f1 + half_width)
    return Calibration(1.0, ConfidenceMap(), f1, interval, expected_f1, 0.1, 0.1, 200, folds)


def test_a_model_of_all_texts_is_expected_to_be_better_than_those_of_fewer():
    by_folds = {folds: measured(0.6, 0.6, 1e-9, folds).corrected(0.6) for folds in (2, 4, 10)}
    assert by_folds == pytest.approx({k: 1 - 0.4 * (1 - 1 / k) ** 0.3 for k in by_folds})
    assert measured(1.0, 1.0, 1e-9, 2).corrected(1.0) == 1.0


def test_the_confidence_of_spans_grows_with_the_texts_that_the_folds_lacked():
    log_probs, tags = overconfident(4000, factor=3.0)
    probability, right = span_confidence(apply_temperature(log_probs, 3.0), tags)
    before, after = (_fit(log_probs, tags, corrected)[1](probability) for corrected in (0.0, 0.1))
    assert before.mean() == pytest.approx(right.mean(), abs=0.01)
    assert after.mean() == pytest.approx(1 - 0.9 * (1 - right.mean()), abs=0.01)


def test_an_estimate_is_moved_by_what_is_known_to_be_off():
    sharp, vague = measured(0.7, 0.6, 1e-6), measured(0.7, 0.6, 0.5)

    assert sharp.corrected(0.65) == pytest.approx(0.75)
    assert 0.65 < vague.corrected(0.65) < 0.66
    assert measured(0.6, 0.6, 0.1).corrected(0.65) == pytest.approx(0.65)
    assert measured(0.99, 0.5, 1e-6).corrected(0.8) == 1.0
    assert measured(0.0, 0.5, 1e-6).corrected(0.1) == 0.0
