"""The student of a training: its texts, its place, its confidence."""

from dataclasses import replace

import pytest
import torch

from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline import LoopConfig, TrainingTexts, train_version
from wapaganda.pipeline.training import student, versions
from wapaganda.pipeline.training.student import StudentTexts
from wapaganda.tagger import ModelFolder, Tagger
from wapaganda.trainer import recipe_for

SCHEMA = LabelSchema(("CITY", "NAME"))


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def config(tiny_encoder):
    return LoopConfig(tiny_encoder, learning_rate=5e-3, folds=2, device="cpu", recipe_search=False)


@pytest.fixture
def unlabelled(toy_documents):
    texts = [each.text for each in toy_documents]
    return sorted({f"{one} and {other}" for one in texts for other in texts})[:120]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Short trainings by default steps, which a student needs."""

    def recipe(*arguments):
        return replace(recipe_for(*arguments), steps=60, max_restarts=0, max_extensions=0)

    monkeypatch.setattr(versions, "recipe_for", recipe)


def made(texts, config, tmp_path, name="models"):
    store = ModelStore(tmp_path / name)
    outcome = train_version(texts, SCHEMA, config, store, tmp_path / "scratch")
    return outcome, store.version(outcome.version)


def test_the_texts_of_a_student_are_unlabelled_distinct_and_not_the_judges():
    train, holdout = [Document("a", "a", ())], [Document("b", "b", ())]
    texts = [*(f"text {number % 130}" for number in range(260)), "a", " b"]
    found = StudentTexts.of(TrainingTexts(train, holdout, unlabelled=texts), LoopConfig(""))
    assert sorted([*found.taught, *found.level]) == sorted({f"text {number}" for number in range(130)})
    assert (len(found.taught), len(found.level)) == (93, 37)
    many = [f"text {number}" for number in range(5_000)]
    found = StudentTexts.of(TrainingTexts(train, unlabelled=many), LoopConfig(""))
    assert (len(found.taught), len(found.level)) == (1_000, 400)


@pytest.mark.parametrize(
    ("n", "changes"),
    [(99, {}), (200, {"distillation": False}), (200, {"folds": 0}), (200, {"train_steps": 50})],
)
def test_when_there_is_no_student(n, changes):
    texts = TrainingTexts([], unlabelled=[f"text {number}" for number in range(n)])
    assert StudentTexts.of(texts, replace(LoopConfig(""), **changes)) is None


def test_a_student_takes_the_place_of_its_teacher(config, toy_documents, unlabelled, tmp_path):
    texts = TrainingTexts(toy_documents, unlabelled=unlabelled)
    plain, first = made(TrainingTexts(toy_documents), config, tmp_path, "plain")
    taught, version = made(texts, config, tmp_path)
    assert not any("unlabelled" in each for each in plain.messages)
    assert "The model also learned what 3 models say about 86 unlabelled texts." in taught.messages
    one, other = Tagger.load(first.path, device="cpu"), Tagger.load(version.path, device="cpu")
    weights = zip(one.model.parameters(), other.model.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in weights)
    folder = ModelFolder.read(version.path)
    assert folder.temperature == taught.calibration.temperature != plain.calibration.temperature
    assert folder.confidence == taught.calibration.confidence != plain.calibration.confidence
    assert folder.confidence.slope == plain.calibration.confidence.slope
    assert taught.calibration.f1 == plain.calibration.f1
    again, _ = made(texts, config, tmp_path)
    assert (again.version, again.reused) == (taught.version, True)


def test_a_student_that_avoids_more_errors_is_surer(config, toy_documents, unlabelled, tmp_path, monkeypatch):
    texts = TrainingTexts(toy_documents, unlabelled=unlabelled)
    found = []
    for avoided in (0.0, 0.3):
        monkeypatch.setattr(student, "_AVOIDED", avoided)
        found.append(made(texts, config, tmp_path, f"models-{avoided}")[0].calibration)
    assert found[1].temperature < found[0].temperature
    assert found[1].f1 == found[0].f1  # that of the folds


def test_a_student_that_learns_nothing_leaves_its_teacher(
    config, toy_documents, unlabelled, tmp_path, monkeypatch
):
    train_in_memory = student.train_in_memory

    def collapsing(job, callbacks):
        trained = train_in_memory(job, callbacks)
        return replace(trained, result=replace(trained.result, collapsed=True))

    monkeypatch.setattr(student, "train_in_memory", collapsing)
    _, first = made(TrainingTexts(toy_documents), config, tmp_path, "plain")
    outcome, version = made(TrainingTexts(toy_documents, unlabelled=unlabelled), config, tmp_path)
    assert any("learned too little" in each for each in outcome.messages)
    weights = zip(
        Tagger.load(first.path, device="cpu").model.parameters(),
        Tagger.load(version.path, device="cpu").model.parameters(),
        strict=True,
    )
    assert all(torch.equal(a, b) for a, b in weights)
    assert ModelFolder.read(version.path).temperature == outcome.calibration.temperature
