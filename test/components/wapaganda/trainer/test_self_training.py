"""Self-training: the surest texts are taught, and the second model learns them beside the labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wapaganda.ner import Document, LabelSchema, Span, word_offsets
from wapaganda.tagger import TaggedText, Tagger
from wapaganda.trainer import Recipe, cross_fit, train
from wapaganda.trainer import cross_fitting as cross_fitting_module
from wapaganda.trainer import training as training_module
from wapaganda.trainer.recipe import default_steps
from wapaganda.trainer.self_training import longer, n_taught, surest, unlike

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=30, seed=3, head_factor=2.0, batch_size=8)
SPAN = Span(0, 4, "NAME")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


class Sure:
    """Of text "word N" it is sure by N hundredths; of every second text it says that a name stands there."""

    def tag(self, texts):
        for text in texts:
            words = word_offsets(text)
            number = int(text.split()[1]) if len(words) else 0
            p = 0.5 + number / 300
            rest = np.full((len(words), 2), (1 - p) / 2)
            rows = np.log(np.concatenate([np.full((len(words), 1), p), rest], axis=1)).astype(np.float32)
            yield TaggedText(words, rows, (SPAN,) if number % 2 else (), np.zeros(1, np.float32))


def test_the_surest_texts_are_taught_two_thirds_of_them_with_entities():
    texts = [f"word {number}" for number in range(100)]
    found = surest(Sure(), texts, 10, seed=1)
    assert [each.text for each in found if each.spans] == [f"word {n}" for n in range(99, 59, -2)]
    assert [each.text for each in found if not each.spans] == [f"word {n}" for n in range(98, 78, -2)]
    assert all(each.is_labelled for each in found)
    assert len({each.id for each in found}) == 30


def test_texts_without_words_teach_nothing():
    assert surest(Sure(), [""] * 50, 10, seed=1) == []


@pytest.mark.parametrize(
    ("n_labelled", "n_unlabelled", "expected"), [(10, 1000, 30), (500, 5000, 600), (200, 300, 150), (9, 1, 0)]
)
def test_how_many_are_taught(n_labelled, n_unlabelled, expected):
    assert n_taught(n_labelled, n_unlabelled) == expected


def test_the_second_training_is_longer_by_the_steps_that_its_texts_ask_for():
    plain = replace(RECIPE, steps=default_steps(200, 4))
    assert longer(plain, 200, 600, 4).steps == default_steps(1000, 4)
    assert longer(replace(plain, steps=plain.steps // 2), 200, 600, 4).steps == default_steps(1000, 4) // 2


@pytest.fixture
def unlabelled(toy_documents):
    return [f"{document.text} {document.text}" for document in toy_documents]


def learnt_by(monkeypatch, module):
    """What every training learns, and by how many steps."""
    seen = []
    attempt = module._attempt

    def spy(documents, schema, encoder, recipe, *arguments):
        seen.append((list(documents), recipe.steps))
        return attempt(documents, schema, encoder, recipe, *arguments)

    monkeypatch.setattr(module, "_attempt", spy)
    return seen


def test_labels_count_twice_and_the_surest_texts_once(
    tiny_encoder, toy_documents, unlabelled, tmp_path, monkeypatch
):
    seen, told = learnt_by(monkeypatch, training_module), []
    result = train(
        toy_documents,
        SCHEMA,
        tiny_encoder,
        RECIPE,
        tmp_path / "m",
        unlabelled=unlabelled,
        on_step=lambda report: told.append((report.step, report.steps)),
        device="cpu",
    )
    (first, first_steps), (second, second_steps) = seen
    n = len(toy_documents)
    assert (first, first_steps) == (toy_documents, 30)
    assert second[: 2 * n] == [*toy_documents, *toy_documents]
    taught = second[2 * n :]
    assert {each.text for each in taught} <= set(unlabelled)
    assert result.n_taught == len(taught) > 0
    assert second_steps > 30
    assert result.steps == len(result.losses) == 30 + second_steps
    assert [step for step, _ in told] == sorted({step for step, _ in told})
    assert len({steps for _, steps in told}) == 1
    assert told[-1][0] <= told[-1][1]
    assert result.repairs.total == 0
    Tagger.load(tmp_path / "m", device="cpu")


def test_what_is_labelled_or_judges_teaches_nothing_and_copies_count_once():
    known = [Document("a", "anna went  home", ()), Document("w", "anna saw bob in new york", ())]
    texts = ["anna went home", "anna saw bob in new york", "carla", " carla ", "bob"]
    assert sorted(each.strip() for each in unlike(texts, known)) == ["bob", "carla"]


def test_every_fold_is_taught_what_is_in_none(tiny_encoder, toy_documents, unlabelled, monkeypatch):
    given = []

    def spy(documents, *arguments, **options):
        given.append(set(options["unlabelled"]))
        return fit(documents, *arguments, **options)

    fit = cross_fitting_module.fit
    monkeypatch.setattr(cross_fitting_module, "fit", spy)
    copies = [document.text for document in toy_documents]
    recipe = replace(RECIPE, steps=2)
    cross_fit(toy_documents, SCHEMA, tiny_encoder, recipe, folds=2, unlabelled=[*copies, *unlabelled])
    assert given == [set(unlabelled) - set(copies)] * 2


def test_without_unlabelled_texts_nothing_changes(tiny_encoder, toy_documents, tmp_path, monkeypatch):
    seen = learnt_by(monkeypatch, training_module)
    result = train(toy_documents, SCHEMA, tiny_encoder, RECIPE, tmp_path / "m", device="cpu")
    assert (len(seen), result.n_taught) == (1, 0)


def test_a_second_training_that_learns_nothing_leaves_the_first(
    tiny_encoder, toy_documents, unlabelled, tmp_path, monkeypatch
):
    once = training_module._fit
    calls = []

    def collapsing(documents, *arguments, **options):
        calls.append(len(documents))
        fitted = once(documents, *arguments, **options)
        fitted.attempt.collapsed = len(calls) > 1
        return fitted

    monkeypatch.setattr(training_module, "_fit", collapsing)
    result = train(
        toy_documents, SCHEMA, tiny_encoder, RECIPE, tmp_path / "m", unlabelled=unlabelled, device="cpu"
    )
    assert len(calls) == 2
    assert (result.collapsed, result.n_taught, result.steps) == (False, 0, 30)
