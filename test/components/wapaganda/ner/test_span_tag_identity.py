"""Spans to tags to spans is the identity: 10,500 cases in all, over texts made to hurt."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wapaganda.ner import LabelSchema, Span, align_spans, decode_tags, encode_tags, repair_spans, word_offsets

pytestmark = pytest.mark.real
SCHEMA = LabelSchema(("LOC", "MISC", "PER"))
FRAGMENTS = (
    *("Anna", "met", "O'Neil-Smith", "3.14", "snake_case", "COVID19", "é", "ß", "İ"),
    *(" ", "  ", "\t", "\n", "\r\n", "\r", "\u00a0", "\u3000", "\u2028", ".", ",", "-", "_", "'", "…", "“"),
    *("😀", "👩\u200d👩\u200d👧\u200d👦", "👍🏽", "🏳\ufe0f\u200d🌈", "1\ufe0f\u20e3", "🇩🇪", "🇩", "☃"),
    *("e\u0301", "\u0301", "o\u0323\u0302", "\ufe0f", "\u20e3", "\u200b", "\u200c", "\u200d", "\u2060"),
    *("\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", "القاهرة", "می\u200cخواهم", "\u200f", "\u202e", "\u0600"),
    *("नमस्ते", "क्\u200dष", "北京", "か\u3099", "ー", "ガ", "ｶﾞ", "서울에서", "\u1112\u1161\u11ab"),
    *("สวัสดี", "ກຳ", "ភ្នំ", "မြန်မာ", "㍿", "𠮷", "𝒜", "\x00", "\x1f", "\x85", "\ufeff", "\ufffd"),
    *("\ue000", "\u00ad", "\U000e0001", "\u180e", "\U0001fbff"),
)
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)
any_texts = texts | st.text(max_size=25)
#: Three numbers for a span: where it starts, how long it is, and its label, all taken modulo what there is.
marks = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6), st.integers(0, 2)), max_size=6)
many = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)


def expressible(text, marks):
    """Disjoint spans over whole words, from arbitrary numbers; adjacent ones of one label are common."""
    words, spans, free = word_offsets(text).tolist(), [], 0
    for gap, length, label in marks:
        first = free + gap % 3
        if first >= len(words):
            break
        last = min(first + length, len(words)) - 1
        spans.append(Span(words[first][0], words[last][1], SCHEMA.labels[label]))
        free = last + 1
    return tuple(spans)


@given(any_texts, marks)
@settings(many, max_examples=6_500)
def test_every_expressible_span_set_survives_the_way_through_tags(text, marks):
    spans, words = expressible(text, marks), word_offsets(text)
    tags = encode_tags(spans, words, SCHEMA)
    assert decode_tags(tags, words, SCHEMA) == spans
    assert len(tags) == len(words)


@given(any_texts, marks)
@settings(many, max_examples=1_500)
def test_an_expressible_span_set_is_left_alone_by_the_repair(text, marks):
    spans = expressible(text, marks)
    repaired, repairs = repair_spans(text, spans)
    assert repaired == spans
    assert repairs.total == 0
    words = word_offsets(text)
    assert decode_tags(encode_tags(repaired, words, SCHEMA), words, SCHEMA) == spans
    assert align_spans(spans, word_offsets(text)) == (spans, 0)


@given(
    any_texts,
    st.lists(st.tuples(st.integers(-3, 45), st.integers(-3, 45), st.sampled_from(SCHEMA.labels)), max_size=7),
)
@settings(many, max_examples=2_500)
def test_repaired_spans_are_expressible_and_repairing_them_again_changes_nothing(text, triples):
    spans = [Span(*triple) for triple in triples]
    repaired, repairs = repair_spans(text, spans)
    words = word_offsets(text)
    assert decode_tags(encode_tags(repaired, words, SCHEMA), words, SCHEMA) == repaired
    assert len(repaired) == len(spans) - repairs.refused - repairs.duplicate
    again, nothing = repair_spans(text, repaired)
    assert again == repaired
    assert nothing.total == 0


@given(any_texts)
@settings(many, max_examples=1_500)
def test_words_ascend_are_disjoint_and_hold_every_visible_character(text):
    words = word_offsets(text)
    flat = words.ravel()
    assert (np.diff(flat) >= 0).all()
    assert (words[:, 0] < words[:, 1]).all()
    inside = {at for start, end in words.tolist() for at in range(start, end)}
    assert all(at in inside for at, char in enumerate(text) if char.isalnum() or char in "_.,-😀☃")
    assert not any(text[at].isspace() for at in inside)
