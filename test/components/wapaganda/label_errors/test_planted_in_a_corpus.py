"""Errors planted in a real corpus are found by a real encoder that has not learnt them."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from wapaganda.annotation import read_documents
from wapaganda.label_errors import Suspect, label_errors
from wapaganda.ner import Document, LabelSchema, Span, word_offsets
from wapaganda.trainer import cross_fit, recipe_for

pytestmark = pytest.mark.slow

CORPUS = Path(__file__).parents[5] / "shared" / "data" / "wikigold" / "train.conll"
SIZE, STEPS, SHARE = 200, 120, 0.3


def with_an_error(document: Document, labels: tuple[str, ...], dice: random.Random) -> tuple[Document, Span]:
    """The document with one entity not marked, of another type or cut short; and where that is."""
    spans = list(document.spans or ())
    at = dice.randrange(len(spans))
    span = spans.pop(at)
    kind = dice.choice(["missed", "type", "border"])
    words = word_offsets(document.text)
    first = next(int(end) for start, end in words if start == span.start)
    if kind == "border" and first < span.end:
        spans.insert(at, replace(span, end=first))
    elif kind != "missed":
        spans.insert(at, replace(span, label=dice.choice([each for each in labels if each != span.label])))
    return document.with_spans(spans), span


def test_planted_errors_come_first(small_encoder):
    if not CORPUS.is_file():
        pytest.skip("needs the corpus wikigold in ../shared/data")
    torch.set_num_threads(1)
    dice = random.Random(11)
    documents = dice.sample(list(read_documents(CORPUS).documents), SIZE)
    schema = LabelSchema.of(documents)
    planted: dict[str, Span] = {}
    for number, document in enumerate(documents):
        if document.spans and dice.random() < SHARE:
            documents[number], planted[document.id] = with_an_error(document, schema.labels, dice)

    recipe = replace(recipe_for(small_encoder, SIZE, len(schema.labels), None, 13), steps=STEPS)
    answers = cross_fit(documents, schema, small_encoder, recipe, folds=2, device="cpu")
    found = label_errors(documents, answers, schema)

    def is_planted(suspect: Suspect) -> bool:
        wrong = planted.get(suspect.document_id)
        return wrong is not None and suspect.place.start < wrong.end and wrong.start < suspect.place.end

    n_labels = sum(len(document.spans) for document in documents)
    chance = len(planted) / (n_labels + len(planted))
    among_the_first = sum(map(is_planted, found[:20])) / 20
    assert chance < 0.15
    assert among_the_first > 2.5 * chance
    assert sum(map(is_planted, found[: len(found) // 2])) > sum(map(is_planted, found[len(found) // 2 :]))
