"""Agreement of annotators, worked out by hand."""

import pytest

from wapaganda.metrics import AnnotatorAgreement, annotator_agreement
from wapaganda.ner import Span

ANNA, BOB, OSLO = Span(0, 4, "PER"), Span(9, 12, "PER"), Span(16, 20, "LOC")


def test_f1_of_a_pair_by_type_and_in_all():
    texts = [{"a": (ANNA, OSLO), "b": (ANNA, BOB)}, {"a": (ANNA,), "b": (ANNA,)}, {"a": (BOB,)}]
    found = annotator_agreement(texts)
    assert (found.n_texts, found.n_equal) == (2, 1)
    assert found.f1 == pytest.approx(2 * 2 / 6)
    assert found.per_type == pytest.approx({"LOC": 0.0, "PER": 4 / 5})
    (pair,) = found.pairs
    assert (pair.left, pair.right, pair.n_texts, pair.f1) == ("a", "b", 2, found.f1)
    assert pair.interval == found.interval
    low, high = found.interval
    assert 0.5 <= low <= found.f1 <= high <= 1.0


def test_three_annotators_are_three_pairs_and_every_pair_of_a_text_counts():
    found = annotator_agreement([{"c": (ANNA,), "a": (ANNA,), "b": ()}, {"a": (OSLO,), "b": (OSLO,)}])
    by_pair = {(pair.left, pair.right): (pair.n_texts, pair.f1) for pair in found.pairs}
    assert by_pair == {("a", "b"): (2, 2 / 3), ("a", "c"): (1, 1.0), ("b", "c"): (1, 0.0)}
    assert found.f1 == pytest.approx(4 / 6)


def test_borders_and_types_must_be_the_same():
    other_border, other_type = Span(0, 3, "PER"), Span(0, 4, "LOC")
    assert annotator_agreement([{"a": (ANNA,), "b": (other_border,)}]).f1 == 0.0
    assert annotator_agreement([{"a": (ANNA,), "b": (other_type,)}]).f1 == 0.0


def test_without_a_span_there_is_no_f1_and_without_two_answers_nothing():
    found = annotator_agreement([{"a": (), "b": ()}])
    assert (found.n_texts, found.n_equal, found.f1, found.interval) == (1, 1, None, None)
    assert found.pairs[0].f1 is None
    assert annotator_agreement([{"a": (ANNA,)}, {}]) == AnnotatorAgreement()


def test_the_interval_shrinks_with_the_texts_and_is_the_same_each_time():
    texts = [{"a": (ANNA, BOB), "b": (ANNA,) if number % 3 else (ANNA, BOB)} for number in range(300)]
    few, many = annotator_agreement(texts[:30]), annotator_agreement(texts)
    assert few.f1 == pytest.approx(many.f1)
    assert many.interval[1] - many.interval[0] < (few.interval[1] - few.interval[0]) / 2
    assert annotator_agreement(texts) == many
    assert many.to_dict()["interval"] == list(many.interval)
