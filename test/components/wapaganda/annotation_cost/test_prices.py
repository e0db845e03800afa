"""Prices by hand, and counts of corrections."""

import numpy as np
import pytest

from wapaganda.annotation_cost import (
    CORRECTING,
    FROM_SCRATCH,
    PRICES,
    Corrections,
    Prices,
    count_corrections,
    expected_seconds,
    seconds_correcting,
    seconds_from_scratch,
)
from wapaganda.ner import Span


def test_from_scratch_is_the_published_price():
    np.testing.assert_allclose(seconds_from_scratch([10, 0], [2, 0]), [10 * 0.39 + 2 * 4.2, 0.0])


def test_correcting_pays_for_each_kind_of_work():
    prices = Prices(word=1, entity=10, confirmation=2, removal=5)
    assert seconds_correcting([3], [2], [1], [4], prices) == pytest.approx([3 + 4 + 10 + 20])


def test_from_scratch_the_proposals_do_not_matter():
    proposed = expected_seconds([10, 10], [5, 0], [2.5, 0.0], [[2, 1], [1, 2]], FROM_SCRATCH)
    np.testing.assert_allclose(proposed, seconds_from_scratch([10, 10], [3, 3]))


def test_expected_corrections_by_hand():
    seconds = expected_seconds([10], [4], [2.5], [[2.0, 1.0]], CORRECTING)
    assert seconds == pytest.approx([10 * 0.39 + 2.5 * 0.8 + 0.5 * 4.2 + 1.5 * 1.5])
    np.testing.assert_allclose(expected_seconds([10], [4], [2.5], [3.0], CORRECTING), seconds)


def test_rounding_makes_no_negative_work():
    assert expected_seconds([0], [1], [1 + 1e-12], [[1.0]], Prices(0, 1, 0, 1)) == pytest.approx([0.0])


def test_confirming_is_cheaper_than_marking():
    right = seconds_correcting([10], [3], [0], [0])
    wrong = seconds_correcting([10], [0], [3], [3])
    assert right < seconds_from_scratch([10], [3]) < wrong


def test_corrections_compare_start_end_and_label():
    gold = [Span(0, 4, "A"), Span(5, 9, "A"), Span(10, 12, "B")]
    proposed = [Span(0, 4, "A", score=0.3), Span(5, 9, "B"), Span(20, 21, "B")]
    assert count_corrections(gold, proposed) == Corrections(correct=1, missed=2, spurious=2)
    assert count_corrections(gold, []) == Corrections(0, 3, 0)
    assert count_corrections([], gold) == Corrections(0, 0, 3)


def test_the_lists_have_names():
    assert PRICES == {"scratch": FROM_SCRATCH, "correcting": CORRECTING}


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_prices_and_counts_are_no_nonsense(bad):
    with pytest.raises(ValueError, match="prices in seconds"):
        Prices(bad, 1, 1, 1)
    with pytest.raises(ValueError, match="Expected counts"):
        seconds_from_scratch([bad], [1])
    with pytest.raises(ValueError, match="same texts"):
        seconds_from_scratch([1, 2], [1])
