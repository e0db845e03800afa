"""The map from probability to confidence."""

import numpy as np
import pytest

from wapaganda.calibration import ConfidenceMap, logit


def test_as_it_stands_it_changes_nothing():
    probabilities = np.array([1e-5, 0.2, 0.5, 0.99])

    assert ConfidenceMap()(probabilities) == pytest.approx(probabilities)


def test_it_is_the_logistic_of_the_logit():
    confidence = ConfidenceMap(slope=0.5, intercept=-1.0)

    assert float(confidence(0.8)) == pytest.approx(1 / (1 + np.exp(-(0.5 * np.log(4) - 1))))
    assert confidence([]).shape == (0,)


def test_it_keeps_the_order_and_stays_finite_at_the_ends():
    mapped = ConfidenceMap(slope=40.0, intercept=300.0)(np.linspace(0, 1, 50))

    assert np.isfinite(mapped).all()
    assert (np.diff(mapped) >= 0).all()
    assert np.isfinite(logit([0.0, 1.0])).all()


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 0.0), (-1.0, 0.0), (1.0, np.nan), (np.inf, 0.0)])
def test_no_map_turns_the_order_round(slope, intercept):
    with pytest.raises(ValueError, match="Expected a slope above 0"):
        ConfidenceMap(slope, intercept)
