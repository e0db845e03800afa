"""Linear layers with weights in the order in which oneDNN reads them: faster on CPUs, the same numbers."""

import copy
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class PackedLinear(nn.Linear):
    """A linear layer for inference: its weights are also held packed, in blocks that fit the processor.

    torch packs them anew in each call, or multiplies by a library that does not know the processor: on an AMD
    processor with AVX-512 float32 takes 1.8 times as long without it (`bench/around.py`). It
    uses the operator of torch's own compiler (``torch/_inductor/mkldnn_lowerings.py``). The weights must not
    change any more. A deep copy is a plain layer.
    """

    packed: Tensor

    @classmethod
    def of(cls, plain: nn.Linear) -> Self:
        """A layer with the same weights, which are shared."""
        layer = cls(plain.in_features, plain.out_features, plain.bias is not None, device="meta")
        layer.weight, layer.bias = plain.weight, plain.bias
        layer.packed = torch.ops.mkldnn._reorder_linear_weight(plain.weight.detach(), None)
        return layer.train(plain.training)

    def forward(self, inputs: Tensor) -> Tensor:  # noqa: D102 - as in torch
        plain = torch.is_grad_enabled() or torch.is_autocast_enabled("cpu")
        if plain or inputs.dtype != self.weight.dtype:
            return super().forward(inputs)
        found: Tensor = torch.ops.mkldnn._linear_pointwise(inputs, self.packed, self.bias, "none", [], "")
        return found

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Linear:
        plain = nn.Linear(self.in_features, self.out_features, self.bias is not None, device="meta")
        plain.weight, plain.bias = copy.deepcopy(self.weight, memo), copy.deepcopy(self.bias, memo)
        return plain.train(self.training)


def pack(model: "PreTrainedModel") -> None:
    """Replace the linear layers of a model on a CPU by packed ones; elsewhere it stays as it is.

    It takes the memory of their weights once more.
    """
    if model.device.type != "cpu" or not _can_pack(model.dtype):
        return
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Linear:
                setattr(module, name, PackedLinear.of(child))


def _can_pack(dtype: torch.dtype) -> bool:
    if not torch._C._has_mkldnn:
        return False
    return dtype == torch.float32 or (
        dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    )
