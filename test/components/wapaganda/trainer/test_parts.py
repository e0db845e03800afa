"""The parts of a training: examples, batches, schedule, best checkpoint."""

from dataclasses import replace
from itertools import islice, repeat

import numpy as np
import pytest
import torch

from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.trainer import Recipe, load_encoder
from wapaganda.trainer.optimisation import head_scale_for, make_optimiser, make_schedule
from wapaganda.trainer.training_loop import BestCheckpoint
from wapaganda.trainer.training_set import batches_of, frequency_loss
from wapaganda.trainer.training_set.examples import make_examples

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=1e-3, steps=20, batch_size=4, batch_pieces=60)


@pytest.fixture(scope="module")
def loaded(tiny_encoder):
    return load_encoder(tiny_encoder, SCHEMA, overlap=10)


@pytest.fixture
def examples(loaded, toy_documents):
    return make_examples(toy_documents, loaded.tokenization, SCHEMA, casing=True)[0]


def test_a_long_text_gives_several_windows_and_each_word_counts_once(loaded):
    text = "anna saw new york . " * 20
    spans = [
        Span(start + offset, start + offset + size, label)
        for start in range(0, len(text), 20)
        for offset, size, label in ((0, 4, "NAME"), (9, 8, "CITY"))
    ]
    examples, repairs = make_examples(
        [Document("long", text, tuple(spans))], loaded.tokenization, SCHEMA, casing=True
    )

    assert len(examples) > 2
    assert np.concatenate([example.tags for example in examples]).tolist() == [3, 0, 1, 2, 0] * 20
    assert all(len(example) <= 40 for example in examples)
    assert repairs.total == 0


def test_a_span_over_nothing_that_the_tokenizer_sees_is_counted(loaded):
    document = Document("x", "anna \x00 bob", (Span(5, 6, "CITY"),))

    examples, repairs = make_examples([document], loaded.tokenization, SCHEMA, casing=True)

    assert examples[0].tags.tolist() == [0, 0]
    assert repairs.total >= 1


def test_an_epoch_holds_every_window_once_in_batches_that_fit(examples):
    recipe = RECIPE
    stream = batches_of(repeat(examples), recipe, np.random.default_rng(0))
    epochs = []
    for _ in range(2):
        epoch = []
        while sum(map(len, epoch)) < len(examples):
            epoch.append(next(stream))
        epochs.append(epoch)
        assert sorted(e.window.text for batch in epoch for e in batch) == list(range(len(examples)))
        assert all(len(batch) <= 4 and max(map(len, batch)) * len(batch) <= 60 for batch in epoch)
    first, second = ([[e.window.text for e in batch] for batch in epoch] for epoch in epochs)
    assert first != second


def test_one_window_that_exceeds_the_budget_is_a_batch_of_its_own(examples):
    recipe = Recipe(learning_rate=1e-3, steps=20, batch_pieces=1)

    batches = list(islice(batches_of(repeat(examples), recipe, np.random.default_rng(0)), 5))

    assert [len(batch) for batch in batches] == [1] * 5


def test_head_and_case_learn_faster_and_norms_do_not_decay(loaded):
    optimiser = make_optimiser(loaded, RECIPE)

    groups = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    named = {name: groups[id(parameter)] for name, parameter in loaded.model.named_parameters()}
    assert len(named) == len(groups)
    assert named["classifier.weight"] == (1e-2, 0.01)
    assert named["classifier.bias"] == (1e-2, 0.0)
    assert named["bert.embeddings.token_type_embeddings.weight"] == (1e-2, 0.01)
    assert named["bert.embeddings.LayerNorm.weight"] == (1e-3, 0.0)
    assert named["bert.encoder.layer.0.output.dense.weight"] == (1e-3, 0.01)
    assert optimiser.defaults["fused"]


class Headed(torch.nn.Module):
    """A body that gives the same features to every word, and a head for two tags."""

    def __init__(self, features: list[float]):
        super().__init__()
        self.body = torch.nn.Linear(1, len(features))
        self.classifier = torch.nn.Linear(len(features), 2)
        self.features = torch.tensor([features, features])

    def forward(self):
        return self.classifier(self.features)


@pytest.mark.parametrize(
    ("features", "scale"),
    [
        ([106.0], 1.0),
        ([-53.0, 53.0], 1.0),  # the sum of absolute values counts
        ([80.0], 1.0),  # rounded, so that it does not depend on the texts
        ([140.0], 1.0),
        ([60.0], 2.0),
        ([27.0], 4.0),
        ([400.0], 0.25),
        ([0.001], 8.0),
        ([1e6], 1 / 8),
        ([0.0], 1.0),
    ],
)
def test_the_rate_of_the_head_fits_the_size_of_its_inputs(features, scale):
    model = Headed(features)

    assert head_scale_for(model, model, 2) == scale
    assert not model.classifier._forward_pre_hooks


def test_a_model_without_a_linear_head_keeps_the_rate():
    model = Headed([1.0])

    assert head_scale_for(model, model, 7) == 1.0


def test_pretrained_weights_beside_the_body_do_not_learn_as_the_head(loaded):
    known = replace(loaded, new=frozenset({"classifier.bias"}))

    groups = {
        id(parameter): group["lr"]
        for group in make_optimiser(known, RECIPE, head_scale=2.0).param_groups
        for parameter in group["params"]
    }

    assert groups[id(loaded.model.classifier.weight)] == 1e-3
    assert groups[id(loaded.model.classifier.bias)] == 2e-2


def test_the_rate_rises_over_the_warm_up_and_falls_to_nothing():
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make_schedule(optimiser, Recipe(learning_rate=1.0, steps=20, warmup_share=0.2))
    rates = []
    for _ in range(20):
        rates.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()

    assert rates[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert rates[-1] == pytest.approx(1 / 16)
    assert schedule.get_last_lr() == [0.0]


def test_the_loss_of_predicting_frequencies_is_the_entropy_of_the_tags(examples):
    tags = np.concatenate([example.tags for example in examples])
    shares = np.bincount(tags) / len(tags)

    assert frequency_loss(examples) == pytest.approx(-(shares * np.log(shares)).sum())


def test_the_best_weights_come_back_and_the_later_of_equals():
    layer = torch.nn.Linear(1, 1, bias=False)
    best = BestCheckpoint(layer)
    for weight, score in enumerate((0.0, 0.0, 0.5, 0.8, 0.8, 0.3)):
        torch.nn.init.constant_(layer.weight, float(weight))
        best.offer(score)

    best.restore()

    assert layer.weight.item() == 4.0
    assert best.evaluations_without_gain == 2
