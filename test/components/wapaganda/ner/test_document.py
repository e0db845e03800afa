import pytest

from wapaganda.ner import Document, LabelSchema, Span


def test_the_score_is_no_part_of_a_spans_identity():
    assert Span(0, 1, "A", 0.5) == Span(0, 1, "A")
    assert len({Span(0, 1, "A", 0.5), Span(0, 1, "A")}) == 1


def test_looked_at_without_an_entity_is_not_the_same_as_not_looked_at():
    document = Document("1", "x")
    assert not document.is_labelled
    assert document.with_spans([]).is_labelled
    assert not document.with_spans([Span(0, 1, "A")]).with_spans(None).is_labelled


def test_the_tags_stand_in_the_order_of_their_ids():
    schema = LabelSchema.of(
        [Document("1", "x y", (Span(0, 1, "PER"),)), Document("2", "x", (Span(0, 1, "LOC"),))]
    )
    assert schema.labels == ("LOC", "PER")
    assert schema.tags == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    assert schema.tags[schema.begin("PER")] == "B-PER"


@pytest.mark.parametrize("labels", [(), ("A", "A"), ("A", "")])
def test_a_schema_without_sense_is_refused(labels):
    with pytest.raises(ValueError, match="at least one label"):
        LabelSchema(labels)


def test_an_unknown_label_is_named():
    with pytest.raises(ValueError, match=r"one of the labels A, B, was: 'C'"):
        LabelSchema(("A", "B")).begin("C")
