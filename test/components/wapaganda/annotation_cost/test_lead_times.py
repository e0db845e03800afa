"""Prices from lead times: known ones are found again, nonsense changes nothing."""

from dataclasses import astuple

import numpy as np
import pytest

from wapaganda.annotation_cost import CORRECTING, Prices, fit_prices, seconds_correcting

TRUE = Prices(word=0.25, entity=6.5, confirmation=1.4, removal=3.0)


def texts(rng, n):
    words = rng.integers(5, 60, size=n)
    return words, rng.poisson(1.2, n), rng.poisson(1.0, n), rng.poisson(0.7, n)


def timed(rng, work, prices=TRUE, noise=0.3):
    return seconds_correcting(*work, prices) * np.exp(noise * rng.normal(size=len(work[0])))


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def test_known_prices_are_found_through_noise_and_breaks(rng):
    work = texts(rng, 600)
    times = timed(rng, work)
    times[:60] *= rng.uniform(3, 50, size=60)  # coffee
    times[60:80] = 0.0
    times[80:90] = np.nan
    found = fit_prices(*work, times)
    np.testing.assert_allclose(astuple(found.prices), astuple(TRUE), rtol=0.2)
    assert 500 < found.n_used < 600
    assert f"from {found.n_used} of 600 lead times: 0.2" in found.summary


def test_the_fit_is_nearer_to_the_truth_than_the_prior_with_few_texts(rng):
    work = texts(rng, 60)
    found = fit_prices(*work, timed(rng, work))
    fresh = texts(rng, 500)
    truth = seconds_correcting(*fresh, TRUE)

    def off(prices):
        return np.abs(seconds_correcting(*fresh, prices) / truth - 1).mean()

    assert off(found.prices) < 0.5 * off(CORRECTING)


def test_without_noise_the_prices_are_nearly_exact(rng):
    work = texts(rng, 200)
    np.testing.assert_allclose(
        astuple(fit_prices(*work, timed(rng, work, noise=0)).prices), astuple(TRUE), rtol=0.02
    )


def test_work_that_never_occurs_keeps_its_price(rng):
    words, right, missed, _ = texts(rng, 300)
    from_scratch = words, np.zeros(300), right + missed, np.zeros(300)
    found = fit_prices(*from_scratch, timed(rng, from_scratch)).prices
    assert found.confirmation == pytest.approx(CORRECTING.confirmation)
    assert found.removal == pytest.approx(CORRECTING.removal)
    assert found.entity == pytest.approx(TRUE.entity, rel=0.15)
    assert found.without_proposals().confirmation == found.entity
    assert found.without_proposals().removal == 0.0


def test_no_price_falls_below_zero(rng):
    work = texts(rng, 300)
    free = Prices(word=1.0, entity=2.0, confirmation=0.0, removal=0.0)
    found = fit_prices(*work, np.maximum(seconds_correcting(*work, free) - 3.0 * work[1], 1.0))
    assert found.n_used >= 30
    assert found.prices.confirmation == 0.0


@pytest.mark.parametrize("n", [0, 1, 29])
def test_too_few_leave_the_prior_and_say_so(rng, n):
    work = texts(rng, n)
    found = fit_prices(*work, timed(rng, work))
    assert found.prices == CORRECTING
    assert found.n_used == 0
    assert f"{n} of {n} lead times are usable, 30 are needed" in found.summary


@pytest.mark.parametrize("seconds", [-5.0, 0.0, 1e-3, 1e7, np.nan, np.inf])
def test_nonsense_leaves_the_prior(rng, seconds):
    found = fit_prices(*texts(rng, 200), np.full(200, seconds))
    assert found.prices == CORRECTING
    assert "0 of 200 lead times are usable" in found.summary


def test_times_that_have_nothing_to_do_with_the_work_leave_the_prior(rng):
    work = texts(rng, 200)
    found = fit_prices(*work, rng.permutation(timed(rng, work)))
    assert found.prices == CORRECTING
    assert "do not grow with the work" in found.summary
    assert fit_prices(*work, np.full(200, 12.0)).prices == CORRECTING


def test_wrong_input_is_refused(rng):
    with pytest.raises(ValueError, match="lead times of"):
        fit_prices(*texts(rng, 40), np.ones(39))
    with pytest.raises(ValueError, match="Expected counts"):
        fit_prices([-1], [0], [0], [0], [3.0])
