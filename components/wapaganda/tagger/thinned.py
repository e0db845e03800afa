"""Several readings of every word, by heads that are thinned at random: dropout at the last layer only."""

from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_DICE = 20210419
_USUAL = 0.1


class ThinnedHeads:
    """While it is entered, what goes into the head of a model is kept, to be read again by thinned heads.

    A thinned head has lost each of its inputs with the probability of the dropout that the model was trained
    with (0.1 when it had none). There are ``n`` of them, the same for all texts, so the readings of a text do
    not depend on others; the body of the model is gone through once. Shelmanov et al. 2021, "Active learning
    for sequence tagging with deep pre-trained models and Bayesian uncertainty estimates".
    """

    def __init__(self, model: "PreTrainedModel", n_tags: int, n: int) -> None:
        self._head = _head(model, n_tags)
        lost, dice = _dropout(model), torch.Generator().manual_seed(_DICE)
        kept = torch.rand(n, self._head.in_features, generator=dice) >= lost
        self._masks = (kept / (1.0 - lost)).to(self._head.weight)
        self._input: Tensor | None = None

    def __enter__(self) -> Self:
        def keep(_: nn.Module, given: tuple[Tensor, ...]) -> None:
            self._input = given[0]

        self._hook = self._head.register_forward_pre_hook(keep)
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    def logits(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Tag scores of the pieces at these places of the last batch: (words,), (words,) to (words, n, K)."""
        assert self._input is not None
        words = self._input[rows, columns]
        return torch.stack([self._head(words * mask) for mask in self._masks], dim=1)


def _head(model: "PreTrainedModel", n_tags: int) -> nn.Linear:
    found = [each for each in model.modules() if isinstance(each, nn.Linear) and each.out_features == n_tags]
    if not found:
        raise ValueError(f"Expected a model with a linear layer of {n_tags} tags at its end, was: none")
    return found[-1]


def _dropout(model: "PreTrainedModel") -> float:
    names = ("classifier_dropout", "hidden_dropout_prob", "dropout")
    shares = [getattr(model.config, name, None) for name in names]
    return next((float(share) for share in shares if share), _USUAL)
