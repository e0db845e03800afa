"""The search for the learning rate of an encoder: what it compares, what it costs, when the default stays."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.trainer import Callbacks, Recipe, SoftText, TrainingJob, rate_search, search_learning_rate

SCHEMA = LabelSchema(("CITY", "NAME"))
NAME = (Span(0, 4, "NAME"),)
DOCUMENTS = [Document(str(number), f"anna went {number} times", NAME) for number in range(40)]
JOB = TrainingJob(DOCUMENTS, SCHEMA, "encoder", Recipe(learning_rate=1e-4, steps=60), device="cpu")
LOWER, HIGHER = 1e-4 / 3, 3e-4


class Known:
    """A model that finds the entity in a share of the texts."""

    def __init__(self, share, undertrained):
        self._share = share
        self.result = SimpleNamespace(collapsed=False, fit=SimpleNamespace(undertrained=undertrained))

    @property
    def tagger(self):
        return self

    def predict(self, texts):
        draws = np.random.default_rng(1).random(len(texts))
        return [NAME if draw < self._share else () for draw in draws]


@pytest.fixture
def trained(monkeypatch):
    """The jobs that were trained; ``shares`` says how good a model with a rate is."""
    jobs, shares, undertrained = [], {}, set()

    def train(job, callbacks):
        jobs.append(job)
        callbacks.progress("train", job.recipe.steps, job.recipe.steps)
        rate = min(shares, key=lambda each: abs(each - job.recipe.learning_rate))
        return Known(shares[rate], rate in undertrained)

    monkeypatch.setattr(rate_search, "train_in_memory", train)
    return SimpleNamespace(jobs=jobs, shares=shares, undertrained=undertrained)


def test_a_search_makes_twice_the_steps_of_a_training_on_three_quarters_of_the_texts(trained):
    trained.shares |= {1e-4: 0.9, LOWER: 0.3, HIGHER: 0.9}
    progress = []

    found = search_learning_rate(JOB, Callbacks(lambda *report: progress.append(report)))

    assert (found.learning_rate, found.default) == (1e-4, 1e-4)
    recipes = [job.recipe for job in trained.jobs]
    assert [each.learning_rate for each in recipes] == pytest.approx([1e-4, LOWER, HIGHER])
    assert [each.learning_rate * each.head_factor for each in recipes] == pytest.approx([2e-3, 2e-3, 3e-3])
    assert sum(each.steps for each in recipes) == 2 * JOB.recipe.steps
    assert all(len(job.documents) == 30 for job in trained.jobs)
    assert progress == [("search", done, 120) for done in (40, 80, 120)]
    assert "keeps the default: 1e-04" in found.describe()


@pytest.mark.parametrize("rate", [LOWER, HIGHER])
def test_a_rate_that_is_surely_better_is_chosen(trained, rate):
    trained.shares |= {1e-4: 0.2, LOWER: 0.0, HIGHER: 0.0} | {rate: 1.0}

    found = search_learning_rate(JOB)

    assert found.learning_rate == pytest.approx(rate)
    assert max(trial.f1 for trial in found.trials) == 1.0
    assert f"chooses another one: {rate:.0e}" in found.describe()
    assert found.to_dict()["trials"][0]["steps"] == 40


def test_a_rate_that_may_be_better_by_chance_is_not_chosen(trained):
    trained.shares |= {1e-4: 0.7, LOWER: 0.5, HIGHER: 0.75}

    found = search_learning_rate(JOB)

    assert found.trials[2].f1 >= found.trials[0].f1
    assert found.learning_rate == 1e-4


def test_a_rate_whose_training_learned_too_little_cannot_win(trained):
    trained.shares |= {1e-4: 0.0, LOWER: 0.4, HIGHER: 0.3}
    trained.undertrained |= {LOWER, HIGHER}

    assert search_learning_rate(JOB).learning_rate == 1e-4


def test_the_trials_are_short_and_single(trained):
    trained.shares |= {1e-4: 1.0, LOWER: 1.0, HIGHER: 1.0}

    search_learning_rate(replace(JOB, soft=(SoftText("x", np.ones((1, 3))),), dev=tuple(DOCUMENTS[:2])))

    assert all((job.recipe.max_restarts, job.recipe.max_extensions) == (0, 0) for job in trained.jobs)
    assert all((job.soft, job.dev, job.initial_model) == ((), (), None) for job in trained.jobs)


def test_a_default_that_destroys_the_model_is_replaced_with_a_real_one(tiny_encoder, toy_documents):
    recipe = Recipe(learning_rate=3e-2, steps=90, batch_size=8, seed=3)

    found = search_learning_rate(TrainingJob(toy_documents, SCHEMA, tiny_encoder, recipe, device="cpu"))

    assert found.learning_rate == pytest.approx(1e-2)
    assert found.trials[1].f1 > found.trials[0].f1
