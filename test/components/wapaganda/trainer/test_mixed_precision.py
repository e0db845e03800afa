"""The formats of matrix products: chosen by the hardware, the same training otherwise."""

from dataclasses import replace

import pytest
import torch
from transformers import DebertaConfig, DebertaForTokenClassification

from wapaganda.metrics import evaluate
from wapaganda.ner import LabelSchema
from wapaganda.tagger import Tagger, number_formats
from wapaganda.trainer import Recipe, TrainingJob, train
from wapaganda.trainer.optimisation import MixedPrecision, precision_of

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=60, seed=3, head_factor=2.0, batch_size=8, word_embeddings=True)
FORMATS = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


class Toy(torch.nn.Module):
    """One weight that stands for a model."""

    device = torch.device("cpu")

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, **_):
        return type("Output", (), {"logits": self.weight * torch.ones(1)})()


def adamw(model):
    return torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.0, fused=True)


@pytest.mark.parametrize(
    ("device", "has_bf16", "expected"),
    [
        ("cuda", True, torch.bfloat16),
        ("cuda", False, torch.float16),
        ("cpu", True, torch.bfloat16),
        ("cpu", False, torch.float32),
        ("mps", False, torch.float32),
    ],
)
def test_the_hardware_decides_unless_the_recipe_does(monkeypatch, device, has_bf16, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bf16)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": has_bf16})
    monkeypatch.setattr(number_formats, "_bfloat16_is_faster", lambda: True)
    assert precision_of(RECIPE, torch.device(device)) == expected
    for name, dtype in FORMATS.items():
        assert precision_of(replace(RECIPE, precision=name), torch.device(device)) == dtype


@pytest.mark.parametrize("name", FORMATS)
def test_a_step_follows_the_clipped_gradient_in_each_format(name):
    model = Toy()
    precision, optimiser = MixedPrecision(model, replace(RECIPE, precision=name)), adamw(model)
    seen = []
    model.weight.register_post_accumulate_grad_hook(lambda weight: seen.append(float(weight.grad)))
    for _ in range(3):
        precision.step((model.weight * 3e-5).sum(), optimiser, 1.0)
    assert model.weight.item() == pytest.approx(1.0 - 3 * 0.1, abs=1e-3)
    assert model.weight.grad is None
    assert seen == pytest.approx([3e-5 * (1024 if name == "fp16" else 1)] * 3, rel=1e-3)


def test_a_step_with_infinite_gradients_is_left_out_and_the_next_is_scaled_less():
    model = Toy()
    precision, optimiser = MixedPrecision(model, replace(RECIPE, precision="fp16")), adamw(model)
    seen = []
    model.weight.register_post_accumulate_grad_hook(lambda weight: seen.append(float(weight.grad)))
    precision.step((model.weight * float("inf")).sum(), optimiser, 1.0)
    assert model.weight.item() == 1.0
    precision.step(model.weight.sum(), optimiser, 1.0)
    assert model.weight.item() == pytest.approx(0.9, abs=1e-3)
    assert seen == [float("inf"), 512.0]


@pytest.mark.parametrize("name", ["bf16", "fp16"])
def test_a_model_that_cannot_compute_in_half_precision_computes_in_full(name):
    config = DebertaConfig(
        vocab_size=16,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        relative_attention=True,
        pos_att_type=["c2p", "p2c"],
    )
    model = DebertaForTokenClassification(config).train()
    state = torch.random.get_rng_state()
    assert MixedPrecision(model, replace(RECIPE, precision=name)).dtype == torch.float32
    assert model.training
    assert torch.equal(state, torch.random.get_rng_state())


def learns(job, out, device):
    """Train; the weights are whole ones and the answers good ones. The tagger on the device."""
    train(job, out)
    tagger = Tagger.load(out, device=device)
    assert {value.dtype for value in tagger.model.state_dict().values()} == {torch.float32}
    gold, texts = [d.spans for d in job.documents], [d.text for d in job.documents]
    assert evaluate(gold, tagger.predict(texts)).micro.f1 > 0.9
    return tagger


@pytest.mark.real
def test_a_training_in_float16_learns_on_the_cpu(tiny_encoder, toy_documents, tmp_path):
    recipe = replace(RECIPE, precision="fp16")
    learns(TrainingJob(toy_documents, SCHEMA, tiny_encoder, recipe, device="cpu"), tmp_path / "out", "cpu")


@cuda
@pytest.mark.real
@pytest.mark.parametrize("name", ["auto", *FORMATS])
def test_a_training_learns_on_cuda_and_the_cpu_answers_the_same(tiny_encoder, toy_documents, tmp_path, name):
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, precision=name), device="cuda")
    there = learns(job, tmp_path / name, "cuda")
    here = Tagger.load(tmp_path / name, device="cpu")
    texts = [document.text for document in toy_documents]
    for left, right in zip(there.tag(texts), here.tag(texts), strict=True):
        assert left.spans == right.spans
        assert left.log_probs == pytest.approx(right.log_probs, abs=1e-2)
