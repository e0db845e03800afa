"""The types that the labels of a text can say."""

from wapaganda.ner import (
    CONSIDERED,
    Document,
    LabelSchema,
    Span,
    considered_labels,
    judged_spans,
    label_names,
    missing_types,
    with_considered,
)

SCHEMA = LabelSchema(("DATE", "LOC", "PER"))
PER, DATE = Span(0, 4, "PER"), Span(5, 9, "DATE")


def of(labels: object, *spans: Span) -> Document:
    return Document("a", "Anna 1999", spans, {CONSIDERED: labels})


def test_a_text_without_a_schema_of_its_own_can_say_everything():
    plain = Document("a", "Anna 1999", (PER,))
    assert considered_labels(plain) is None
    assert missing_types(plain, SCHEMA) == ()
    assert judged_spans([plain], [(DATE,)]) == [(DATE,)]


def test_types_outside_the_schema_of_a_text_are_missing_and_not_judged():
    assert missing_types(of(["PER"]), SCHEMA) == (0, 1)
    assert missing_types(of(["PER", "DATE", "LOC", "OLD"]), SCHEMA) == ()
    assert judged_spans([of(["PER"]), of(["DATE"])], [(PER, DATE), (PER, DATE)]) == [(PER,), (DATE,)]


def test_a_label_that_a_span_has_counts_as_considered():
    assert considered_labels(of(["PER"], DATE)) == {"PER", "DATE"}
    assert missing_types(of(["PER"], DATE), SCHEMA) == (1,)


def test_anything_but_a_list_of_names_says_nothing():
    for value in ("PER", {"PER": 1}, [1], [""], None):
        assert label_names(value) is None
        assert considered_labels(of(value)) is None


def test_the_key_is_set_and_removed():
    assert with_considered({"a": 1}, ("PER",)) == {"a": 1, CONSIDERED: ["PER"]}
    assert with_considered({"a": 1, CONSIDERED: ["PER"]}, None) == {"a": 1}
