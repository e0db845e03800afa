"""Self-training: the most confident predictions are the pseudo-labels of a second training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wapaganda.ner import Document, LabelSchema, Span, word_offsets
from wapaganda.tagger import TaggedText, Tagger
from wapaganda.trainer import Callbacks, Recipe, TrainingJob, cross_fit, cross_fitting, train, training_loop
from wapaganda.trainer.pseudo_labels import extended_recipe, max_pseudo_labelled, pseudo_label, unlike
from wapaganda.trainer.recipe import default_steps

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=30, seed=3, head_factor=2.0, batch_size=8)
SPAN = Span(0, 4, "NAME")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


class Confident:
    """Its confidence in the text "word N" grows with N; in every second text it finds a name."""

    def tag(self, texts):
        for text in texts:
            words = word_offsets(text)
            number = int(text.split()[1]) if len(words) else 0
            p = 0.5 + number / 300
            rest = np.full((len(words), 2), (1 - p) / 2)
            rows = np.log(np.concatenate([np.full((len(words), 1), p), rest], axis=1)).astype(np.float32)
            yield TaggedText(words, rows, (SPAN,) if number % 2 else (), np.zeros(1, np.float32))


def test_the_most_confident_texts_are_pseudo_labelled_two_thirds_of_them_with_entities():
    texts = [f"word {number}" for number in range(100)]
    found = pseudo_label(Confident(), texts, 10, seed=1)
    assert [each.text for each in found if each.spans] == [f"word {n}" for n in range(99, 59, -2)]
    assert [each.text for each in found if not each.spans] == [f"word {n}" for n in range(98, 78, -2)]
    assert all(each.is_labelled for each in found)
    assert len({each.id for each in found}) == 30


def test_texts_without_words_get_no_pseudo_labels():
    assert pseudo_label(Confident(), [""] * 50, 10, seed=1) == []


@pytest.mark.parametrize(
    ("n_labelled", "n_unlabelled", "expected"), [(10, 1000, 30), (500, 5000, 600), (200, 300, 150), (9, 1, 0)]
)
def test_how_many_are_pseudo_labelled(n_labelled, n_unlabelled, expected):
    assert max_pseudo_labelled(n_labelled, n_unlabelled) == expected


def test_the_second_training_is_longer_in_proportion_to_the_defaults():
    plain = replace(RECIPE, steps=default_steps(200, 4))
    assert extended_recipe(plain, 200, 600, 4).steps == default_steps(1000, 4)
    assert (
        extended_recipe(replace(plain, steps=plain.steps // 2), 200, 600, 4).steps
        == default_steps(1000, 4) // 2
    )


@pytest.fixture
def unlabelled(toy_documents):
    return [f"{document.text} {document.text}" for document in toy_documents]


def training_sets(monkeypatch):
    """The training set of every training, and its number of steps."""
    seen = []
    once = training_loop._train_once

    def spy(job, *arguments):
        seen.append((list(job.documents), job.recipe.steps))
        return once(job, *arguments)

    monkeypatch.setattr(training_loop, "_train_once", spy)
    return seen


def test_labels_count_twice_and_pseudo_labels_once(
    tiny_encoder, toy_documents, unlabelled, tmp_path, monkeypatch
):
    seen, reported = training_sets(monkeypatch), []
    result = train(
        TrainingJob(toy_documents, SCHEMA, tiny_encoder, RECIPE, unlabelled=unlabelled, device="cpu"),
        tmp_path / "m",
        Callbacks(on_step=lambda report: reported.append((report.step, report.steps))),
    )
    (first, first_steps), (second, second_steps) = seen
    n = len(toy_documents)
    assert (first, first_steps) == (toy_documents, 30)
    assert second[: 2 * n] == [*toy_documents, *toy_documents]
    pseudo = second[2 * n :]
    assert {each.text for each in pseudo} <= set(unlabelled)
    assert result.n_pseudo_labelled == len(pseudo) > 0
    assert second_steps > 30
    assert result.steps == len(result.losses) == 30 + second_steps
    assert [step for step, _ in reported] == sorted({step for step, _ in reported})
    assert len({steps for _, steps in reported}) == 1
    assert reported[-1][0] <= reported[-1][1]
    assert result.repairs.total == 0
    Tagger.load(tmp_path / "m", device="cpu")


def test_labelled_texts_get_no_pseudo_labels_and_copies_count_once():
    known = [Document("a", "anna went  home", ()), Document("w", "anna saw bob in new york", ())]
    texts = ["anna went home", "anna saw bob in new york", "carla", " carla ", "bob"]
    assert sorted(each.strip() for each in unlike(texts, known)) == ["bob", "carla"]


def test_the_pseudo_labels_of_a_fold_are_of_texts_in_no_fold(
    tiny_encoder, toy_documents, unlabelled, monkeypatch
):
    given = []

    def spy(job, *arguments):
        given.append(set(job.unlabelled))
        return train_in_memory(job, *arguments)

    train_in_memory = cross_fitting.train_in_memory
    monkeypatch.setattr(cross_fitting, "train_in_memory", spy)
    copies = [document.text for document in toy_documents]
    recipe = replace(RECIPE, steps=2)
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, recipe, unlabelled=[*copies, *unlabelled])
    cross_fit(job, folds=2)
    assert given == [set(unlabelled) - set(copies)] * 2


def test_dev_texts_get_no_pseudo_labels(tiny_encoder, toy_documents, unlabelled, tmp_path, monkeypatch):
    seen = training_sets(monkeypatch)
    dev = [replace(toy_documents[0], text=f" {text}", spans=()) for text in unlabelled[:20]]
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, RECIPE, unlabelled=unlabelled, dev=dev)
    train(replace(job, device="cpu"), tmp_path / "m")
    assert not {each.text for each in seen[-1][0]} & {each.text.strip() for each in dev}


def test_without_unlabelled_texts_nothing_changes(tiny_encoder, toy_documents, tmp_path, monkeypatch):
    seen = training_sets(monkeypatch)
    result = train(TrainingJob(toy_documents, SCHEMA, tiny_encoder, RECIPE, device="cpu"), tmp_path / "m")
    assert (len(seen), result.n_pseudo_labelled) == (1, 0)


def test_a_second_training_that_learns_nothing_leaves_the_first(
    tiny_encoder, toy_documents, unlabelled, tmp_path, monkeypatch
):
    train_with_restarts = training_loop._train_with_restarts
    calls = []

    def collapsing(job, on_step):
        calls.append(len(job.documents))
        trained = train_with_restarts(job, on_step)
        return replace(trained, result=replace(trained.result, collapsed=len(calls) > 1))

    monkeypatch.setattr(training_loop, "_train_with_restarts", collapsing)
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, RECIPE, unlabelled=unlabelled, device="cpu")
    result = train(job, tmp_path / "m")
    assert len(calls) == 2
    assert (result.collapsed, result.n_pseudo_labelled, result.steps) == (False, 0, 30)
