"""The loss is masked where nobody looked: the context of an excerpt is read and teaches nothing."""

import dataclasses

import numpy as np
import pytest
import torch

from wapaganda.ner import Document, LabelSchema, Span, excerpt
from wapaganda.tagger import collate, word_logits
from wapaganda.trainer import load_encoder
from wapaganda.trainer.examples import make_examples

SCHEMA = LabelSchema(("CITY", "NAME"))
TEXT = "anna saw new york . bob went to paris ."
SPANS = (Span(0, 4, "NAME"), Span(9, 17, "CITY"), Span(20, 23, "NAME"), Span(32, 37, "CITY"))
WHOLE = Document("w", TEXT, SPANS)
BOB = (20, 31)


@pytest.fixture(scope="module")
def loaded(tiny_encoder):
    return load_encoder(tiny_encoder, SCHEMA, overlap=10)


def examples_of(loaded, *documents):
    return make_examples(documents, loaded.tokenization, SCHEMA, casing=True)[0]


def same(left, right):
    pairs = zip(dataclasses.astuple(left.window), dataclasses.astuple(right.window), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs) and np.array_equal(left.tags, right.tags)


def test_the_whole_text_is_read_and_only_the_words_of_the_excerpt_own_an_answer(loaded):
    (whole,) = examples_of(loaded, WHOLE)
    (part,) = examples_of(loaded, excerpt(WHOLE, *BOB))

    assert np.array_equal(part.window.ids, whole.window.ids)
    assert (part.window.core_start, part.window.core_end) == (5, 8)
    assert np.array_equal(part.window.positions, whole.window.positions[5:8])
    assert part.tags.tolist() == whole.tags[5:8].tolist() == [3, 0, 0]


def test_no_gradient_comes_from_the_context_whatever_stands_there(loaded):
    answers = []
    for spans in (SPANS, (Span(20, 23, "NAME"),), (Span(0, 19, "CITY"), Span(20, 23, "NAME"))):
        (part,) = examples_of(loaded, excerpt(WHOLE.with_spans(spans), *BOB))
        inputs = collate([part.window], loaded.tokenization.pad_id)
        logits, _ = word_logits(loaded.model.eval(), inputs, casing=True)
        assert len(logits) == 3
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(part.tags))
        loaded.model.zero_grad()
        loss.backward()
        answers.append((loss.item(), loaded.model.classifier.weight.grad.clone()))
    assert all(loss == answers[0][0] and torch.equal(grad, answers[0][1]) for loss, grad in answers)


def test_an_excerpt_of_everything_gives_the_examples_of_the_whole_text(loaded):
    for text in (TEXT, TEXT * 20):
        whole = Document("w", text, SPANS)
        pairs = zip(
            examples_of(loaded, whole), examples_of(loaded, excerpt(whole, 0, len(text))), strict=True
        )
        assert all(same(*pair) for pair in pairs)


def test_windows_of_a_long_text_without_a_word_of_the_excerpt_are_left_out(loaded):
    whole = Document("w", " ".join([TEXT] * 30), ())
    windows = examples_of(loaded, whole)
    start = 14 * (len(TEXT) + 1)
    parts = examples_of(loaded, excerpt(whole, start, start + len(TEXT)))

    assert 1 <= len(parts) <= 2 < len(windows)
    assert sum(len(part.tags) for part in parts) == 10
    kept = {part.window.ids.tobytes() for part in parts}
    assert kept <= {example.window.ids.tobytes() for example in windows}


def test_half_words_at_the_border_are_nobodys(loaded):
    (part,) = examples_of(loaded, excerpt(WHOLE, 2, 11))  # "na saw ne"
    assert (part.window.core_start, part.window.core_end) == (1, 2)
