"""Which labels are issues, with which score, and in which order."""

import random
from dataclasses import dataclass, replace

import numpy as np
import pytest

from wapaganda.decoding import posterior
from wapaganda.label_errors import find_label_issues
from wapaganda.ner import CONSIDERED, Document, LabelSchema, Span, decode_tags, encode_tags, word_offsets

SCHEMA = LabelSchema(("LOC", "PER"))
PEOPLE = ("Anna", "Bob", "Carla", "Dieter May", "Emil van Dam")
PLACES = ("Oslo", "Rome", "New York", "Rio de Janeiro")


@dataclass(frozen=True)
class Answer:
    """A model's answer, made by hand."""

    words: np.ndarray
    log_probs: np.ndarray
    spans: tuple[Span, ...]


def answer(text: str, spans: tuple[Span, ...], sure: float = 0.9) -> Answer:
    """Of a model that is ``sure`` of these spans, and as unsure of all other tags as of each other."""
    words = word_offsets(text)
    tags = encode_tags(spans, words, SCHEMA)
    probs = np.full((len(words), 5), (1 - sure) / 4)
    probs[np.arange(len(words)), tags] = sure
    scored = tuple(replace(span, score=sure) for span in decode_tags(tags, words, SCHEMA))
    return Answer(words, np.log(probs).astype(np.float32), scored)


def span(text: str, part: str, label: str) -> Span:
    return Span(text.index(part), text.index(part) + len(part), label)


def document(number: int) -> Document:
    person, place = PEOPLE[number % 5], PLACES[number % 4]
    text = f"In {place} we saw {person} , {number} times ."
    return Document(str(number), text, (span(text, place, "LOC"), span(text, person, "PER")))


def test_planted_errors_come_first_each_by_its_kind():
    clean = [document(number) for number in range(60)]
    rng = random.Random(3)
    answers = [answer(each.text, each.spans, rng.uniform(0.7, 0.99)) for each in clean]
    noisy = list(clean)
    noisy[8] = clean[8].with_spans(clean[8].spans[1:])  # Oslo is not marked
    noisy[23] = clean[23].with_spans([replace(clean[23].spans[0], label="PER"), clean[23].spans[1]])
    noisy[34] = clean[34].with_spans([clean[34].spans[0], span(clean[34].text, "van Dam", "PER")])
    noisy[41] = clean[41].with_spans([*clean[41].spans, span(clean[41].text, "41 times", "LOC")])
    found = find_label_issues(noisy, answers, SCHEMA)
    assert {(each.document_id, each.kind) for each in found} == {
        ("8", "missed"),
        ("23", "type"),
        ("34", "border"),
        ("41", "spurious"),
    }
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    for each in found:
        assert each.is_open_in(noisy[int(each.document_id)])
        assert (each.given is None) == (each.kind == "missed")
    by_kind = {each.kind: each for each in found}
    assert by_kind["border"].proposed == span(clean[34].text, "Emil van Dam", "PER")
    assert by_kind["missed"].proposed == clean[8].spans[0]
    assert min(each.score for each in found) > 0.4


def test_the_score_pools_the_words_of_both_spans():
    text = "Dieter May saw"
    given, proposed = Span(7, 10, "PER"), Span(0, 10, "PER")
    sure = answer(text, (proposed,), 0.8)
    (found,) = find_label_issues([Document("a", text, (given,))], [sure], SCHEMA)
    tags = posterior(sure.log_probs[None], np.array([3])).tag[0]
    assert found.score == pytest.approx(1 - np.sqrt((tags[0, 0] ** 2 + tags[1, 3] ** 2) / 2), abs=1e-6)


def test_a_long_name_does_not_come_before_a_plain_error():
    """π of a span of many words is small for no other reason than their number."""
    long_text, short_text = "The Battle of the Rio de Janeiro Bay was won", "Anna saw"
    long_one = Span(4, 36, "PER")
    documents = [Document("long", long_text, (long_one,)), Document("short", short_text, ())]
    answers = [
        answer(long_text, (replace(long_one, start=0),), 0.7),
        answer(short_text, (Span(0, 4, "PER"),), 0.9),
    ]
    assert [each.document_id for each in find_label_issues(documents, answers, SCHEMA)] == ["short", "long"]


def test_what_the_model_finds_too_is_never_an_issue_however_uncertain_it_is():
    one = document(3)
    assert find_label_issues([one], [answer(one.text, one.spans, 0.3)], SCHEMA) == []


def test_the_order_of_the_texts_and_their_company_change_nothing():
    documents = [document(number).with_spans([]) for number in range(12)]
    answers = [answer(each.text, document(n).spans, 0.6 + n / 40) for n, each in enumerate(documents)]
    together = find_label_issues(documents, answers, SCHEMA)
    alone = [
        each
        for pair in zip(documents, answers, strict=True)
        for each in find_label_issues([pair[0]], [pair[1]], SCHEMA)
    ]
    assert len(together) == 24
    assert sorted(together, key=lambda each: (each.document_id, each.place)) == sorted(
        alone, key=lambda each: (each.document_id, each.place)
    )


def test_one_issue_for_each_given_span_none_for_what_a_given_one_touches():
    text = "New York Times"
    given = (Span(0, 3, "LOC"), Span(4, 8, "LOC"))
    found = find_label_issues([Document("a", text, given)], [answer(text, (Span(0, 14, "LOC"),))], SCHEMA)
    assert {(each.kind, each.given) for each in found} == {("border", given[0]), ("border", given[1])}


def test_spans_that_iob2_cannot_express_are_compared_as_they_are():
    text = "Emil van Dam saw Oslo"
    ragged = Span(0, 13, "PER")  # with the blank behind
    crossing = Span(9, 16, "LOC")
    model = answer(text, (Span(0, 12, "PER"), Span(17, 21, "LOC")))
    found = find_label_issues([Document("a", text, (ragged, crossing))], [model], SCHEMA)
    assert [(each.kind, each.given) for each in found if each.given] == [("border", crossing)]
    assert [each.kind for each in found if not each.given] == ["missed"]


def test_texts_without_words_hold_no_errors():
    texts = ["", "  ", "\n"]
    documents = [Document(str(n), text, ()) for n, text in enumerate(texts)]
    assert find_label_issues(documents, [answer(text, ()) for text in texts], SCHEMA) == []
    assert find_label_issues([], [], SCHEMA) == []


def test_words_that_the_model_never_sees_are_no_error():
    text = "Anna saw 😀"
    seen = answer("Anna saw", (Span(0, 4, "PER"),))
    found = find_label_issues([Document("a", text, (Span(0, 4, "PER"), Span(9, 10, "LOC")))], [seen], SCHEMA)
    assert found == []


def test_wrong_input_is_refused():
    one = document(1)
    with pytest.raises(ValueError, match="Expected a prediction for each of 2 documents, was: 1"):
        find_label_issues([one, one], [answer(one.text, ())], SCHEMA)
    with pytest.raises(ValueError, match="Expected labelled documents, was: '1' without labels"):
        find_label_issues([one.with_spans(None)], [answer(one.text, ())], SCHEMA)
    odd = one.with_spans([replace(one.spans[0], label="ORG")])
    with pytest.raises(ValueError, match="'ORG'"):
        find_label_issues([odd], [answer(one.text, ())], SCHEMA)


def test_a_type_that_the_labels_of_the_text_cannot_say_is_no_issue():
    text = "In Oslo we saw Anna"
    oslo, anna = span(text, "Oslo", "LOC"), span(text, "Anna", "PER")
    sure = answer(text, (oslo, anna))
    before = Document("a", text, (anna,), {CONSIDERED: ["PER"]})
    assert find_label_issues([before], [sure], SCHEMA) == []
    (plain,) = find_label_issues([before, Document("b", text, (anna,))], [sure] * 2, SCHEMA)
    assert (plain.document_id, plain.kind, plain.proposed) == ("b", "missed", oslo)


def test_the_probability_of_a_type_that_cannot_be_said_supports_the_label_outside():
    text = "In Oslo we saw Anna"
    oslo, anna = span(text, "Oslo", "LOC"), span(text, "Anna", "PER")
    sure = answer(text, (oslo,), 0.9)  # Anna was marked, the model finds a place and no person
    wrong = Document("a", text, (replace(oslo, label="PER"), anna), {CONSIDERED: ["PER"]})
    found = {each.given: each for each in find_label_issues([wrong], [sure], SCHEMA)}
    assert found[replace(oslo, label="PER")].kind == "spurious"
    assert found[anna].kind == "spurious"
