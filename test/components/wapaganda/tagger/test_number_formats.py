"""A tagger in half precision says nearly the same, and is not used where it cannot."""

import copy
import logging

import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from wapaganda.ner import LabelSchema
from wapaganda.tagger import ModelFolder, Tagger, Tokenization, number_formats

SCHEMA = LabelSchema(("CITY", "NAME"))
TEXTS = ["anna went to oslo .", "bob saw carla in new york . " * 9, ""]


@pytest.fixture(params=[torch.bfloat16, torch.float16])
def half(request, monkeypatch):
    """Hardware that is fast in a half format."""
    monkeypatch.setattr(number_formats, "fast_format", lambda device: request.param)
    return request.param


@pytest.fixture(scope="module")
def tagger(tiny_encoder):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = AutoModelForTokenClassification.from_pretrained(tiny_encoder, num_labels=5).eval()
        torch.nn.init.normal_(model.classifier.weight, std=1.0)
    model.register_buffer("angles", torch.linspace(0.0, 1.0, 7))
    tokenization = Tokenization(AutoTokenizer.from_pretrained(tiny_encoder), 40, 16)
    return Tagger(model, tokenization, ModelFolder(SCHEMA.labels, 40, 16), "v7")


def test_it_says_nearly_the_same_with_weights_of_its_own(tagger, half):
    fast = tagger.fast()
    assert {each.dtype for each in fast.model.parameters()} == {half}
    assert torch.equal(fast.model.angles, tagger.model.angles)
    assert {each.dtype for each in tagger.model.parameters()} == {torch.float32}
    assert (fast.version, fast.folder) == (tagger.version, tagger.folder)
    for exact, near in zip(tagger.tag(TEXTS), fast.tag(TEXTS), strict=True):
        assert near.log_probs.dtype == exact.log_probs.dtype
        assert abs(near.log_probs - exact.log_probs).max(initial=0.0) < 0.2
        assert abs(near.embedding - exact.embedding).max() < 0.1


def test_it_is_itself_where_float32_is_fastest(tagger, monkeypatch):
    monkeypatch.setattr(number_formats, "fast_format", lambda device: torch.float32)
    assert tagger.fast() is tagger


@pytest.mark.parametrize(
    ("capabilities", "seconds", "expected"),
    [
        ({"amx_bf16": True}, {torch.bfloat16: 1.0, torch.float32: 1.6}, torch.bfloat16),
        ({"avx512_bf16": True}, {torch.bfloat16: 1.0, torch.float32: 1.6}, torch.bfloat16),
        ({"avx512_bf16": True}, {torch.bfloat16: 1.0, torch.float32: 1.1}, torch.float32),
        ({"avx512_bf16": True}, {torch.bfloat16: 1.9, torch.float32: 1.0}, torch.float32),
        ({}, {torch.bfloat16: 1.0, torch.float32: 9.0}, torch.float32),
    ],
)
def test_a_cpu_must_be_clearly_faster_in_bfloat16(monkeypatch, capabilities, seconds, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    monkeypatch.setattr(number_formats, "_best_seconds", lambda dtype: seconds[dtype])
    number_formats._bfloat16_is_faster.cache_clear()
    assert number_formats.fast_format(torch.device("cpu")) == expected
    number_formats._bfloat16_is_faster.cache_clear()


def test_products_of_matrices_are_timed():
    assert 0 < number_formats._best_seconds(torch.float32) < 10


class Head(torch.nn.Linear):
    """A head that is right in float32 only."""

    def forward(self, inputs):
        found = super().forward(inputs)
        return found if self.weight.dtype == torch.float32 else self.wrong(found)


def refused(scores):
    raise RuntimeError("expected Float")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (refused, "expected Float"),
        (lambda scores: scores.flip(-1), "log-probabilities differ"),
        (lambda scores: scores / 0, "log-probabilities differ by nan"),
    ],
)
def test_a_model_that_cannot_compute_in_half_precision_reads_in_float32(
    tagger, half, caplog, monkeypatch, wrong, told
):
    model = copy.deepcopy(tagger.model)
    own = model.classifier
    model.classifier = Head(own.in_features, own.out_features)
    model.classifier.load_state_dict(own.state_dict())
    monkeypatch.setattr(Head, "wrong", staticmethod(wrong), raising=False)
    broken = Tagger(model, tagger.tokenization, tagger.folder)
    caplog.set_level(logging.INFO)
    assert broken.fast() is broken
    assert told in caplog.text
