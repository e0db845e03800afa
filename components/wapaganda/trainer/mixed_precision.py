"""The number format of the matrix products of a training, and the optimiser steps that it needs."""

import logging
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from wapaganda.trainer.optimisation import precision_of
from wapaganda.trainer.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LOGGER = logging.getLogger(__name__)
_FIRST_SCALE = 1024.0


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
