"""The arithmetic of learning curves against hand calculations and brute force."""

import random

import pytest

from wapaganda.simulation_report.analysis.arithmetic import (
    area,
    at_cost,
    cost_to_reach,
    isotonic,
    mean_of,
    student_t95,
)


def by_min_max(values):
    """Isotonic regression by its min–max formula (Barlow et al. 1972), cubic and plain."""
    n = len(values)
    return [
        max(min(sum(values[a : b + 1]) / (b + 1 - a) for b in range(i, n)) for a in range(i + 1))
        for i in range(n)
    ]


def test_isotonic_is_the_nearest_monotone_sequence():
    draw = random.Random(3)
    for _ in range(200):
        values = [draw.choice([0.1, 0.2, 0.3]) + 0.5 * draw.random() for _ in range(draw.randint(1, 9))]
        assert list(isotonic(values)) == pytest.approx(by_min_max(values), abs=1e-12)


def test_what_rises_already_stays_as_it_is():
    assert list(isotonic([0.1, 0.1, 0.4, 0.9])) == pytest.approx([0.1, 0.1, 0.4, 0.9])


@pytest.mark.parametrize(
    ("f1", "target", "cost"),
    [
        ([0.4, 0.6, 0.8], 0.7, 150.0),
        ([0.4, 0.6, 0.8], 0.8, 200.0),
        ([0.4, 0.6, 0.8], 0.3, 0.0),  # from the beginning
        ([0.4, 0.6, 0.8], 0.81, None),
        ([0.4, 0.8, 0.6], 0.75, None),  # a lucky round is no level reached: 0.8 and 0.6 count as 0.7
        ([0.4, 0.8, 0.6], 0.55, 50.0),
    ],
)
def test_cost_to_reach(f1, target, cost):
    assert cost_to_reach([0.0, 100.0, 200.0], f1, target) == (None if cost is None else pytest.approx(cost))


def test_area_is_the_mean_height():
    assert area([0.0, 100.0], [0.4, 0.8], 0.0, 100.0) == pytest.approx(0.6)
    assert area([0.0, 100.0], [0.4, 0.8], 50.0, 100.0) == pytest.approx(0.7)
    assert area([0.0, 50.0, 100.0], [0.4, 0.8, 0.8], 25.0, 75.0) == pytest.approx((0.7 + 0.8) / 2)
    assert area([0.0, 10.0, 1000.0], [0.5] * 3, 3.0, 999.0) == pytest.approx(0.5)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 50.0), (0.0, 101.0), (50.0, 50.0), (60.0, 50.0)])
def test_an_area_beyond_the_curve_is_refused(low, high):
    with pytest.raises(ValueError, match="Expected a range within"):
        area([0.0, 100.0], [0.4, 0.8], low, high)


def test_the_curve_between_its_points():
    assert at_cost([0.0, 100.0], [0.4, 0.8], 25.0) == pytest.approx(0.5)


def test_the_interval_of_three_values():
    found = mean_of([1.0, 2.0, 3.0])
    assert (found.mean, found.n, found.std) == (2.0, 3, 1.0)
    assert found.high == pytest.approx(2.0 + 4.302652730 / 3**0.5)
    assert found.low == pytest.approx(2.0 - 4.302652730 / 3**0.5)


def test_one_value_has_no_interval_and_none_has_no_mean():
    assert mean_of([0.7]).low is None
    with pytest.raises(ValueError, match="at least one value"):
        mean_of([])


def test_students_quantiles_fall():
    quantiles = [student_t95(degrees) for degrees in range(1, 40)]
    assert quantiles == sorted(quantiles, reverse=True)
    assert quantiles[9] == pytest.approx(2.228, abs=5e-4)
    with pytest.raises(ValueError, match="degree of freedom"):
        student_t95(0)
