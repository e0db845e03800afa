"""Errors planted in a real corpus are found by a real encoder that has not learnt them."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from wapaganda.annotation import read_documents
from wapaganda.label_errors import LabelIssue, find_label_issues
from wapaganda.ner import Document, LabelSchema, Span, word_offsets
from wapaganda.trainer import TrainingJob, cross_fit, recipe_for

pytestmark = pytest.mark.slow

CORPUS = Path(__file__).parents[5] / "shared" / "data" / "wikigold" / "train.conll"
SIZE, STEPS, SHARE = 200, 120, 0.3


def with_an_error(document: Document, labels: tuple[str, ...], rng: random.Random) -> tuple[Document, Span]:
    """The document with one entity not marked, of another type or cut short; and where that is."""
    spans = list(document.spans or ())
    at = rng.randrange(len(spans))
    span = spans.pop(at)
    kind = rng.choice(["missed", "type", "border"])
    words = word_offsets(document.text)
    first = next(int(end) for start, end in words if start == span.start)
    if kind == "border" and first < span.end:
        spans.insert(at, replace(span, end=first))
    elif kind != "missed":
        spans.insert(at, replace(span, label=rng.choice([each for each in labels if each != span.label])))
    return document.with_spans(spans), span


def test_planted_errors_come_first(small_encoder):
    if not CORPUS.is_file():
        pytest.skip("needs the corpus wikigold in ../shared/data")
    torch.set_num_threads(1)
    rng = random.Random(11)
    documents = rng.sample(list(read_documents(CORPUS).documents), SIZE)
    schema = LabelSchema.of(documents)
    planted: dict[str, Span] = {}
    for number, document in enumerate(documents):
        if document.spans and rng.random() < SHARE:
            documents[number], planted[document.id] = with_an_error(document, schema.labels, rng)

    recipe = replace(recipe_for(small_encoder, SIZE, len(schema.labels), None, 13), steps=STEPS)
    job = TrainingJob(documents, schema, small_encoder, recipe, device="cpu")
    answers = cross_fit(job, folds=2).answers
    found = find_label_issues(documents, answers, schema)

    def is_planted(issue: LabelIssue) -> bool:
        wrong = planted.get(issue.document_id)
        return wrong is not None and issue.place.start < wrong.end and wrong.start < issue.place.end

    n_labels = sum(len(document.spans) for document in documents)
    chance = len(planted) / (n_labels + len(planted))
    among_the_first = sum(map(is_planted, found[:20])) / 20
    assert chance < 0.15
    assert among_the_first > 2.5 * chance
    assert sum(map(is_planted, found[: len(found) // 2])) > sum(map(is_planted, found[len(found) // 2 :]))
