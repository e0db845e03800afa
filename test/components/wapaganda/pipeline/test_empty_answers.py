"""Empty answers of people in whose texts the model expects entities."""

import pytest

from wapaganda.ner import CONSIDERED, Document, Span
from wapaganda.pipeline import describe_empty_answers, empty_answers
from wapaganda.pipeline.training.evaluation import write_out_of_fold

ADA, BOB = Span(0, 3, "PER", 0.7), Span(8, 11, "PER", 0.95)


class Answer:
    def __init__(self, *spans: Span):
        self.spans = spans


def text(name: str, *spans: Span, **meta: object) -> Document:
    return Document(name, f"Ada met Bob {name}", spans, meta)


TEXTS = [text("a"), text("b"), text("c", ADA), text("d")]


@pytest.fixture
def folder(tmp_path):
    """A model of the cross-fitting found Ada in a, Ada and Bob in b and c; it does not know d."""
    write_out_of_fold(tmp_path, TEXTS[:3], [Answer(ADA), Answer(ADA, BOB), Answer(ADA, BOB)])
    return tmp_path


def named(*arguments):
    return {each.document.id: each.expected for each in empty_answers(*arguments)}


def test_those_that_models_find_which_have_not_seen_the_text(folder):
    found = named(TEXTS, folder)
    assert list(found.items()) == [("b", (ADA, BOB)), ("a", (ADA,))]
    assert all(document.spans == () for document in TEXTS if document.id in found)  # nothing is dropped


def test_the_live_model_reads_the_texts_that_the_folds_do_not_know(folder):
    asked = []

    def predict(texts):
        asked.extend(texts)
        return [(BOB,) for _ in texts]

    assert list(named(TEXTS, folder, predict)) == ["b", "d", "a"]
    assert asked == [TEXTS[3].text]


def test_doubtful_spans_and_other_labels_are_not_expected(folder, tmp_path):
    unsure = Span(0, 3, "PER", 0.49)
    (other := tmp_path / "other").mkdir()
    write_out_of_fold(other, TEXTS[:1], [Answer(unsure)])
    assert named(TEXTS, other) == {}
    assert named(TEXTS, folder, None, ["LOC"]) == {}
    later = text("a", **{CONSIDERED: ["LOC"]})  # its annotator could not choose PER
    assert named([later], folder) == {}


def test_without_a_model_or_an_empty_answer_there_is_nothing(folder):
    assert empty_answers(TEXTS, None, None) == ()
    assert empty_answers(TEXTS[2:3], folder, lambda texts: pytest.fail("nothing to read")) == ()


def test_the_sentence_names_the_texts():
    assert describe_empty_answers({}) == ""
    assert describe_empty_answers({"12": 1}) == (
        "1 answer of people is empty although the model expects 1 entity: text 12. "
        "Look at it again (selfish review --empty)."
    )
    many = describe_empty_answers({str(n): 2 for n in range(12, 19)})
    assert many.startswith(
        "7 answers of people are empty although the model expects 14 entities: texts 12, 13,"
    )
    assert "16, …. Look at them again" in many
