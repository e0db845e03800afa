"""The number format of a training's matrix products."""

import torch

from wapaganda.trainer.recipe import Recipe


def precision_of(recipe: Recipe, device: torch.device) -> torch.dtype:
    """bfloat16 or float32, as the recipe says; ``auto`` looks at what the machine computes fast."""
    if recipe.precision == "auto":
        return torch.bfloat16 if _has_bfloat16(device) else torch.float32
    return torch.bfloat16 if recipe.precision == "bf16" else torch.float32


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False
