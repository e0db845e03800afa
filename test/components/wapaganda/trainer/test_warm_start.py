"""A warm start begins between the last model and the pretrained weights."""

from dataclasses import replace

import pytest
import torch

from wapaganda.ner import LabelSchema
from wapaganda.tagger import Tagger
from wapaganda.trainer import Recipe, TrainingJob, load_encoder, train
from wapaganda.trainer.training_loop import shrink_towards_pretrained

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=60, seed=3, head_factor=2.0, batch_size=8, word_embeddings=True)


@pytest.fixture(scope="module")
def last(tiny_encoder, toy_documents, tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("last")
    train(TrainingJob(toy_documents[:16], SCHEMA, tiny_encoder, RECIPE), folder)
    return folder


def test_the_weights_lie_between_the_last_model_and_the_pretrained_ones(tiny_encoder, last):
    model = load_encoder(tiny_encoder, SCHEMA).model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trained = Tagger.load(last).model.state_dict()

    assert shrink_towards_pretrained(model, last, 0.25, SCHEMA.tags)

    for name, value in model.state_dict().items():
        assert torch.allclose(value, 0.75 * before[name] + 0.25 * trained[name], atol=1e-6)


def test_a_warm_start_begins_where_the_last_model_was(tiny_encoder, toy_documents, last, tmp_path):
    few = replace(RECIPE, steps=1, seed=5, max_restarts=0)

    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, few)
    cold = train(job, tmp_path / "cold")
    warm = train(replace(job, recipe=replace(few, keep=1.0), initial_model=last), tmp_path / "warm")

    assert warm.losses[0] < cold.losses[0] / 2


def test_a_model_of_other_labels_is_no_beginning(tiny_encoder, last):
    other = LabelSchema(("CITY", "THING"))
    model = load_encoder(tiny_encoder, other).model
    before = {name: value.clone() for name, value in model.state_dict().items()}

    assert not shrink_towards_pretrained(model, last, 0.5, other.tags)

    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("keep", [-0.1, 1.1])
def test_keep_is_a_share(keep):
    with pytest.raises(ValueError, match="Expected keep from 0 to 1"):
        replace(RECIPE, keep=keep)
