"""The optimiser, its learning-rate schedule and the number format of a training."""

from typing import TYPE_CHECKING

import torch

from wapaganda.trainer.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def make_optimiser(model: "PreTrainedModel", recipe: Recipe, *, casing: bool) -> torch.optim.AdamW:
    """AdamW, fused. The new head and the casing table learn faster; biases and LayerNorms do not decay."""
    groups: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        factor = _rate_factor(name, model.base_model_prefix, recipe, casing)
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


def _rate_factor(name: str, body_prefix: str, recipe: Recipe, casing: bool) -> float:
    if not name.startswith(f"{body_prefix}."):
        return recipe.head_factor
    return recipe.shape_factor if casing and "token_type_embeddings" in name else 1.0


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
    """The format of matrix products. ``auto`` is bfloat16 where the hardware computes it fast, float16 on
    other CUDA devices, else float32."""
    if recipe.precision != "auto":
        return _FORMATS[recipe.precision]
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
