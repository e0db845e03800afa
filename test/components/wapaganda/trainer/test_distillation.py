"""Soft labels and the student that learns them."""

from dataclasses import replace
from itertools import repeat

import numpy as np
import pytest
import torch
from torch import nn

from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.tagger import Tagger
from wapaganda.trainer import (
    Recipe,
    SoftText,
    TrainingJob,
    mean_probabilities,
    student_job,
    train,
    training_loop,
    unlike,
)
from wapaganda.trainer.training_set import Example, frequency_loss, word_loss

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=40, seed=3, head_factor=2.0, batch_size=8)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def example(tags, soft=None, missing=()):
    return Example(
        None, np.array(tags, np.int64), missing, None if soft is None else np.array(soft, np.float32)
    )


def test_the_loss_of_a_soft_word_is_the_cross_entropy_with_its_distribution():
    torch.manual_seed(0)
    logits = torch.randn(4, 3, requires_grad=True)
    soft = [[0.7, 0.2, 0.1], [0.0, 0.5, 0.5]]
    batch = [example([2]), example([0, 1], soft), example([0])]
    loss = word_loss(logits, torch.tensor([2, 0, 1, 0]), batch)
    hard = nn.functional.cross_entropy(logits[[0, 3]], torch.tensor([2, 0]), reduction="sum")
    of_soft = nn.functional.cross_entropy(logits[1:3], torch.tensor(soft), reduction="sum")
    assert loss.item() == pytest.approx((hard + of_soft).item() / 4, rel=1e-6)
    loss.backward()
    expected = (logits.detach().softmax(1)[1] - torch.tensor(soft[0])) / 4
    np.testing.assert_allclose(logits.grad[1], expected, atol=1e-6)


def test_soft_words_stand_beside_words_of_texts_that_cannot_say_a_type():
    logits = torch.zeros(2, 5)
    batch = [example([0], missing=(1,)), example([0], [[0.2] * 5])]
    loss = word_loss(logits, torch.tensor([0, 0]), batch)
    assert loss.item() == pytest.approx((np.log(5 / 3) + np.log(5)) / 2)


def test_soft_labels_count_in_the_frequencies_of_tags():
    found = frequency_loss([example([0, 1]), example([0, 0], [[0.5, 0.5], [0.5, 0.5]])])
    assert found == pytest.approx(np.log(2))


def test_the_target_is_the_mean_of_what_the_teachers_say():
    texts = ["anna left", ""]
    one = [np.log([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2]]), np.zeros((0, 3))]
    other = [np.log([[0.2, 0.4, 0.4], [0.6, 0.4, 1e-9]]), np.zeros((0, 3))]
    targets = mean_probabilities([one, other, one])
    job = student_job(TrainingJob([], SCHEMA, "encoder", RECIPE), "folder", texts, targets)
    (soft,) = job.soft
    assert soft.text == "anna left"
    np.testing.assert_allclose(soft.probabilities[0], [0.6, 0.2, 0.2], rtol=1e-5)
    assert (job.initial_model, job.recipe.keep, job.recipe.steps) == ("folder", 1.0, 30)
    assert 0 < job.recipe.hidden < 0.5


def test_a_student_learns_from_its_teachers_what_no_label_says(tiny_encoder, toy_documents, tmp_path):
    """The labels know no "york"; for the teacher it is a city with a probability of two thirds."""
    known = [each for each in toy_documents if "york" not in each.text]
    job = TrainingJob(known, SCHEMA, tiny_encoder, replace(RECIPE, steps=60), device="cpu")
    train(job, tmp_path / "first")
    taught = ["york", "york went"]
    first = Tagger.load(tmp_path / "first", device="cpu")
    assert not any(span.label == "CITY" for spans in first.predict(taught) for span in spans)
    city = np.where(np.array(SCHEMA.tags) == "B-CITY", 2 / 3, 1 / 3 / (len(SCHEMA.tags) - 1))
    rows = []
    for text, each in zip(taught, first.tag(taught), strict=True):
        places = [place for place, word in enumerate(text.split()) if word == "york"]
        row = np.exp(each.log_probs)
        row[places] = city
        rows.append(np.log(row))
    student = student_job(job, tmp_path / "first", taught * 20, mean_probabilities([rows * 20]))
    train(replace(student, recipe=replace(student.recipe, steps=60)), tmp_path / "student")
    found = Tagger.load(tmp_path / "student", device="cpu").predict(taught)
    assert [[span.label for span in spans] for spans in found] == [["CITY"]] * 2


def test_a_labelled_text_counts_twice_beside_soft_ones(tiny_encoder, toy_documents, tmp_path, monkeypatch):
    given = []

    def spy(epochs, *arguments):
        first = next(epochs)
        given.append(list(first))
        return batches_of(repeat(first), *arguments)

    batches_of = training_loop.batches_of
    monkeypatch.setattr(training_loop, "batches_of", spy)
    soft = SoftText("anna left", np.full((2, 5), 0.2, np.float32))
    job = TrainingJob(
        toy_documents,
        SCHEMA,
        tiny_encoder,
        replace(RECIPE, steps=1, max_restarts=0),
        soft=[soft],
        device="cpu",
    )
    train(job, tmp_path / "m")
    train(replace(job, soft=()), tmp_path / "n")
    assert [len(each) for each in given] == [2 * len(toy_documents) + 1, len(toy_documents)]


def test_soft_labels_for_another_number_of_words_are_refused(tiny_encoder, toy_documents, tmp_path):
    soft = SoftText("anna left home", np.full((2, 5), 0.2, np.float32))
    job = TrainingJob(
        toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=1), soft=[soft], device="cpu"
    )
    with pytest.raises(ValueError, match="Expected soft labels for 3 words, was: 2"):
        train(job, tmp_path / "m")


def test_labelled_texts_are_not_taught_and_copies_count_once():
    known = [Document("a", "anna went  home", ()), Document("w", "anna saw bob", (Span(0, 4, "NAME"),))]
    texts = ["anna went home", "anna saw bob", "carla", " carla ", "bob"]
    assert sorted(each.strip() for each in unlike(texts, known)) == ["bob", "carla"]
