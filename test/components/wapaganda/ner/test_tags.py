import numpy as np
import pytest

from wapaganda.ner import LabelSchema, Span, decode_tags, encode_tags, word_offsets

SCHEMA = LabelSchema(("LOC", "PER"))
TEXT = "Anna Bob met 😀 in Bad Homburg"
WORDS = word_offsets(TEXT)
OUT, B_LOC, I_LOC, B_PER, I_PER = range(5)


def test_adjacent_entities_of_one_type_stay_apart():
    spans = (Span(0, 4, "PER"), Span(5, 8, "PER"), Span(18, 29, "LOC"))
    tags = encode_tags(spans, WORDS, SCHEMA)
    assert tags.tolist() == [B_PER, B_PER, OUT, OUT, OUT, B_LOC, I_LOC]
    assert tags.dtype == np.int64
    assert decode_tags(tags, WORDS, SCHEMA) == spans


def test_the_order_of_the_spans_does_not_matter():
    spans = (Span(0, 4, "PER"), Span(18, 29, "LOC"))
    assert encode_tags(spans[::-1], WORDS, SCHEMA).tolist() == encode_tags(spans, WORDS, SCHEMA).tolist()


def test_no_words_no_tags():
    words = word_offsets("  ")
    assert encode_tags((), words, SCHEMA).shape == (0,)
    assert decode_tags(np.array([], dtype=np.int64), words, SCHEMA) == ()


@pytest.mark.parametrize(
    ("spans", "complaint"),
    [
        ([Span(0, 3, "PER")], "start of a word"),
        ([Span(1, 4, "PER")], "start of a word"),
        ([Span(0, 5, "PER")], "start of a word"),
        ([Span(5, 4, "PER")], "start of a word"),
        ([Span(0, 99, "PER")], "start of a word"),
        ([Span(0, 8, "PER"), Span(5, 8, "LOC")], "do not overlap"),
        ([Span(0, 4, "PER"), Span(0, 4, "PER")], "do not overlap"),
        ([Span(0, 4, "ORG")], "one of the labels LOC, PER"),
    ],
)
def test_what_tags_cannot_express_is_refused(spans, complaint):
    with pytest.raises(ValueError, match=complaint):
        encode_tags(spans, WORDS, SCHEMA)


@pytest.mark.parametrize(
    ("tags", "complaint"),
    [
        (
            [I_PER, OUT, OUT, OUT, OUT, OUT, OUT],
            "I-PER to follow its own B- or I-, was: after the start",
        ),
        ([OUT, I_LOC, OUT, OUT, OUT, OUT, OUT], "after O"),
        ([B_PER, I_LOC, OUT, OUT, OUT, OUT, OUT], "after B-PER"),
        ([B_LOC, I_LOC, I_PER, OUT, OUT, OUT, OUT], "after I-LOC"),
        ([5, OUT, OUT, OUT, OUT, OUT, OUT], "ids from 0 to 4"),
        ([-1, OUT, OUT, OUT, OUT, OUT, OUT], "ids from 0 to 4"),
        ([OUT], "one tag for each of 7 words"),
    ],
)
def test_tags_that_are_not_iob2_are_refused(tags, complaint):
    with pytest.raises(ValueError, match=complaint):
        decode_tags(np.array(tags), WORDS, SCHEMA)


def test_every_tag_sequence_of_length_four_goes_round_or_is_refused():
    words = word_offsets("a b c d")
    allowed = {B_LOC: True, B_PER: True, OUT: True}
    for number in range(5**4):
        tags = np.array([number // 5**at % 5 for at in range(4)])
        valid = all(
            tag in allowed or (at and tags[at - 1] in (tag, tag - 1)) for at, tag in enumerate(tags.tolist())
        )
        if valid:
            assert encode_tags(decode_tags(tags, words, SCHEMA), words, SCHEMA).tolist() == tags.tolist()
        else:
            with pytest.raises(ValueError, match="follow"):
                decode_tags(tags, words, SCHEMA)
