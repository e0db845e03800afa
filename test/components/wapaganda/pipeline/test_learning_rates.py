"""The learning rate of a project, and what happens to a model that learned too little."""

import json
from dataclasses import replace

import pytest

from wapaganda.errors import InputError
from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.pipeline import LoopConfig, TrainingTexts, train_version
from wapaganda.pipeline.training import learning_rates
from wapaganda.pipeline.training.manifests import fit_of
from wapaganda.trainer import RateSearch, Trial
from wapaganda.trainer.recipe import default_learning_rate

pytestmark = pytest.mark.real

SCHEMA = LabelSchema(("NAME",))
DEFAULT = default_learning_rate(32)
NAMES = ("anna", "bob", "carla", "dieter")


def documents(count):
    texts = (f"{NAMES[number % 4]} saw {'in ' * (number // 4)}oslo" for number in range(count))
    return [
        Document(str(number), text, (Span(0, text.index(" "), "NAME"),)) for number, text in enumerate(texts)
    ]


@pytest.fixture
def searched(monkeypatch):
    """The jobs for which a rate was searched; each search chooses 2e-3."""
    jobs = []

    def search(job, callbacks):
        jobs.append(job)
        return RateSearch(2e-3, job.recipe.learning_rate, (Trial(2e-3, 5, 0.9, False),), 1.5)

    monkeypatch.setattr(learning_rates, "search_learning_rate", search)
    return jobs


@pytest.fixture
def train(tiny_encoder, tmp_path):
    """Train the next version of one project on the first texts; settings as keywords."""
    store = ModelStore(tmp_path / "models")

    def run(count=40, texts=None, **settings):
        config = LoopConfig(encoder=tiny_encoder, folds=0, holdout_fraction=0.0, device="cpu")
        config = replace(config, **{"train_steps": 12, **settings})
        given = texts or TrainingTexts(documents(count))
        return train_version(given, SCHEMA, config, store, tmp_path / "scratch")

    run.store = store
    return run


def rate_of(train, outcome):
    return train.store.version(outcome.version).manifest.recipe["learning_rate"]


def test_an_encoder_that_is_new_to_the_project_gets_its_rate_by_a_search_that_is_kept_and_reported(
    train, searched, tiny_encoder
):
    first, second = train(), train(count=44)

    assert len(searched) == 1
    assert searched[0].recipe.learning_rate == DEFAULT
    assert (rate_of(train, first), rate_of(train, second)) == (2e-3, 2e-3)
    assert any("chooses another one: 2e-03" in message for message in first.messages)
    assert not any("search of" in message for message in second.messages)
    kept = json.loads((train.store.root / "recipe_search.json").read_text("utf-8"))[tiny_encoder]
    assert (kept["n_documents"], kept["learning_rate"], kept["trials"][0]["f1"]) == (40, 2e-3, 0.9)


def test_three_times_the_texts_are_a_reason_to_search_again(train, searched):
    for count in (40, 119, 120, 121):
        train(count)

    assert [len(job.documents) for job in searched] == [40, 120]
    assert {job.recipe.learning_rate for job in searched} == {DEFAULT}


@pytest.mark.parametrize("settings", [{"learning_rate": 1e-3}, {"recipe_search": False}, {"count": 39}])
def test_a_rate_by_hand_a_switch_and_few_texts_are_reasons_not_to_search(train, searched, settings):
    outcome = train(**settings)

    assert searched == []
    assert rate_of(train, outcome) == settings.get("learning_rate", DEFAULT)


def test_a_rate_by_hand_wins_over_an_earlier_search(train, searched):
    train()

    assert rate_of(train, train(count=41, learning_rate=1e-3)) == 1e-3
    assert rate_of(train, train(count=41, recipe_search=False)) == DEFAULT


@pytest.mark.parametrize(
    "damaged", ["", "{", "[1]", '{"ENCODER": 3}', '{"ENCODER": {"n_documents": 40, "learning_rate": -1.0}}']
)
def test_a_damaged_record_of_searches_is_made_again(train, searched, tiny_encoder, damaged):
    train.store.root.mkdir(parents=True)
    path = train.store.root / "recipe_search.json"
    path.write_text(damaged.replace("ENCODER", tiny_encoder), "utf-8")

    outcome = train()

    assert (len(searched), rate_of(train, outcome)) == (1, 2e-3)
    assert json.loads(path.read_text("utf-8"))[tiny_encoder]["learning_rate"] == 2e-3


def test_the_same_texts_again_make_no_second_version_and_no_second_search(train, searched):
    first, again = train(), train()

    assert (again.version, again.reused, len(searched)) == (first.version, True, 1)


def test_a_first_model_that_knows_too_little_goes_live_with_the_sentence(train):
    outcome = train(learning_rate=1e-6, train_steps=3)

    assert outcome.decision.promote
    assert "It is the first model. " in outcome.decision.reason
    assert any("learned nothing" in message or "undertrained" in message for message in outcome.messages)
    assert any(
        f"LEARNING_RATE is 1e-06; the default for this encoder is {DEFAULT:.0e}" in each
        for each in outcome.messages
    )
    assert rate_of(train, outcome) == 1e-6
    assert train.store.current().name == outcome.version


def test_an_undertrained_model_never_replaces_one_that_was_trained(train):
    good = train(learning_rate=5e-3, train_steps=60)
    poor = train(count=44, learning_rate=1e-6, train_steps=3)

    assert not good.fit.undertrained
    assert not poor.decision.promote
    assert f"So {good.version} stays live." in poor.decision.reason
    assert train.store.current().name == good.version


def test_an_undertrained_model_is_replaced_by_a_trained_one(train):
    train(learning_rate=1e-6, train_steps=3)
    good = train(count=44, learning_rate=5e-3, train_steps=60)

    assert good.decision.promote
    assert train.store.current().name == good.version
    assert fit_of(train.store.current().manifest) == good.fit


def test_a_version_from_before_the_fit_was_measured_is_used_again(train):
    made = train(learning_rate=5e-3)
    path = train.store.path(made.version) / "manifest.json"
    path.chmod(0o644)
    values = json.loads(path.read_text("utf-8"))
    del values["recipe"]["max_extensions"]
    del values["metrics"]["fit"]
    path.write_text(json.dumps(values), "utf-8")

    again = train(learning_rate=5e-3)

    assert (again.version, again.reused, again.fit) == (made.version, True, None)


def test_texts_without_entities_are_refused_before_any_search(train, searched):
    with pytest.raises(InputError, match="at least one labelled entity"):
        train(texts=TrainingTexts([Document("x", "saw oslo", ())]))
    assert searched == []
