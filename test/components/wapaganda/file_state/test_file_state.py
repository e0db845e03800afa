"""The F1 of a file that people and a model label together, the order of review, and what is left."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapaganda.annotation_cost import CORRECTING, Prices
from wapaganda.calibration import Calibration, ConfidenceMap
from wapaganda.file_state import Correction, FileState, correcting_seconds, f1_by_reviewed, review_order
from wapaganda.uncertainty import Expectation


def expectation(*texts):
    """One of (words, predicted, expected correct, expected entities) for each text."""
    words, predicted, correct, entities = zip(*texts, strict=True)
    return Expectation(
        np.array(words), np.array(predicted), np.array(correct, float), np.array(entities, float)[:, None]
    )


def calibration(found=100, expected=100.0, n_texts=100):
    """Of a model with so many wrong spans and misses out of fold, where a typical one makes ``expected``.

    So many folds that the model of all texts is no better than theirs.
    """
    return Calibration(
        1.0,
        ConfidenceMap(),
        0.8,
        (0.7, 0.9),
        0.8,
        0.0,
        0.0,
        n_texts,
        10**6,
        (),
        found,
        found,
        expected,
        expected,
    )


SURE = (10, 2, 2.0, 2.0)
EMPTY = (10, 0, 0.0, 0.0)
DOUBTFUL = (10, 2, 1.0, 2.0)  # one false positive and one miss
LONG = (100, 2, 1.0, 2.0)


@st.composite
def expectations(draw):
    n = draw(st.integers(1, 8))
    texts = []
    for _ in range(n):
        predicted = draw(st.integers(0, 5))
        correct = predicted * draw(st.floats(0, 1))
        texts.append((draw(st.integers(0, 60)), predicted, correct, correct + draw(st.floats(0, 3))))
    return expectation(*texts)


def test_the_order_is_by_expected_errors_per_second_and_what_is_sure_comes_last():
    order = review_order(expectation(SURE, LONG, EMPTY, DOUBTFUL))
    assert order.tolist() == [3, 1, 0, 2]


def test_the_order_obeys_the_prices_of_the_annotators():
    # Reading is free, so the long text with more errors comes first.
    texts = expectation(DOUBTFUL, (100, 3, 1.0, 3.0))
    assert review_order(texts, CORRECTING).tolist() == [0, 1]
    dear_confirmations = Prices(word=0.0, entity=0.1, confirmation=10.0, removal=0.1)
    assert review_order(texts, dear_confirmations).tolist() == [1, 0]


def test_texts_of_equal_worth_stay_in_their_order_and_a_text_without_words_costs_nothing_infinite():
    assert review_order(expectation(EMPTY, (0, 0, 0.0, 0.0), EMPTY)).tolist() == [0, 1, 2]


def test_correcting_seconds_by_hand():
    assert correcting_seconds(expectation(DOUBTFUL))[0] == pytest.approx(10 * 0.39 + 0.8 + 4.2 + 1.5)


def test_the_f1_of_the_file_by_hand():
    # People: 6 spans. Machine: 2 spans; where 1 wrong span and 1 miss are expected there are 1.15 and 0.5.
    state = FileState.of(6, 3, expectation(DOUBTFUL), calibration=calibration())
    right, entities = 2 - 1.15, 2 - 1.15 + 0.5
    assert state.f1 == pytest.approx(2 * (6 + right) / (2 * 6 + 2 + entities))
    assert state.machine_f1 == pytest.approx(2 * right / (2 + entities))
    assert (state.n_people, state.n_machine, state.people_spans, state.machine_spans) == (3, 1, 6, 2)
    assert state.people_share == 0.75
    assert state.interval[0] < state.f1 < state.interval[1]


def test_what_is_left_is_counted_in_the_order_of_review_until_the_target():
    texts = expectation(SURE, DOUBTFUL, LONG, EMPTY)
    none = FileState.of(10, 5, texts, target=0.5)
    assert (none.texts_left, none.seconds_left) == (0, 0.0)
    one = FileState.of(10, 5, texts, calibration=calibration(), target=0.9)
    assert one.texts_left == 1
    assert one.hours_left == pytest.approx(correcting_seconds(Correction()(texts))[1] / 3600)
    assert FileState.of(10, 5, texts, calibration=calibration(), target=1.0).texts_left == 2


def test_a_file_of_people_alone_is_right_and_one_of_a_machine_alone_is_as_good_as_its_model():
    nothing = Expectation.join([])
    people = FileState.of(4, 2, nothing)
    assert (people.f1, people.interval, people.texts_left, people.people_share) == (1.0, (1.0, 1.0), 0, 1.0)
    machine = FileState.of(0, 0, expectation(DOUBTFUL, SURE), calibration=calibration())
    assert machine.f1 == pytest.approx(machine.machine_f1)
    assert 0.7 < machine.f1 < 0.9
    assert machine.people_share == 0.0
    assert FileState.of(0, 0, nothing).f1 == 1.0


def test_a_model_that_makes_more_errors_than_it_expected_is_corrected():
    texts = expectation(*[DOUBTFUL] * 50)
    as_expected = FileState.of(100, 50, texts, calibration=calibration())
    overconfident = FileState.of(100, 50, texts, calibration=calibration(found=150))
    assert overconfident.f1 < as_expected.f1
    assert overconfident.seconds_left > as_expected.seconds_left


def test_the_correction_is_drawn_towards_a_typical_model_by_chance_and_chance_widens_the_interval():
    typical = Correction()
    sure, vague = Correction.of(calibration(1_500, 1_000)), Correction.of(calibration(15, 10))
    assert sure.misses == pytest.approx(1.5 * typical.misses, abs=0.01)
    assert typical.misses < vague.misses < 1.2 * typical.misses
    assert sure.spread < vague.spread < Correction.of(None).spread
    assert Correction.of(calibration(70, 70.0)).misses == pytest.approx(typical.misses)
    counted_before = replace(calibration(0, 0.0), n_texts=200)
    assert Correction.of(counted_before).false_positives == pytest.approx(typical.false_positives, abs=1e-3)
    few_folds = Correction.of(replace(calibration(), folds=2))
    assert few_folds.misses == pytest.approx(0.5**0.3 * typical.misses)


def test_what_is_not_known_or_corrected_already_stays_as_it_is():
    texts = expectation(SURE, DOUBTFUL, LONG)
    for same in (Correction.none(), Correction.of(None)):
        assert same(texts).errors == pytest.approx(texts.errors)
    assert Correction.of(Correction(2.0)) == Correction(2.0)
    assert FileState.of(1, 1, texts, calibration=Correction.none()).f1 == FileState.of(1, 1, texts).f1


def test_texts_unlike_the_labelled_ones_widen_the_interval():
    found = Correction.of(calibration())
    like, sure = expectation(*[(10, 2, 1.0, 2.0)] * 9), expectation(*[(10, 2, 1.99, 2.0)] * 9)
    assert found.spread < found.spread_on(like) < found.spread_on(sure)
    assert Correction().spread_on(sure) == Correction().spread
    assert found.spread_on(expectation(EMPTY)) == found.spread


def test_more_texts_make_the_interval_narrower_but_not_beyond_what_the_calibration_knows():
    def width(n):
        low, high = FileState.of(0, 0, expectation(*[DOUBTFUL] * n), calibration=calibration()).interval
        return high - low

    assert width(10) > width(100) > width(10_000)
    assert width(10_000) > 0.05


def test_the_state_as_json():
    found = FileState.of(6, 3, expectation(DOUBTFUL)).to_dict()
    assert found["interval"] == list(FileState.of(6, 3, expectation(DOUBTFUL)).interval)
    assert found["people_share"] == 0.75


@given(expectations(), st.integers(0, 30))
def test_reviewing_a_text_never_lowers_the_expected_f1_and_reviewing_all_makes_it_right(texts, people_spans):
    curve = f1_by_reviewed(people_spans, texts, review_order(texts))
    assert len(curve) == len(texts) + 1
    assert (np.diff(curve) >= -1e-9).all()
    assert curve[-1] == pytest.approx(1.0)


@given(expectations(), st.floats(0.2, 5.0))
def test_a_correction_multiplies_the_errors_and_keeps_counts_possible(texts, factor):
    plain, corrected = Correction()(texts), Correction().times(factor)(texts)
    assert (corrected.expected_correct >= 0).all()
    assert (corrected.expected_correct <= texts.predicted).all()
    assert corrected.misses == pytest.approx(factor * plain.misses, abs=1e-6)
    limit = np.minimum(factor * 1.15 * texts.false_positives**1.15, texts.predicted)
    assert corrected.false_positives == pytest.approx(limit, abs=1e-6)


@given(expectations(), st.integers(0, 30), st.floats(0.5, 1.0))
def test_the_interval_holds_the_estimate_and_what_is_left_reaches_the_target(texts, people_spans, target):
    state = FileState.of(people_spans, 3, texts, target=target)
    assert 0.0 <= state.interval[0] <= state.f1 + 1e-9
    assert state.f1 <= state.interval[1] + 1e-9 <= 1.0 + 1e-9
    assert 0 <= state.texts_left <= len(texts)
    assert (state.texts_left == 0) == (state.f1 >= min(target, 1.0 - 1e-12) or not len(texts))
