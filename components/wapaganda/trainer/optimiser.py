"""The optimiser and its schedule."""

from typing import TYPE_CHECKING

import torch

from wapaganda.trainer.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def make_optimiser(model: "PreTrainedModel", recipe: Recipe, *, casing: bool) -> torch.optim.AdamW:
    """AdamW, fused: a faster new head and letter-case table, no weight decay of biases and LayerNorms."""
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
    """Linear warm-up, then a linear fall to 0 at the end of ``recipe.steps``."""
    warmup = max(1, round(recipe.steps * recipe.warmup_share))

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return (recipe.steps - step) / max(1, recipe.steps - warmup)

    return torch.optim.lr_scheduler.LambdaLR(optimiser, share)
