"""Out-of-fold predictions come from models that were not trained on the text."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.tagger import Tagger
from wapaganda.trainer import Recipe, TrainingJob, cross_fit, cross_fitting
from wapaganda.trainer.cross_fitting import folds_of, stable_folds_of
from wapaganda.trainer.training_loop import train_in_memory

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=60, seed=3, head_factor=2.0, batch_size=8, word_embeddings=True)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_answers_come_in_the_order_of_the_documents(tiny_encoder, toy_documents):
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=2))
    answers = cross_fit(job, folds=3).answers

    assert [len(each.words) for each in answers] == [
        len(text.replace(".", " .").split()) for text in (document.text for document in toy_documents)
    ]


def test_a_label_that_stands_on_one_text_only_is_never_found_out_of_fold(tiny_encoder, toy_documents):
    odd = Document("odd", "saw saw saw", (Span(0, 11, "CITY"),))
    documents = [*toy_documents, odd]

    answers = cross_fit(TrainingJob(documents, SCHEMA, tiny_encoder, RECIPE), folds=2).answers

    assert answers[-1].spans != odd.spans  # a model that was trained on it would know it
    found = sum(
        answer.spans == tuple(document.spans) for answer, document in zip(answers, documents, strict=True)
    )
    assert found > len(documents) / 2


def test_equal_texts_share_a_fold_and_folds_are_of_equal_size():
    folds = folds_of(["a", "b", "a", "c", "d", "a"], 2, seed=1)

    assert folds[0] == folds[2] == folds[5]
    assert sorted((folds[[0, 1, 3, 4]] == fold).sum() for fold in (0, 1)) == [2, 2]


def test_all_models_of_the_folds_read_the_other_texts(tiny_encoder, toy_documents, tmp_path):
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=8), device="cpu")
    others = ["anna left", "", "bob saw rome"]
    found = cross_fit(job, folds=3, texts=others, again=tmp_path).readings
    assert len(found) == 3
    for fold, said in enumerate(found):
        model = Tagger.load(tmp_path / str(fold), device="cpu")
        for probs, each in zip(said, model.tag(others), strict=True):
            np.testing.assert_allclose(np.exp(probs), np.exp(each.log_probs), atol=0.02)  # in half precision
    assert not np.allclose(np.exp(found[0][0]), np.exp(found[1][0]), atol=1e-3)


@pytest.mark.parametrize("folds", [1, 3])
def test_too_few_or_too_many_folds_are_refused(folds):
    with pytest.raises(ValueError, match=f"Expected 2 to 2 folds for 2 different texts, was: {folds}"):
        folds_of(["a", "b", "b"], folds, seed=1)


@pytest.fixture
def trainings(monkeypatch):
    """Every training of a fold: its texts, the number of its steps and where it started."""
    found = []

    def spy(job, callbacks):
        found.append(({each.text for each in job.documents}, job.recipe.steps, job.initial_model))
        return train_in_memory(job, callbacks)

    monkeypatch.setattr(cross_fitting, "train_in_memory", spy)
    return found


def test_warm_folds_never_learn_a_text_that_they_judge_in_this_or_an_earlier_training(
    tiny_encoder, toy_documents, tmp_path, trainings
):
    recipe = replace(RECIPE, steps=20, max_restarts=0, max_extensions=0)
    job = TrainingJob(toy_documents[:20], SCHEMA, tiny_encoder, recipe, device="cpu")
    cross_fit(job, folds=3, again=tmp_path)
    later = replace(job, documents=toy_documents)
    answers = cross_fit(later, folds=3, again=tmp_path).answers
    assert [each[1] for each in trainings] == [20] * 3 + [8] * 3
    assert [each[2] for each in trainings] == [None] * 3 + [tmp_path / str(fold) for fold in range(3)]

    texts = [document.text for document in toy_documents]
    fold_of = stable_folds_of(texts, 3)
    assert np.array_equal(fold_of[:20], stable_folds_of([f" {text}\n" for text in texts[:20]], 3))
    assert set(fold_of) == {0, 1, 2}
    for fold in range(3):
        judged = {text for text, its in zip(texts, fold_of, strict=True) if its == fold}
        learnt = trainings[fold][0] | trainings[3 + fold][0]
        assert learnt == set(texts) - judged
        model = Tagger.load(tmp_path / str(fold), device="cpu")
        for row in np.flatnonzero(fold_of == fold):
            (reading,) = model.tag([texts[row]])
            np.testing.assert_allclose(reading.log_probs, answers[row].log_probs, atol=1e-5)


def test_two_new_folds_share_the_steps_on_the_texts_in_neither(
    tiny_encoder, toy_documents, tmp_path, trainings
):
    recipe = replace(RECIPE, max_restarts=0, max_extensions=0)
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, recipe, device="cpu")
    cross_fit(job, folds=4, again=tmp_path)
    trunk, one, other, _, third, fourth = trainings
    assert [each[1] for each in trainings] == [24, 33, 33] * 2
    assert trunk[0] == one[0] & other[0]
    assert trunk[2] is None
    assert one[2] == other[2] is not None
    all_texts = {each.text for each in toy_documents}
    fold_of = dict(zip(all_texts, stable_folds_of(list(all_texts), 4), strict=True))
    for fold, (texts, *_) in enumerate((one, other, third, fourth)):
        assert texts == {text for text, its in fold_of.items() if its != fold}
    trainings.clear()
    cross_fit(job, folds=4, again=tmp_path)
    assert [each[2] for each in trainings] == [tmp_path / str(fold) for fold in range(4)]


def test_folds_start_from_the_pretrained_weights_when_the_last_ones_do_not_fit(
    tiny_encoder, toy_documents, tmp_path, trainings
):
    recipe = replace(RECIPE, steps=30, max_restarts=0, max_extensions=0)
    job = TrainingJob(toy_documents[:10], SCHEMA, tiny_encoder, recipe, device="cpu")
    cross_fit(job, folds=2, again=tmp_path)
    trainings.clear()
    cross_fit(replace(job, documents=toy_documents), folds=2, again=tmp_path)  # more than twice the texts
    assert [(each[1], each[2]) for each in trainings] == [(30, None)] * 2
    trainings.clear()
    (tmp_path / "0" / "model.safetensors").write_bytes(b"cut")
    (tmp_path / "1" / "fold.json").write_text("{")
    cross_fit(replace(job, documents=toy_documents), folds=2, again=tmp_path)
    assert [each[1] for each in trainings] == [12, 30, 30]  # the first try finds a cut file
    trainings.clear()
    other = LabelSchema(("CITY", "NAME", "THING"))
    cross_fit(replace(job, documents=toy_documents, schema=other), folds=2, again=tmp_path)
    assert [each[1] for each in trainings] == [30] * 2
