"""Out-of-fold predictions come from models that were not trained on the text."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.tagger import load_members, read_together
from wapaganda.trainer import Recipe, TrainingJob, cross_fit
from wapaganda.trainer.cross_fitting import folds_of

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=60, seed=3, head_factor=2.0, batch_size=8, word_embeddings=True)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_answers_come_in_the_order_of_the_documents(tiny_encoder, toy_documents):
    answers = cross_fit(TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=2)), folds=3)

    assert [len(each.words) for each in answers] == [
        len(text.replace(".", " .").split()) for text in (document.text for document in toy_documents)
    ]


def test_a_label_that_stands_on_one_text_only_is_never_found_out_of_fold(tiny_encoder, toy_documents):
    odd = Document("odd", "saw saw saw", (Span(0, 11, "CITY"),))
    documents = [*toy_documents, odd]

    answers = cross_fit(TrainingJob(documents, SCHEMA, tiny_encoder, RECIPE), folds=2)

    assert answers[-1].spans != odd.spans  # a model that was trained on it would know it
    found = sum(
        answer.spans == tuple(document.spans) for answer, document in zip(answers, documents, strict=True)
    )
    assert found > len(documents) / 2


def test_equal_texts_share_a_fold_and_folds_are_of_equal_size():
    folds = folds_of(["a", "b", "a", "c", "d", "a"], 2, seed=1)

    assert folds[0] == folds[2] == folds[5]
    assert sorted((folds[[0, 1, 3, 4]] == fold).sum() for fold in (0, 1)) == [2, 2]


def test_the_models_of_the_folds_become_a_committee_that_reads_together(
    tiny_encoder, toy_documents, tmp_path
):
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=8), device="cpu")
    answers = cross_fit(job, folds=3, keep=tmp_path)

    assert load_members(tmp_path / "elsewhere", "cpu") == []
    members = load_members(tmp_path, "cpu")
    assert len(members) == 3
    texts = [document.text for document in toy_documents]
    fold_of = folds_of(texts, 3, RECIPE.seed)
    readings = list(read_together(members, texts))
    for answer, reading, fold in zip(answers, readings, fold_of, strict=True):
        np.testing.assert_allclose(reading[fold], answer.log_probs, atol=1e-5)
        assert reading.shape == (3, *answer.log_probs.shape)
        assert not np.allclose(reading[fold], reading[fold - 1], atol=1e-3)


@pytest.mark.parametrize("folds", [1, 3])
def test_too_few_or_too_many_folds_are_refused(folds):
    with pytest.raises(ValueError, match=f"Expected 2 to 2 folds for 2 different texts, was: {folds}"):
        folds_of(["a", "b", "b"], folds, seed=1)
