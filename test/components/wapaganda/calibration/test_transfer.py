"""The calibration of the models of the folds, given to a model that was taught by their mean."""

import numpy as np
import pytest

from wapaganda.calibration import (
    ConfidenceMap,
    apply_temperature,
    expected_calibration_error,
    fit_calibration,
    span_confidence,
    transfer_calibration,
)
from wapaganda.uncertainty import expected_counts

FOLDS = 4


def _normalised(logits):
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def _texts(n, rng, *, easy=False):
    """True logits of one-word texts, and tags by them; ``easy`` ones leave little doubt."""
    logits = (4.0 if easy else 1.5) * rng.normal(size=(n, 3))
    logits[:, 0] += 1.0
    logits[:, 2] = -30.0  # I- cannot be the first tag
    probability = np.exp(_normalised(logits))
    return logits, [np.array([rng.choice(3, p=each)]) for each in probability]


def _fold_model(logits, rng):
    """Twice too sharp, with noise of its own."""
    return _normalised(2.0 * (logits + rng.normal(size=logits.shape)))


def _separate(log_probs):
    return [row[None] for row in log_probs]


@pytest.fixture(scope="module")
def taught():
    """The calibration of four models by hard texts, and what they and their mean say of easy ones."""
    rng = np.random.default_rng(3)
    logits, tags = _texts(1000, rng)
    fit = fit_calibration(_separate(_fold_model(logits, rng)), tags, folds=1_000_000)
    easy, truth = _texts(1500, rng, easy=True)
    folds = [_fold_model(easy, rng) for _ in range(FOLDS)]
    mean = np.log(np.mean(np.exp(folds), axis=0))
    return fit, [_separate(each) for each in folds], _separate(mean), truth


def _error(log_probs, truth, temperature, confidence):
    probability, right = span_confidence(apply_temperature(log_probs, temperature), truth)
    return expected_calibration_error(confidence(probability), right)


def test_the_mean_of_the_models_doubts_too_much_with_their_calibration_and_not_with_its_own(taught):
    fit, folds, mean, truth = taught
    as_theirs = _error(mean, truth, fit.temperature, fit.confidence)
    temperature, confidence = transfer_calibration(fit.temperature, fit.confidence, folds, mean)
    assert temperature < 0.9 * fit.temperature
    assert confidence.slope == fit.confidence.slope
    assert _error(mean, truth, temperature, confidence) < 0.6 * as_theirs


@pytest.mark.parametrize("sharper", [0.5, 1.0, 2.0])
def test_a_model_that_says_the_same_keeps_the_calibration(taught, sharper):
    fit, folds, _, _ = taught
    other = [sharper * each for each in folds[0]]
    temperature, confidence = transfer_calibration(fit.temperature, fit.confidence, folds[:1], other)
    assert temperature == pytest.approx(sharper * fit.temperature, rel=1e-3)
    assert confidence.intercept == pytest.approx(fit.confidence.intercept, abs=5e-3)


def test_texts_without_a_span_change_nothing(taught):
    fit, folds, _, _ = taught
    nothing = [np.log(np.array([[0.98, 0.01, 0.01]]))] * 5
    for calibrated, other in (([[]], []), ([nothing], nothing), ([folds[0][:5]], nothing)):
        found = transfer_calibration(fit.temperature, fit.confidence, calibrated, other)
        assert found == (fit.temperature, fit.confidence)
    with pytest.raises(ValueError, match="one calibrated model or more"):
        transfer_calibration(1.0, ConfidenceMap(), [], nothing)


def test_what_a_model_avoids_is_not_expected_of_it(taught):
    fit, folds, mean, _ = taught
    errors, doubt = [], []
    for avoided in (0.0, 0.2):
        temperature, confidence = transfer_calibration(fit.temperature, fit.confidence, folds, mean, avoided)
        scaled = apply_temperature(mean, temperature)
        found = expected_counts(scaled)
        errors.append((found.predicted + found.entities.sum(axis=1) - 2 * found.expected_correct).sum())
        tags = [np.zeros(1, dtype=np.int64)] * len(mean)
        doubt.append(1.0 - confidence(span_confidence(scaled, tags)[0]).mean())
    assert errors[1] == pytest.approx(0.8 * errors[0], rel=1e-3)
    assert doubt[1] == pytest.approx(0.8 * doubt[0], rel=1e-3)
