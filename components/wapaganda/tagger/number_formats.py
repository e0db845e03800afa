"""The number format in which a model computes fastest, and whether it can."""

import copy
import logging
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wapaganda.tagger.packed_linear import pack

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LOGGER = logging.getLogger(__name__)
_SAME = 0.1
"""How far the log-probabilities of a model in half precision may lie from those in float32, on average."""


def fast_format(device: torch.device) -> torch.dtype:
    """The format of the fastest matrix products: bfloat16 where the hardware has it, float16 on other CUDA
    devices, else float32."""
    if _has_bfloat16(device):
        return torch.bfloat16
    return torch.float16 if device.type == "cuda" else torch.float32


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


def in_half_precision(model: "PreTrainedModel") -> "PreTrainedModel | None":
    """A copy of ``model`` with its weights in ``fast_format``; ``None`` where float32 is fastest or the copy
    does not answer nearly as the model does.

    Buffers stay float32: a rotary position in bfloat16 would be rounded to a neighbour's.
    """
    dtype = fast_format(model.device)
    if dtype == torch.float32:
        return None
    half = copy.deepcopy(model).eval()
    for parameter in half.parameters():
        parameter.requires_grad_(False)
        parameter.data = parameter.data.to(dtype)
    pack(half)
    try:
        distance = (_log_probs(half) - _log_probs(model)).abs().mean().item()
    except RuntimeError as error:
        distance, why = float("nan"), f": {error}"
    else:
        why = f": its log-probabilities differ by {distance:.3f}"
    if distance < _SAME:
        return half
    _LOGGER.info("%s cannot compute in %s, so it reads in float32%s", type(model).__name__, dtype, why)
    return None


@torch.no_grad()
def _log_probs(model: "PreTrainedModel") -> Tensor:
    """What the model says about a few word pieces."""
    ids = torch.arange(8, device=model.device)[None] % model.config.vocab_size
    was_training = model.training
    logits: Tensor = model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    model.train(was_training)
    return logits.float().log_softmax(dim=-1)
