"""The oracle gives labels only for a question, and each only once."""

import pytest

from wapaganda.ner import Document, Span
from wapaganda.simulation import Oracle

GOLD = [
    Document("a", "anna went", (Span(0, 4, "NAME"),), {"tags": "B-NAME O"}),
    Document("b", "went", (), {"source": "x"}),
    Document("c", "bob saw", (Span(0, 3, "NAME"),)),
]


def test_unlabelled_texts_have_neither_labels_nor_metadata():
    waiting = Oracle(GOLD).waiting()
    assert [(each.id, each.text, each.spans, dict(each.meta)) for each in waiting] == [
        (each.id, each.text, None, {}) for each in GOLD
    ]


def test_labels_come_in_the_order_of_the_question_and_are_gone_from_the_pool():
    oracle = Oracle(GOLD)
    assert [each.spans for each in oracle.answer(["c", "b"])] == [(Span(0, 3, "NAME"),), ()]
    assert [each.id for each in oracle.waiting()] == ["a"]


@pytest.mark.parametrize("ids", [["a"], ["b", "b"], ["nobody"], ["a[0:2]"]])
def test_an_id_twice_or_unknown_is_refused(ids):
    oracle = Oracle(GOLD)
    oracle.answer(["a"])
    with pytest.raises(ValueError, match="Expected"):
        oracle.answer(ids)


def test_texts_without_labels_or_with_one_id_are_refused():
    with pytest.raises(ValueError, match="labelled texts"):
        Oracle([Document("a", "x", None)])
    with pytest.raises(ValueError, match="each id once"):
        Oracle([GOLD[0], GOLD[0]])


def test_evaluating_predictions_gives_no_label_away():
    oracle = Oracle(GOLD)
    assert oracle.evaluate(["a", "c"], [(Span(0, 4, "NAME"),), ()]).micro.f1 == pytest.approx(2 / 3)
    assert [each.spans for each in oracle.waiting()] == [None, None, None]
