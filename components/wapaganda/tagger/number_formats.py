"""The number format in which a model computes fastest, and whether it can."""

import copy
import logging
import time
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wapaganda.tagger.packed_linear import pack

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LOGGER = logging.getLogger(__name__)
_SAME = 0.1
"""How far the log-probabilities of a model in half precision may lie from those in float32, on average."""

_CLEARLY = 1.25  # times as fast, so that chance does not decide
_ROWS, _INNER, _TIMES = 256, 384, 20  # of the matrices that are timed
_ENOUGH_SECONDS = 0.1


def fast_format(device: torch.device) -> torch.dtype:
    """The format of the fastest matrix products: bfloat16 where the hardware is fast in it, float16 on other
    CUDA devices, else float32.

    A CPU that has the instructions may be slower in it all the same, so both are timed, once in a process.
    """
    if _has_bfloat16(device):
        return torch.bfloat16
    return torch.float16 if device.type == "cuda" else torch.float32


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        has_it = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
        return bool(has_it) and _bfloat16_is_faster()
    return False


@cache
def _bfloat16_is_faster() -> bool:
    """Whether this CPU multiplies matrices clearly faster in bfloat16 than in float32."""
    return _best_seconds(torch.bfloat16) * _CLEARLY < _best_seconds(torch.float32)


def _best_seconds(dtype: torch.dtype) -> float:
    """Of several products of matrices the time of the fastest, which other processes have not disturbed."""
    left, right = torch.ones(_ROWS, _INNER, dtype=dtype), torch.ones(_INNER, _INNER, dtype=dtype)
    times: list[float] = []
    while len(times) < _TIMES and sum(times) < _ENOUGH_SECONDS:
        started = time.perf_counter()
        torch.mm(left, right)
        times.append(time.perf_counter() - started)
    return min(times)


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
