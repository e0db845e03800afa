"""The F1 of a file and its hours, worked out by hand, for any texts and any annotator."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapaganda.annotation_cost import CORRECTING, FROM_SCRATCH
from wapaganda.ner import Span
from wapaganda.simulation.completion.annotator import PERFECT, Annotator
from wapaganda.simulation.completion.curve import (
    answered,
    chosen_curve,
    perfect_order,
    random_curve,
    review_curve,
)
from wapaganda.simulation.completion.reading import RANDOM, REVIEW, ModelReading, SpanCounts, count_spans


def counts(words, gold, predicted, correct, paired=None) -> SpanCounts:
    paired = paired if paired is not None else [0] * len(words)
    return SpanCounts(*(np.array(each, dtype=np.int64) for each in (words, gold, predicted, correct, paired)))


def reading(labelled, rows, found: SpanCounts, order, phase=REVIEW) -> ModelReading:
    return ModelReading(
        labelled=np.array(labelled, np.int32),
        rows=np.array(rows, np.int32),
        counts=found,
        test=found,
        phase=phase,
        order=np.array(order, np.int32),
    )


FILE = counts([10, 10, 10, 10], [2, 1, 1, 2], [0] * 4, [0] * 4)
FIRST = reading([0], [1, 2, 3], counts([10, 10, 10], [1, 1, 2], [1, 2, 1], [1, 0, 1], [0, 1, 0]), [2, 3, 1])
SECOND = reading([0, 2], [1, 3], counts([10, 10], [1, 2], [1, 2], [1, 2]), [3, 1])


def test_curve_of_chosen_texts_by_hand():
    curve = chosen_curve([FIRST, SECOND], FILE)
    # Text 0 from scratch: 10 · .39 + 2 · 4.2 = 12.3 s. Text 2: 3.9 + 4.2 + 2 · 1.5 = 11.1 s.
    # Texts 3 and 1, all right: 3.9 + 2 · .8 and 3.9 + .8.
    assert curve.hours * 3600 == pytest.approx([12.3, 23.4, 23.4, 28.9, 33.6])
    assert curve.texts.tolist() == [1, 2, 2, 3, 4]
    # 2·(2 + 2) / (2 + 4 + 2 + 4) of the first model; text 2 right: 2·(3 + 2) / (3 + 2 + 3 + 3).
    assert curve.f1 == pytest.approx([8 / 12, 10 / 11, 1.0, 1.0, 1.0])
    assert curve.hours_to(0.9) == pytest.approx(23.4 / 3600)
    assert curve.texts_to(0.95) == 2
    assert answered([FIRST, SECOND], 0).tolist() == [2]


def test_spans_are_counted_and_wrong_borders_are_pairs():
    gold = [[Span(0, 5, "A"), Span(8, 9, "B")], []]
    found = count_spans(
        [4, 0], gold, [[Span(0, 4, "A"), Span(8, 9, "B"), Span(20, 22, "A")], [Span(0, 1, "A")]]
    )
    assert found.predicted.tolist() == [3, 1]
    assert found.correct.tolist() == [1, 0]
    assert found.paired.tolist() == [1, 0]
    assert found.missed.tolist() == [1, 0]
    assert found.f1() == pytest.approx(2 / 6)


def test_an_annotator_who_errs_is_faster_and_leaves_errors():
    found = counts([10], [3], [3], [1], [2])
    work = Annotator(accepts=0.5, overlooks=0.1).correcting(found)
    # Two wrong ones, one accepted; two missed, one hidden by the accepted one, the other marked with .9.
    assert work.correct == pytest.approx([1.9])
    assert work.predicted == pytest.approx([2.9])
    assert work.hours * 3600 == pytest.approx([3.9 + 0.8 * 2 + 4.2 * 0.9 + 1.5])
    blank = Annotator(overlooks=0.1).from_scratch(found)
    assert blank.predicted == blank.correct == pytest.approx([2.7])
    assert PERFECT.correcting(found).correct == pytest.approx([3.0])


def test_prices_from_scratch_do_not_care_for_proposals():
    found = counts([10], [3], [5], [1])
    assert Annotator(FROM_SCRATCH).correcting(found).hours == pytest.approx(
        Annotator(FROM_SCRATCH).from_scratch(found).hours + 0.0
    )
    assert Annotator(CORRECTING).correcting(found).hours[0] > 0


def test_random_curve_interpolates_between_models_and_ends_right():
    rest = counts([10] * 2, [2, 2], [2, 2], [1, 1])
    better = counts([10] * 2, [2, 2], [2, 2], [2, 1])
    file = counts([10] * 8, [2] * 8, [0] * 8, [0] * 8)
    readings = [reading([0], [1, 2], rest, [], RANDOM), reading([0, 1, 2, 3], [4, 5], better, [], RANDOM)]
    order = np.arange(8, dtype=np.int32)
    curve = random_curve(readings, file, order)
    assert curve.f1[0] == pytest.approx((2 + 0.5 * 14) / 16)
    assert curve.f1[3] == pytest.approx((8 + 0.75 * 8) / 16)
    half_way = 1 - 0.5 * 0.5**0.5  # errors halve from 1 to 4 texts
    assert curve.f1[1] == pytest.approx((4 + half_way * 12) / 16)
    assert curve.f1[6] == pytest.approx((14 + (1 - 0.25 * (7 / 4) ** -0.5) * 2) / 16)  # beyond the last
    assert curve.f1[-1] == pytest.approx(1.0)
    assert curve.hours[-1] == pytest.approx(float(PERFECT.from_scratch(file).hours.sum()))
    shown = random_curve(readings, file, order, proposals=True)
    assert shown.hours[0] == pytest.approx(curve.hours[0])
    assert (np.diff(shown.hours) < np.diff(curve.hours)).all()
    assert shown.f1 == pytest.approx(curve.f1)


@st.composite
def files(draw) -> tuple[SpanCounts, ModelReading]:
    n = draw(st.integers(3, 12))
    numbers = st.lists(st.integers(0, 4), min_size=n, max_size=n)
    correct, missed, wrong = (np.array(draw(numbers)) for _ in range(3))
    words = np.array(draw(numbers)) + 1
    file = counts(words, correct + missed, [0] * n, [0] * n)
    found = counts(words, correct + missed, correct + wrong, correct, np.minimum(missed, wrong))[1:]
    order = draw(st.permutations(range(1, n)))
    return file, reading([0], range(1, n), found, order)


@given(files(), st.floats(0, 1), st.floats(0, 0.5))
def test_any_order_ends_with_the_same_file(drawn, accepts, overlooks):
    file, model = drawn
    annotator = Annotator(accepts=accepts, overlooks=overlooks)
    curves = [
        review_curve([model], 0, file, order, annotator)
        for order in (model.order, perfect_order(model), None)
    ]
    for curve in curves:
        assert (np.diff(curve.hours) >= -1e-12).all()
        assert curve.texts.tolist() == list(range(1, len(file) + 1))
        assert ((curve.f1 >= 0) & (curve.f1 <= 1 + 1e-9)).all()
        assert curve.f1[[0, -1]] == pytest.approx(curves[0].f1[[0, -1]])
        assert curve.hours[-1] == pytest.approx(curves[0].hours[-1])
    assert chosen_curve([model], file, annotator).f1 == pytest.approx(curves[0].f1)


@given(files())
def test_people_without_errors_end_with_a_right_file(drawn):
    file, model = drawn
    curve = chosen_curve([model], file)
    assert curve.f1[-1] == pytest.approx(1.0)
    by_hand = chosen_curve([replace(model, order=model.order[:0])], file)
    assert by_hand.hours[0] == pytest.approx(float(PERFECT.from_scratch(file[:1]).hours.sum()))
