"""What is asked of a text that was chosen: the window in doubt, and no part of it twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapaganda.ner import Document, Span, excerpt, is_excerpt, place_of, whole_text, word_offsets
from wapaganda.pipeline.excerpts import asked_parts, cut, cut_picks, still_to_ask
from wapaganda.sampler import Pick, Selection
from wapaganda.tagger import TaggedText

SURE, OPEN = np.log([0.998, 0.001, 0.001]), np.log([0.5, 0.4, 0.1])
TEXT = " ".join(f"w{number:02d}" for number in range(30))


def tagged(text, doubtful=(), spans=()):
    """The answer of a model that is sure of all words but the ``doubtful`` ones."""
    words = word_offsets(text)
    rows = np.array([OPEN if number in doubtful else SURE for number in range(len(words))])
    return TaggedText(words, rows.reshape(-1, 3).astype(np.float32), tuple(spans), np.zeros(2, np.float32))


def words_of(question):
    start = place_of(question)[0] // 4
    return start, start + len(question.text.split())


def test_the_window_with_the_most_doubt_is_asked():
    first, last = words_of(cut(Document("a", TEXT), tagged(TEXT, (4, 17, 18, 20)), 5))
    assert first <= 17 < 20 < last
    assert last - first == 5


def test_the_doubt_stands_in_the_middle_where_it_can():
    first, last = words_of(cut(Document("a", TEXT), tagged(TEXT, (15,)), 9))
    assert last - first == 9
    assert first + 2 <= 15 < last - 2


def test_the_proposed_spans_come_along_and_none_is_cut_in_two():
    doubtful = (10, 11, 12, 13)
    spans = (Span(0, 3, "X"), Span(32, 43, "X"), Span(52, 63, "X"))  # words 0, 8 to 10, 13 to 15
    question = cut(Document("a", TEXT), tagged(TEXT, doubtful, spans), 4)
    assert words_of(question) == (8, 16)
    assert [question.text[each.start : each.end] for each in question.spans] == ["w08 w09 w10", "w13 w14 w15"]


@pytest.mark.parametrize("n_words", [0, 20, 100])
def test_a_text_that_is_not_much_longer_stays_whole(n_words):
    answer = tagged(TEXT, (5,), (Span(0, 3, "X"),))
    assert cut(Document("a", TEXT), answer, n_words) == Document("a", TEXT, answer.spans)


def test_an_excerpt_is_asked_as_it_is():
    part = excerpt(Document("a", TEXT), 0, 60)
    assert cut(part, tagged(part.text, (3,)), 2) == part.with_spans(())


def test_an_excerpt_ends_at_white_space():
    text = " ".join(f"(don't-{number})" for number in range(8))  # seven words each
    question = cut(Document("a", text), tagged(text, (24,)), 2)
    assert question.text == "(don't-3)"


def test_where_there_is_no_white_space_near_it_ends_at_a_word():
    text = "語" * 40
    question = cut(Document("a", text), tagged(text, (20,)), 6)
    assert len(question.text) == 6


def test_what_was_asked_is_not_asked_again_and_a_small_rest_is_asked_at_once():
    whole = Document("a", TEXT)
    answer = tagged(TEXT, (2, 10, 20))
    parts, known = [], []
    while (question := cut(whole, answer, 8, asked_parts(known).get(TEXT, ()))) is not None:
        parts.append(words_of(question))
        known.append(question)
    assert parts == [(9, 17), (18, 26), (0, 9)]  # the rests here and there are sure


def test_a_rest_without_doubt_is_left_alone():
    whole = Document("a", TEXT)
    first = cut(whole, tagged(TEXT, (7,)), 5)
    sure = TaggedText(word_offsets(TEXT), np.tile(np.log([1 - 2e-6, 1e-6, 1e-6]), (30, 1)), (), np.zeros(2))
    assert cut(whole, sure, 5, asked_parts([first])[TEXT]) is None


@given(st.data())
def test_any_text_is_asked_piece_by_piece_until_nothing_is_left(data):
    text = data.draw(st.text(alphabet="ab .語'\n", max_size=60))
    words = word_offsets(text)
    odds = data.draw(st.lists(st.floats(0.05, 0.9), min_size=len(words), max_size=len(words)))
    rows = np.log([[1 - p, p * 0.7, p * 0.3] for p in odds]).reshape(-1, 3)
    ends = data.draw(st.sets(st.integers(0, max(0, len(words) - 1)), max_size=6))
    spans = tuple(
        Span(int(words[a, 0]), int(words[b, 1]), "X")
        for a, b in zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False)
        if len(words)
    )
    answer, n_words = TaggedText(words, rows, spans, np.zeros(2)), data.draw(st.integers(1, 9))
    whole, known = Document("a", text), []
    for _ in range(len(words) + 1):
        question = cut(whole, answer, n_words, asked_parts(known).get(text, ()))
        if question is None or not is_excerpt(question):
            break
        assert whole_text(question) == text
        assert question.text == question.text.strip()
        if not known:
            assert not any(a.start < edge < a.end for a in spans for edge in place_of(question))
        known.append(question)
    assert question is None or not known
    if known:
        assert still_to_ask([whole], known) == []
        looked_at = sum(len(word_offsets(each.text)) for each in known)
        assert looked_at == len(words)


def test_the_pool_is_as_it_was_while_nothing_was_asked_in_parts():
    pool = [Document("a", TEXT), Document("b", "anna")]
    assert still_to_ask(pool, [*pool, Document("c", "bob", ())]) == pool


def test_the_pool_loses_texts_without_a_rest_and_parts_of_texts_that_are_labelled():
    done, begun, labelled = (Document(name, f"{name} {TEXT}") for name in "abc")
    parts = [excerpt(done, 0, 60), excerpt(done, 60, len(done.text)), excerpt(begun, 0, 60)]
    waiting = excerpt(labelled, 0, 60)
    known = [*parts, begun, done, waiting, labelled.with_spans(())]
    assert still_to_ask([done, begun, waiting], known) == [begun]


def test_picks_of_which_nothing_is_left_are_out_of_the_batch():
    long, short = Document("a", TEXT), Document("b", "w01 w02")
    picks = tuple(Pick(row, name, 0.5, row + 1, "uncertain") for row, name in enumerate("ab"))
    selection = Selection(picks, 2, 2, 0, 0, 0, "", False)
    answers = [tagged(TEXT, (3,)), tagged(short.text)]
    kept, questions = cut_picks(selection, [long, short], answers, 6, [])
    assert [pick.id for pick in kept.picks] == ["a", "b"]
    assert [is_excerpt(each) for each in questions] == [True, False]
    known = [excerpt(long, 0, 59), excerpt(long, 60, len(TEXT))]
    kept, questions = cut_picks(selection, [long, short], answers, 6, known)
    assert ([pick.id for pick in kept.picks], [each.id for each in questions]) == (["b"], ["b"])
