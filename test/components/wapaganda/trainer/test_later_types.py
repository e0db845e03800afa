"""A type that some texts were labelled without: their words do not say that it is absent."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wapaganda.ner import CONSIDERED, Document, LabelSchema, Span, gold_spans
from wapaganda.tagger import Tagger
from wapaganda.trainer import Recipe, TrainingJob, cross_fit, load_encoder, train
from wapaganda.trainer.training_set import Example, frequency_loss, start_low, word_loss
from wapaganda.trainer.training_set.examples import make_examples

SCHEMA = LabelSchema(("CITY", "NAME"))  # O, B-CITY, I-CITY, B-NAME, I-NAME
RECIPE = Recipe(learning_rate=5e-3, steps=80, seed=3, head_factor=2.0, batch_size=8, word_embeddings=True)


def of_tags(*tags: int, missing: tuple[int, ...] = ()) -> Example:
    return Example(None, np.array(tags, dtype=np.int64), missing)  # type: ignore[arg-type] - no window


def without_city(document: Document) -> Document:
    """As it was labelled before CITY existed."""
    spans = tuple(span for span in document.spans if span.label != "CITY")
    return replace(document, spans=spans, meta={CONSIDERED: ["NAME"]})


def test_a_word_without_a_span_does_not_push_the_missing_type_down():
    logits = torch.zeros(3, 5, requires_grad=True)
    batch = [of_tags(0, 3, missing=(0,)), of_tags(0)]
    word_loss(logits, torch.tensor([0, 3, 0]), batch).backward()
    masked, marked, whole = logits.grad
    assert masked[1] <= 0  # gradient descent raises B-CITY or leaves it
    assert masked[2] <= 0
    assert masked[0] < 0
    assert masked[3] > 0
    assert marked[1] > 0  # a word of a name is no city
    assert whole[1] > 0  # the other text was labelled with CITY


def test_the_loss_is_that_of_the_allowed_tags_together():
    logits = torch.tensor([[1.0, 2.0, -1.0, 0.5, 0.0], [0.3, 0.1, 0.0, 2.0, 1.0]])
    probability = torch.softmax(logits, dim=1)
    expected = -(probability[0, :3].sum().log() + probability[1, 3].log()) / 2
    found = word_loss(logits, torch.tensor([0, 3]), [of_tags(0, 3, missing=(0,))])
    assert found.item() == pytest.approx(expected.item())


def test_without_a_missing_type_the_loss_is_the_cross_entropy_bit_for_bit():
    torch.manual_seed(1)
    logits, tags = torch.randn(50, 5), torch.randint(5, (50,))
    found = word_loss(logits, tags, [of_tags(*tags.tolist())])
    assert torch.equal(found, torch.nn.functional.cross_entropy(logits, tags))


def test_the_loss_of_predicting_frequencies_allows_the_missing_types():
    known, partial = of_tags(0, 0, 1, 3), of_tags(0, 0, 0, 3, missing=(0,))
    shares = np.array([5, 1, 0, 2, 0]) / 8
    words = [shares[0], shares[0], shares[1], shares[3], *[shares[0] + shares[1]] * 3, shares[3]]
    assert frequency_loss([known, partial]) == pytest.approx(-np.log(words).mean())


def test_a_new_head_starts_low_only_for_types_that_some_text_cannot_say(tiny_encoder, toy_documents):
    loaded = load_encoder(tiny_encoder, SCHEMA, overlap=10)
    before = loaded.model.classifier.bias.detach().clone()
    for documents, moved in ((toy_documents, [0] * 5), ([without_city(toy_documents[0])], [0, -2, -2, 0, 0])):
        examples, _ = make_examples(documents, loaded.tokenization, SCHEMA, casing=True)
        start_low(loaded.model, examples, 5)
        assert (loaded.model.classifier.bias - before).tolist() == moved


def _f1_of_city(tagger: Tagger, documents: list[Document]) -> float:
    gold = gold_spans(documents)
    found = tagger.predict([document.text for document in documents])
    right = sum(len({s for s in a if s.label == "CITY"} & set(b)) for a, b in zip(gold, found, strict=True))
    total = sum(span.label == "CITY" for spans in (*gold, *found) for span in spans)
    return 2 * right / total


def test_a_type_added_after_two_thirds_of_the_texts_is_found_only_when_they_are_masked(
    tiny_encoder, toy_documents, tmp_path
):
    documents = [each if number % 3 == 1 else without_city(each) for number, each in enumerate(toy_documents)]
    unmasked = [replace(document, meta={}) for document in documents]
    train(TrainingJob(documents, SCHEMA, tiny_encoder, RECIPE), tmp_path / "masked")
    train(TrainingJob(unmasked, SCHEMA, tiny_encoder, RECIPE), tmp_path / "unmasked")
    assert _f1_of_city(Tagger.load(tmp_path / "masked"), toy_documents) > 0.75
    assert _f1_of_city(Tagger.load(tmp_path / "unmasked"), toy_documents) < 0.65


def test_a_type_that_no_text_could_say_is_not_found_everywhere(tiny_encoder, toy_documents, tmp_path):
    documents = [without_city(document) for document in toy_documents]
    train(TrainingJob(documents, SCHEMA, tiny_encoder, RECIPE), tmp_path / "none")
    found = Tagger.load(tmp_path / "none").predict([document.text for document in toy_documents])
    assert {span.label for spans in found for span in spans} == {"NAME"}


def test_dev_texts_do_not_judge_the_types_that_they_could_not_say(tiny_encoder, toy_documents, tmp_path):
    train_on, dev = toy_documents[:24], [without_city(each) for each in toy_documents[24:]]
    result = train(TrainingJob(train_on, SCHEMA, tiny_encoder, RECIPE, dev=dev), tmp_path / "dev")
    assert result.best_dev_f1 > 0.9


def test_cross_fitting_keeps_the_schemas_of_the_texts(tiny_encoder, toy_documents):
    documents = [each if number % 2 else without_city(each) for number, each in enumerate(toy_documents)]
    answers = cross_fit(TrainingJob(documents, SCHEMA, tiny_encoder, RECIPE), folds=2).answers
    hidden = [
        (span, answer.spans)
        for original, document, answer in zip(toy_documents, documents, answers, strict=True)
        if document.meta
        for span in original.spans
        if span.label == "CITY"
    ]
    assert sum(Span(span.start, span.end, "CITY") in found for span, found in hidden) > len(hidden) / 2
