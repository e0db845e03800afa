"""Agreement of two models, the learning curve extrapolated, and the advice that follows."""

import numpy as np
import pytest

from wapaganda.stopping import Forecast, advise, agreement, forecast

RISING = Forecast(0.02, 1.0, "The next 100 labels gain about +2.0 F1.")
FLAT = Forecast(0.001, 1.0, "The next 100 labels gain about +0.1 F1.")
UNKNOWN = Forecast(None, None, "The gain can be forecast after 3 rounds.")


def test_models_with_equal_predictions_agree_fully():
    assert agreement([0, 1, 2, 0, 3], [0, 1, 2, 0, 3]) == 1.0
    assert agreement([0, 1, 1], [0, 1, 1]) == 1.0  # chance alone would do the same


def test_agreement_is_cohens_kappa_by_hand():
    # Of five words that a model calls an entity three are equal; by chance (2·2 + 1·1 + 1·1 + 1·1) / 25.
    a = [1, 1, 2, 0, 3, 0, 0]
    b = [1, 1, 2, 3, 0, 0, 0]
    assert agreement(a, b) == pytest.approx((3 / 5 - 7 / 25) / (1 - 7 / 25))


def test_words_outside_entities_for_both_change_nothing():
    a, b = [1, 2, 0, 3], [1, 2, 3, 0]
    assert agreement(a, b) == agreement([*a, *[0] * 1000], [*b, *[0] * 1000])
    assert agreement(a, b) == agreement(b, a)


def test_models_that_find_nothing_have_nothing_to_agree_on():
    assert agreement([0, 0], [0, 0]) is None
    assert agreement([], []) is None


def test_a_model_that_found_all_against_one_that_found_nothing_is_no_agreement():
    assert agreement([1, 1, 2], [0, 0, 0]) == 0.0


@pytest.mark.parametrize(("a", "b"), [([1], [1, 2]), ([-1], [0]), ([0.5], [1.0]), ([[1]], [[1]])])
def test_tags_of_other_words_are_refused(a, b):
    with pytest.raises(ValueError, match="Expected"):
        agreement(a, b)


def test_a_power_law_is_recovered_exactly():
    n = np.array([100, 150, 200, 250, 300])
    found = forecast(n, 1 - 2.0 * n**-0.4, next_texts=100, seconds_per_text=36)
    assert found.gain == pytest.approx(2.0 * (300**-0.4 - 400**-0.4))
    assert found.hours == pytest.approx(1.0)
    assert (
        found.summary
        == f"The next 100 labels gain about +{100 * found.gain:.1f} F1, ≈ 1.0 hours of annotation."
    )


def test_the_first_two_rounds_weigh_less_than_later_ones():
    n = np.array([50, 100, 150, 200, 250, 300])
    f1 = 1 - 2.0 * n**-0.4
    early, late = f1.copy(), f1.copy()
    early[0] -= 0.1
    late[-1] -= 0.1
    exact = forecast(n, f1).gain
    assert abs(forecast(n, early).gain - exact) < abs(forecast(n, late).gain - exact) / 2


def test_only_the_last_rounds_are_fitted():
    n = np.arange(1, 21) * 50
    f1 = 1 - 2.0 * n**-0.4
    f1[:12] = 0.01
    assert forecast(n, f1).gain == pytest.approx(2.0 * (1000**-0.4 - 1100**-0.4))


@pytest.mark.parametrize("texts", [[], [100], [100, 150], [100, 150, 150]])
def test_fewer_than_three_rounds_with_new_labels_give_no_forecast(texts):
    found = forecast(texts, np.linspace(0.5, 0.6, len(texts)), seconds_per_text=9)
    assert found.gain is None
    assert found.hours == pytest.approx(0.25)
    assert f"so far there are {len(set(texts))}" in found.summary
    assert "15 minutes" in found.summary


@pytest.mark.parametrize("f1", [[0.7, 0.7, 0.7, 0.7], [0.7, 0.69, 0.68, 0.67]])
def test_a_curve_that_does_not_rise_promises_nothing(f1):
    found = forecast([100, 150, 200, 250], f1)
    assert found.gain == 0.0
    assert found.hours is None
    assert found.summary == (
        "F1 has not risen in the last 4 rounds, so the next 100 labels are not expected to raise it."
    )


def test_what_the_next_labels_cost_is_given_even_when_they_gain_nothing():
    summary = forecast([100, 150, 200], [0.7, 0.7, 0.7], seconds_per_text=9).summary
    assert "the next 100 labels, ≈ 15 minutes of annotation, are not expected" in summary


def test_a_trend_below_the_scatter_is_called_a_guess():
    found = forecast([100, 150, 200, 250, 300], [0.60, 0.70, 0.58, 0.70, 0.62])
    assert found.gain > 0
    assert "a guess" in found.summary


def test_a_perfect_f1_is_no_error_of_nothing():
    found = forecast([100, 150, 200], [0.9, 1.0, 1.0])
    assert np.isfinite(found.gain)


@pytest.mark.parametrize(
    ("texts", "f1", "more"),
    [([100], [0.5, 0.6], 100), ([0], [0.5], 100), ([100], [1.5], 100), ([100], [np.nan], 100), ([], [], 0)],
)
def test_nonsense_is_refused(texts, f1, more):
    with pytest.raises(ValueError, match="Expected"):
        forecast(texts, f1, more)


def test_a_rising_curve_goes_on_with_the_forecast_as_its_reason():
    advice = advise([0.5, 0.6, 0.7], 0.8, RISING)
    assert not advice.stop
    assert advice.reason == "Go on. The next 100 labels gain about +2.0 F1."


@pytest.mark.parametrize(
    ("estimated", "kappa", "curve"),
    [([0.7, 0.701, 0.702], 0.8, RISING), ([0.5, 0.6], 0.995, RISING), ([0.5, 0.6, 0.7], None, FLAT)],
)
def test_one_sign_alone_is_named_but_does_not_stop(estimated, kappa, curve):
    advice = advise(estimated, kappa, curve)
    assert not advice.stop
    assert advice.reason.startswith("Go on.")
    assert "One sign alone speaks against it" in advice.reason
    assert advice.reason.count("+0.1 F1") <= 1


@pytest.mark.parametrize(
    ("estimated", "kappa", "curve", "words"),
    [
        ([0.7, 0.701, 0.702], 0.995, RISING, ("moved by 0.2 points", "4 F1 points")),
        ([0.7, 0.701, 0.702], None, FLAT, ("moved by 0.2 points", "less than 0.5 points")),
        ([0.5, 0.6, 0.7], 0.99, FLAT, ("κ 0.990", "less than 0.5 points")),
    ],
)
def test_two_signs_advise_to_stop_and_are_both_named(estimated, kappa, curve, words):
    advice = advise(estimated, kappa, curve)
    assert advice.stop
    assert all(each in advice.reason for each in words)


def test_a_plateau_takes_three_rounds():
    assert not advise([0.7, 0.7], 0.995, UNKNOWN).stop
    assert advise([0.5, 0.7, 0.7, 0.7], 0.995, UNKNOWN).stop


def test_no_candidate_left_is_reason_enough():
    advice = advise([], None, UNKNOWN, no_candidates=True)
    assert advice.stop
    assert "no new text reaches the uncertainty threshold" in advice.reason


def test_the_least_gain_is_the_users_own():
    assert advise([0.5, 0.51, 0.52], 0.995, RISING, least_gain=0.03).stop
