"""Counts and prices by hand."""

import numpy as np
import pytest

from wapaganda.uncertainty import MEASURES, acquisition, amount, score


def test_amount_gives_the_count_back():
    np.testing.assert_allclose(amount(-np.expm1(-np.array([0.0, 0.2, 5.0]))), [0.0, 0.2, 5.0])
    assert np.isfinite(amount([1.0])).all()
    with pytest.raises(ValueError, match="from 0 to 1"):
        amount([1.2])


def test_a_saturated_count_stays_a_number():
    assert amount([1.0])[0] == pytest.approx(36.7, abs=0.1)
    assert acquisition([1.0], "entropy_sum", [2.0])[0] == pytest.approx(18.4, abs=0.1)


@pytest.mark.parametrize("measure", [name for name, each in MEASURES.items() if each.additive])
def test_amounts_add_up_over_the_words_of_a_text(measure):
    """Twice the text, twice the amount: that is what may be divided by a price."""
    part = np.log([[0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [1.0 - 2e-9, 1e-9, 1e-9]])
    once, twice = amount(score([part, np.concatenate([part, part])], measure))
    assert once > 0.5
    assert twice == pytest.approx(2 * once, rel=1e-6)


def test_acquisition_divides_what_grows_with_the_text_by_its_price():
    scores = -np.expm1(-np.array([2.0, 1.0, 0.0]))
    np.testing.assert_allclose(acquisition(scores, "expected_errors", [20.0, 5.0, 0.0]), [0.1, 0.2, 0.0])
    np.testing.assert_allclose(
        acquisition(scores, "expected_errors", [4.0, 4.0, 1.0], exponent=0.5), [1.0, 0.5, 0.0]
    )
    np.testing.assert_array_equal(acquisition(scores, "mnlp", [20.0, 5.0, 0.0]), scores)
    np.testing.assert_array_equal(acquisition(scores, "boundary", [20.0, 5.0, 0.0]), scores)


@pytest.mark.parametrize(
    ("scores", "seconds", "exponent", "message"),
    [
        ([0.5, np.nan], [1, 1], 1, "from 0 to 1"),
        ([0.5], [1, 1], 1, "seconds of 1 texts"),
        ([0.5], [-1], 1, "0 or more"),
        ([0.5], [np.inf], 1, "0 or more"),
        ([0.5], [1], -1, "0 or more"),
    ],
)
def test_nonsense_is_refused(scores, seconds, exponent, message):
    with pytest.raises(ValueError, match=message):
        acquisition(scores, "expected_errors", seconds, exponent)


def test_an_unknown_measure_is_refused():
    with pytest.raises(ValueError, match=r"auto, .*expected_errors, .*, was: 'expected_error'"):
        acquisition([0.5], "expected_error", [1.0])
