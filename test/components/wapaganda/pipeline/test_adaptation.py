"""Domain adaptation that is tried by itself: when, what decides, and what a kill leaves."""

import functools
import json
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.pipeline import (
    AdaptationTrial,
    AdaptingElsewhereError,
    Gain,
    LoopConfig,
    TrainingTexts,
    adaptation_is_due,
    adapted_encoder,
    paired_gain,
    seconds_of_adaptation,
    train_version,
    try_adaptation,
)
from wapaganda.pipeline.training import adaptation
from wapaganda.progress import silent
from wapaganda.trainer import AdaptationRecipe, EncoderUnavailable

RIGHT, WRONG = (Span(0, 1, "A"),), (Span(0, 1, "B"),)
SCHEMA = LabelSchema(("NAME",))
NAMES = ("anna", "bob", "carla", "dieter")
RECIPE = AdaptationRecipe(steps=3, learning_rate=1e-3, device="cpu")


def answers(correct):
    return [RIGHT if each else WRONG for each in correct]


def test_the_gain_and_its_standard_error_are_those_of_paired_texts():
    # One span a text, so F1 is the share of right texts and the error that of a mean of differences.
    rng = np.random.default_rng(3)
    before = rng.random(300) < 0.6
    after = np.where(rng.random(300) < 0.1, ~before, before)
    gold = [RIGHT] * 300

    found = paired_gain(gold, answers(before), answers(after))

    assert (found.before, found.after) == pytest.approx((before.mean(), after.mean()))
    expected = (after.astype(float) - before).std() / np.sqrt(300)
    assert found.standard_error == pytest.approx(expected, rel=0.1)
    assert found.standard_error < 0.7 * np.sqrt(before.var() / 300 + after.var() / 300)


@pytest.mark.parametrize(
    ("n", "gained", "lost", "sure"),
    [(200, 0, 0, False), (200, 20, 0, True), (200, 20, 14, False), (200, 0, 20, False), (20, 2, 0, False)],
)
def test_an_encoder_is_kept_only_when_the_gain_is_above_two_standard_errors(n, gained, lost, sure):
    before = np.arange(n) < n / 2
    after = before.copy()
    after[n - gained :] = True
    after[:lost] = False
    assert paired_gain([RIGHT] * n, answers(before), answers(after)).is_sure is sure


def test_texts_without_entities_decide_nothing():
    assert not paired_gain([], [], []).is_sure
    assert not paired_gain([()] * 5, [()] * 5, [()] * 5).is_sure


def documents(labelled, unlabelled):
    texts = [f"{NAMES[number % 4]} saw {'in ' * (number // 4)}oslo" for number in range(labelled)]
    known = [
        Document(str(number), text, (Span(0, text.index(" "), "NAME"),)) for number, text in enumerate(texts)
    ]
    return [*known, *(Document(f"u{number}", f"in oslo {number} bob", None) for number in range(unlabelled))]


@pytest.fixture
def project(tiny_encoder, tmp_path, monkeypatch):
    """A project with 24 labelled texts, a cross-fitted model and 10 unlabelled texts; that is enough here."""
    monkeypatch.setattr(adaptation, "MINIMUM_LABELLED", 24)
    monkeypatch.setattr(adaptation, "MINIMUM_FILLED", 24)
    monkeypatch.setattr(adaptation, "MINIMUM_UNLABELLED", 10)
    config = LoopConfig(tiny_encoder, folds=2, device="cpu", train_steps=12, learning_rate=2e-3)
    return Project(ModelStore(tmp_path / "models"), config, tmp_path / "scratch")


class Project:
    def __init__(self, store, config, scratch):
        self.store, self.config, self.scratch = store, config, scratch
        self.train(24)

    def train(self, count):
        texts = TrainingTexts(documents(count, 0))
        return train_version(texts, SCHEMA, self.config, self.store, self.scratch)

    def is_due(self, labelled=24, unlabelled=10, **changes):
        return adaptation_is_due(documents(labelled, unlabelled), self.store, replace(self.config, **changes))

    def adapt(self, labelled=24, progress=silent):
        return try_adaptation(documents(labelled, 10), self.store, self.config, progress, RECIPE)

    def use_adapted(self):
        adapted = adapted_encoder(self.store.root, self.config.encoder)
        self.config = replace(self.config, encoder=adapted, adapted_from=self.config.encoder)


def decide(monkeypatch, difference):
    """The same predictions, another gain."""
    monkeypatch.setattr(
        adaptation, "paired_gain", lambda gold, *_: Gain(0.5, 0.5 + difference, 0.01, len(gold))
    )


def folder_names(project):
    return sorted(each.name for each in project.store.root.iterdir() if each.is_dir())


@pytest.mark.real
def test_it_is_due_with_enough_texts_and_a_cross_fitted_model_of_the_encoder(project):
    assert project.is_due()
    assert not project.is_due(unlabelled=9)
    assert not project.is_due(labelled=23)
    assert not project.is_due(adapt="off")
    assert not project.is_due(folds=0)
    assert not project.is_due(encoder="another")
    assert not project.is_due(adapted_from="another")


@pytest.mark.real
def test_an_encoder_that_is_not_better_is_deleted_and_tried_again_with_twice_the_texts(project):
    before = folder_names(project)
    steps = []

    found = project.adapt(progress=lambda step, *_: steps.append(step))

    assert list(dict.fromkeys(steps)) == ["adapt", "calibrate"]
    assert not found.kept  # three steps on a random encoder
    assert found.gain.n_texts == 24
    assert found == AdaptationTrial.read(project.store.root)
    assert "not surely better" in found.describe()
    assert "48 labelled texts" in found.describe()
    assert folder_names(project) == before
    assert adapted_encoder(project.store.root, project.config.encoder) is None
    assert not project.is_due()
    project.train(48)
    assert project.is_due(labelled=48)


@pytest.mark.real
def test_a_better_encoder_is_kept_and_the_next_training_starts_from_it(project, monkeypatch):
    decide(monkeypatch, 0.05)
    searches = project.store.root / "recipe_search.json"
    searches.write_text(json.dumps({project.config.encoder: {"learning_rate": 1e-3, "n_documents": 24}}))
    live = project.store.current().name

    found = project.adapt()

    assert found.kept
    assert "+5.0 ± 1.0 points" in found.describe()
    assert project.store.current().name == live  # only the next training changes the model
    plain = project.config.encoder
    project.use_adapted()
    folder = project.store.root / found.folder
    assert project.config.encoder == str(folder)
    assert sorted(found.sums) == sorted(each.name for each in folder.iterdir())
    assert json.loads(searches.read_text())[str(folder)]["learning_rate"] == 1e-3
    assert not project.is_due()
    manifest = project.store.version(project.train(24).version).manifest
    assert (manifest.encoder, manifest.recipe["adapted_from"]) == (str(folder), plain)

    (folder / "model.safetensors").unlink()
    assert adapted_encoder(project.store.root, plain) is None


@pytest.mark.real
def test_an_encoder_without_a_head_for_words_is_tried_once(project, monkeypatch):
    def refuse(texts, encoder, *_):
        raise EncoderUnavailable(encoder, "its tokenizer has no sign for a hidden word", "Take another one.")

    monkeypatch.setattr(adaptation, "adapt", refuse)
    assert project.adapt().describe() == (
        "The encoder cannot be adapted to the texts: its tokenizer has no sign for a hidden word."
    )
    assert not project.is_due()


KILLED = """
import os, signal, sys
from pathlib import Path
from wapaganda.model_store import ModelStore
from wapaganda.pipeline import LoopConfig, adapted_encoder, try_adaptation
from wapaganda.trainer import AdaptationRecipe
sys.path.insert(0, {here!r})
from test_adaptation import RECIPE, documents

def progress(step, done, total):
    if step == "calibrate" and done:
        os.kill(os.getpid(), signal.SIGKILL)

config = LoopConfig({encoder!r}, folds=2, device="cpu", train_steps=12, learning_rate=2e-3)
try_adaptation(documents(24, 10), ModelStore(Path({root!r})), config, progress, RECIPE)
"""


@pytest.mark.real
def test_a_killed_trial_changes_nothing_and_goes_on_after_the_adaptation(project, monkeypatch, request):
    root, live = project.store.root, project.store.current()
    words = {"here": str(request.path.parent), "encoder": project.config.encoder, "root": str(root)}

    killed = subprocess.run([sys.executable, "-c", KILLED.format(**words)], capture_output=True, text=True)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert AdaptationTrial.read(root) is None
    assert project.store.current() == live
    assert project.is_due()
    monkeypatch.setattr(adaptation, "adapt", functools.partial(pytest.fail, "it adapts again"))
    decide(monkeypatch, 0.05)
    assert project.adapt().kept
    assert not (root / "adapting").exists()


@pytest.mark.real
def test_two_trials_at_a_time_are_refused(project):
    with adaptation._alone(project.store.root), pytest.raises(AdaptingElsewhereError, match="one that is"):
        project.adapt()


def test_the_time_is_foreseen_from_the_last_round():
    assert seconds_of_adaptation({"train": 30.0, "judge": 120.0}, 4) == 240.0
    assert seconds_of_adaptation({"train": 90.0, "judge": 48.0}, 4) == 240.0  # a search; folds near the last
    assert seconds_of_adaptation({}, 4) == 0.0
