"""Packed layers give the numbers of plain ones, follow their weights into a copy, and still learn."""

import copy

import pytest
import torch
from torch import nn
from transformers import AutoModelForTokenClassification

from wapaganda.tagger.packed_linear import PackedLinear, pack

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch has no oneDNN")
no_bfloat16 = pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="the processor has no bfloat16"
)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("dtype", "near"), [(torch.float32, 1e-5), pytest.param(torch.bfloat16, 5e-2, marks=no_bfloat16)]
)
@pytest.mark.parametrize("shape", [(1, 1, 24), (3, 7, 24), (0, 5, 24), (9, 24)])
def test_it_gives_the_numbers_of_the_plain_layer(bias, dtype, near, shape):
    torch.manual_seed(3)
    plain = nn.Linear(24, 40, bias, dtype=dtype)
    inputs = torch.randn(shape, dtype=dtype)
    with torch.inference_mode():
        assert torch.allclose(PackedLinear.of(plain)(inputs), plain(inputs), atol=near)


def test_gradients_and_other_formats_take_the_plain_way():
    plain = nn.Linear(4, 2)
    packed = PackedLinear.of(plain)
    packed(torch.ones(1, 4)).sum().backward()
    assert torch.equal(plain.weight.grad, torch.ones(2, 4))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert packed(torch.ones(1, 4)).dtype == torch.bfloat16


def test_a_copy_is_plain_and_has_weights_of_its_own(tiny_encoder):
    model = AutoModelForTokenClassification.from_pretrained(tiny_encoder, num_labels=5).eval()
    ids = torch.tensor([[2, 7, 8, 3]])
    with torch.inference_mode():
        before = model(ids).logits
        pack(model)
        packed = [each for each in model.modules() if isinstance(each, PackedLinear)]
        assert len(packed) == 13  # six in each of two layers, and the head
        assert torch.allclose(model(ids).logits, before, atol=1e-5)
    twin = copy.deepcopy(model)
    assert not any(isinstance(each, PackedLinear) for each in twin.modules())
    assert [name for name, _ in twin.named_parameters()] == [name for name, _ in model.named_parameters()]
    with torch.no_grad():
        for each in twin.parameters():
            each.zero_()
        assert torch.allclose(model(ids).logits, before, atol=1e-5)
        assert not twin(ids).logits.any()
