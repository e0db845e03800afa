"""The optimiser, its learning-rate schedule and the number format of a training."""

import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from wapaganda.tagger import fast_format
from wapaganda.trainer.encoders import LoadedEncoder
from wapaganda.trainer.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LOGGER = logging.getLogger(__name__)
_FIRST_SCALE = 1024.0  # of a loss in float16

_REFERENCE_SUM = 106.0
"""The sum of the absolute inputs of the head with the small encoder, on which the recipe was measured."""

_CASING_TABLES = ("token_type_embeddings", "casing_embeddings")


def make_optimiser(encoder: LoadedEncoder, recipe: Recipe, *, head_scale: float = 1.0) -> torch.optim.AdamW:
    """AdamW, fused. The new head and the casing table learn faster; biases and LayerNorms do not decay.

    ``head_scale``: one more factor of the head's rate, for the size of its inputs (`head_scale_for`).
    """
    groups: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in encoder.model.named_parameters():
        if not parameter.requires_grad:
            continue
        factor = _rate_factor(name, encoder, recipe, head_scale)
        groups.setdefault((factor, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": recipe.learning_rate * factor,
                "weight_decay": recipe.weight_decay if decays else 0.0,
            }
            for (factor, decays), parameters in groups.items()
        ],
        fused=True,
    )


def _rate_factor(name: str, encoder: LoadedEncoder, recipe: Recipe, head_scale: float) -> float:
    if encoder.casing and any(table in name for table in _CASING_TABLES):
        return recipe.shape_factor
    in_body = name.startswith(f"{encoder.model.base_model_prefix}.")
    return recipe.head_factor * head_scale if name in encoder.new and not in_body else 1.0


def head_scale_for(model: "PreTrainedModel", forward: Callable[[], object], n_tags: int) -> float:
    """The factor that makes a step of the head move the scores as far as with the encoder of the recipe.

    A step of Adam changes each weight by about the rate, so a score moves by the rate times the sum of the
    absolute inputs of the head. Encoders differ in it by a factor of five. The factor is rounded to a power
    of 2, so that it does not depend on the texts, and lies between 1/8 and 8. ``forward`` calls the model.
    """
    linear = [each for each in model.modules() if isinstance(each, torch.nn.Linear)]
    heads = [each for each in linear if each.out_features == n_tags]
    if not heads:
        return 1.0
    sums: list[float] = []

    def listen(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        sums.append(float(inputs[0].detach().float().abs().sum(dim=-1).mean()))

    handle = heads[-1].register_forward_pre_hook(listen)
    try:
        with torch.inference_mode():
            forward()
    finally:
        handle.remove()
    if not sums or not sums[0] > 0:
        return 1.0
    return float(2.0 ** round(math.log2(min(8.0, max(1 / 8, _REFERENCE_SUM / sums[0])))))


def make_schedule(optimiser: torch.optim.Optimizer, recipe: Recipe) -> torch.optim.lr_scheduler.LambdaLR:
    """Linear warm-up, then a linear decay to 0 at the end of ``recipe.steps``."""
    warmup = max(1, round(recipe.steps * recipe.warmup_share))

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return (recipe.steps - step) / max(1, recipe.steps - warmup)

    return torch.optim.lr_scheduler.LambdaLR(optimiser, share)


_FORMATS = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


def precision_of(recipe: Recipe, device: torch.device) -> torch.dtype:
    """The format of matrix products; ``auto`` is that of ``fast_format``."""
    if recipe.precision != "auto":
        return _FORMATS[recipe.precision]
    return fast_format(device)


class MixedPrecision:
    """The forward passes and the optimiser steps of one training in the number format of its recipe.

    ``dtype`` is that of the matrix products; weights, sums and the optimiser stay float32. Small gradients
    would be 0 in float16. So the loss is scaled there, and a step whose gradients are infinite is left out
    (Micikevicius et al. 2018, "Mixed precision training"). A model that cannot compute in the wanted format
    computes in float32.
    """

    def __init__(self, model: "PreTrainedModel", recipe: Recipe) -> None:
        self._model = model
        self.dtype = precision_of(recipe, model.device)
        if self.dtype != torch.float32 and not _computes(model, self.dtype):
            _LOGGER.info(
                "%s cannot compute in %s: it is trained in float32", type(model).__name__, self.dtype
            )
            self.dtype = torch.float32
        self._scaler = torch.amp.GradScaler(
            model.device.type, init_scale=_FIRST_SCALE, enabled=self.dtype == torch.float16
        )

    def autocast(self) -> torch.autocast:
        """The context of a forward pass."""
        return _autocast(self._model, self.dtype)

    def step(self, loss: Tensor, optimiser: torch.optim.Optimizer, clip_norm: float) -> None:
        """One step of ``optimiser`` down the gradient of ``loss``, whose norm is at most ``clip_norm``."""
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(optimiser)
        nn.utils.clip_grad_norm_(self._model.parameters(), clip_norm)
        self._scaler.step(optimiser)
        self._scaler.update()
        optimiser.zero_grad(set_to_none=True)


def _autocast(model: "PreTrainedModel", dtype: torch.dtype) -> torch.autocast:
    return torch.autocast(model.device.type, dtype, enabled=dtype != torch.float32)


def _computes(model: "PreTrainedModel", dtype: torch.dtype) -> bool:
    """Whether the model answers a few word pieces in ``dtype`` with finite numbers.

    The first DeBERTa does not in either half format, nor X-MOD in bfloat16.
    """
    ids = torch.zeros((1, 8), dtype=torch.long, device=model.device)
    was_training = model.training
    model.eval()  # dropout would take random numbers
    try:
        with torch.no_grad(), _autocast(model, dtype):
            logits: Tensor = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    except RuntimeError:
        return False
    finally:
        model.train(was_training)
    return bool(torch.isfinite(logits).all())
