"""The temperature of a model whose calibration is known, and the calibration error by hand."""

import itertools

import numpy as np
import pytest

from wapaganda.calibration import (
    ConfidenceMap,
    Reliability,
    apply_temperature,
    expected_calibration_error,
    fit_confidence,
    fit_temperature,
    reliability,
    span_confidence,
)
from wapaganda.uncertainty import expected_counts

VALID = [
    tags
    for tags in itertools.product(range(3), repeat=4)
    if all(not (tag == 2 and before == 0) for before, tag in itertools.pairwise((0, *tags)))
]


def corpus(n, distortion, seed=2):
    """Texts of four words; their tags are drawn from a calibrated model, its scores times ``distortion``."""
    rng = np.random.default_rng(seed)
    log_probs, tags = [], []
    for _ in range(n):
        calibrated = rng.normal(scale=1.5, size=(4, 3))
        mass = np.exp([sum(calibrated[t, tag] for t, tag in enumerate(sequence)) for sequence in VALID])
        tags.append(np.array(VALID[rng.choice(len(VALID), p=mass / mass.sum())]))
        log_probs.extend(apply_temperature([calibrated], 1.0 / distortion))
    return log_probs, tags


@pytest.mark.parametrize("distortion", [0.5, 1.0, 2.5])
def test_the_distortion_of_a_model_is_found(distortion):
    assert fit_temperature(*corpus(1500, distortion)) == pytest.approx(distortion, rel=0.1)


def test_the_temperature_is_the_least_of_the_cost():
    log_probs, tags = corpus(40, 3.0)

    def cost(temperature):
        total = 0.0
        for text, true in zip(apply_temperature(log_probs, temperature), tags, strict=True):
            scores = [sum(text[t, tag] for t, tag in enumerate(sequence)) for sequence in VALID]
            total += np.log(np.exp(scores).sum()) - sum(text[t, tag] for t, tag in enumerate(true))
        return total

    grid = np.exp(np.linspace(np.log(0.25), np.log(8), 200))
    assert fit_temperature(log_probs, tags) == pytest.approx(
        grid[np.argmin([cost(t) for t in grid])], rel=0.01
    )


def test_spans_and_the_expected_f1_become_calibrated():
    log_probs, tags = corpus(1500, 2.5)
    later, true = corpus(1500, 2.5, seed=3)
    calibrated = apply_temperature(later, fit_temperature(log_probs, tags))
    before = expected_calibration_error(*span_confidence(later, true))
    confidence, correct = span_confidence(calibrated, true)
    assert before > 0.1
    assert expected_calibration_error(confidence, correct) < 0.04
    n_true = sum((tag == 1).sum() for tag in true)
    f1 = 2 * correct.sum() / (len(correct) + n_true)
    assert expected_counts(calibrated).f1() == pytest.approx(f1, abs=0.02)
    assert expected_counts(later).f1() > f1 + 0.1


def test_no_temperature_changes_the_prediction():
    log_probs, _ = corpus(60, 1.0)
    np.testing.assert_array_equal(
        expected_counts(log_probs).predicted, expected_counts(apply_temperature(log_probs, 5.0)).predicted
    )


def test_a_temperature_by_hand():
    found = apply_temperature([np.log([[0.64, 0.36]])], 0.5)[0]
    np.testing.assert_allclose(np.exp(found), [[0.64**2, 0.36**2]] / np.sum([0.64**2, 0.36**2]))
    found = apply_temperature([np.array([[0.0, -np.inf, -1e30]])], 2.0)[0]
    np.testing.assert_allclose(np.exp(found), [[1.0, 0.0, 0.0]])
    assert apply_temperature([np.zeros((0, 3))], 2.0)[0].shape == (0, 3)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_is_above_zero(temperature):
    with pytest.raises(ValueError, match="above 0"):
        apply_temperature([], temperature)


def test_texts_without_entities_say_nothing_about_the_temperature():
    certain = np.log([[0.98, 0.01, 0.01]] * 3)
    assert fit_temperature([certain] * 9, [np.zeros(3, int)] * 9) == 1.0
    assert fit_temperature([], []) == 1.0
    assert fit_temperature([np.zeros((0, 3))], [np.zeros(0, int)]) == 1.0


def test_an_impossible_label_leaves_a_number():
    log_probs, tags = corpus(30, 1.0)
    log_probs[0] = np.array([[0.0, -np.inf, -np.inf]] * 4)
    tags[0] = np.array([1, 2, 0, 0])
    assert 0.25 <= fit_temperature(log_probs, tags) <= 8.0


def test_tags_must_fit():
    with pytest.raises(ValueError, match="a tag for each word"):
        fit_temperature([np.zeros((2, 3))], [np.zeros(3, int)])


def test_confidence_and_truth_of_spans_by_hand():
    with np.errstate(divide="ignore"):
        texts = [np.log([[0.2, 0.8, 0.0], [0.9, 0.1, 0.0]]), np.log([[0.0, 1.0, 0.0]]), np.zeros((0, 3))]
    order = [np.array([1, 2]), np.array([1]), np.zeros(0, int)]
    confidence, correct = span_confidence(texts, order)
    by_confidence = sorted(zip(confidence.tolist(), correct.tolist(), strict=True))
    assert by_confidence == [(pytest.approx(0.8), False), (pytest.approx(1.0), True)]


def test_bins_hold_equal_numbers():
    confidence = [0.1, 0.2, 0.9, 0.7, 0.6]
    correct = [False, True, True, True, False]
    assert reliability(confidence, correct, bins=2) == [
        Reliability(pytest.approx(0.3), pytest.approx(1 / 3), 3),
        Reliability(pytest.approx(0.8), 1.0, 2),
    ]
    error = (3 * abs(0.3 - 1 / 3) + 2 * 0.2) / 5
    assert expected_calibration_error(confidence, correct, bins=2) == pytest.approx(error)
    assert [part.n for part in reliability(confidence, correct, bins=10)] == [1] * 5
    assert reliability([], []) == []
    assert expected_calibration_error([], []) == 0.0


def test_the_error_of_a_boaster():
    assert expected_calibration_error(np.ones(50), np.arange(50) % 2 == 0, bins=1) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("confidence", "correct", "bins"),
    [([0.5], [True, False], 10), ([0.5], [True], 0), ([1.5], [True], 10), ([np.nan], [True], 10)],
)
def test_what_does_not_fit_is_refused(confidence, correct, bins):
    with pytest.raises(ValueError, match="Expected"):
        reliability(confidence, correct, bins)


def outcomes(slope, intercept, n, seed=0):
    """Probabilities, and outcomes as often right as the map says."""
    rng = np.random.default_rng(seed)
    probabilities = rng.beta(4, 1, size=n)
    return probabilities, rng.random(n) < ConfidenceMap(slope, intercept)(probabilities)


@pytest.mark.parametrize(("slope", "intercept"), [(0.4, -0.8), (1.5, 0.5), (1.0, 0.0)])
def test_the_map_behind_the_outcomes_is_found(slope, intercept):
    found = fit_confidence(*outcomes(slope, intercept, 20_000))

    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), abs=0.08)


def test_the_map_calibrates_held_out_spans():
    found = fit_confidence(*outcomes(0.4, -0.8, 500, seed=1))
    probabilities, right = outcomes(0.4, -0.8, 5_000, seed=2)

    before = expected_calibration_error(probabilities, right)
    assert expected_calibration_error(found(probabilities), right) < 0.05 < 0.2 < before


@pytest.mark.parametrize("right", [[True, True, True], [False, False, False], []])
def test_a_handful_of_spans_changes_little_and_extremes_stay_finite(right):
    found = fit_confidence(np.full(len(right), 0.999999), right)

    assert 0 < float(found(0.9)) < 1
    assert abs(found.intercept) < 3
    assert found.slope > 0


def test_few_spans_leave_the_prior_as_it_is_and_many_overrule_it():
    prior, truth = ConfidenceMap(1.2, -3.0), ConfidenceMap(0.4, 0.8)

    def fitted(n):
        found = fit_confidence(*outcomes(0.4, 0.8, n), prior=prior, weight=(45.0, 12.0))
        return found([0.5, 0.9])

    assert fitted(0) == pytest.approx(prior([0.5, 0.9]))
    assert fitted(40_000) == pytest.approx(truth([0.5, 0.9]), abs=0.02)
    assert prior(0.9) < fitted(60)[1] < truth(0.9)


def test_an_outcome_may_be_a_probability():
    probability, right = outcomes(0.7, -0.3, 2_000)
    found = fit_confidence(probability, np.where(right, 1.0, 0.2))
    drawn = fit_confidence(np.tile(probability, 5), np.concatenate([right] * 4 + [np.ones(len(right))]))
    assert (found.slope, found.intercept) == pytest.approx((drawn.slope, drawn.intercept), abs=0.05)


def test_confident_failures_do_not_overflow():
    probabilities = np.concatenate([np.full(300, 1 - 1e-9), np.full(20, 0.5)])
    found = fit_confidence(probabilities, np.arange(320) % 3 > 0)

    assert float(found(1.0)) == pytest.approx(2 / 3, abs=0.05)
