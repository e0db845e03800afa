import json

import pytest

from wapaganda.ner import Span, decode_spans, encode_spans, span_to_dict

SPANS = (Span(0, 4, "PER", 0.25), Span(5, 9, "LOC"))


def test_rows_hold_start_end_and_label_and_with_scores_the_score():
    assert encode_spans(SPANS) == [[0, 4, "PER"], [5, 9, "LOC"]]
    assert encode_spans(SPANS, scores=True) == [[0, 4, "PER", 0.25], [5, 9, "LOC", None]]
    assert [span_to_dict(span) for span in SPANS] == [
        {"start": 0, "end": 4, "label": "PER", "score": 0.25},
        {"start": 5, "end": 9, "label": "LOC"},
    ]


@pytest.mark.parametrize(
    ("encode", "scores"),
    [
        (encode_spans, [None, None]),
        (lambda spans: encode_spans(spans, scores=True), [0.25, None]),
        (lambda spans: [span_to_dict(span) for span in spans], [0.25, None]),
    ],
)
def test_every_form_is_read_back_from_json(encode, scores):
    again = decode_spans(json.loads(json.dumps(encode(SPANS))))
    assert again == SPANS
    assert [span.score for span in again] == scores


@pytest.mark.parametrize("value", [[0, 4], "PER", {"start": 0, "end": 4}, None])
def test_anything_else_is_refused(value):
    with pytest.raises(ValueError, match="Expected a span as"):
        decode_spans([value])
