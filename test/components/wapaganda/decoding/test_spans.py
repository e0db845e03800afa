"""Spans of tag sequences, against a plain loop over each sequence."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wapaganda.decoding import spans_of
from wapaganda.ner import LabelSchema, decode_tags, encode_tags

SCHEMA = LabelSchema(("A", "B"))


def valid(tags):
    """The sequence with every I that follows no tag of its type made a B."""
    fixed = []
    for tag in tags:
        goes_on = tag > 0 and tag % 2 == 0
        follows = bool(fixed) and fixed[-1] in (tag, tag - 1) and fixed[-1] > 0
        fixed.append(tag - 1 if goes_on and not follows else tag)
    return fixed


@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6).map(valid), max_size=5))
def test_the_spans_are_those_that_decoding_reads(rows):
    words = np.array([[2 * place, 2 * place + 1] for place in range(6)], dtype=np.int32)

    found = spans_of(np.array(rows, dtype=np.int64).reshape(-1, 6))

    assert len(found) == len(rows)
    for spans, row in zip(found, rows, strict=True):
        read = decode_tags(np.array(row), words, SCHEMA)
        assert [(f, last, SCHEMA.labels[kind]) for f, last, kind in spans] == [
            (span.start // 2, (span.end - 1) // 2, span.label) for span in read
        ]
        assert encode_tags(read, words, SCHEMA).tolist() == row
