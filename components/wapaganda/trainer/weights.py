"""Weights kept aside during a training: the mean of the last steps, and the best so far."""

import torch
from torch import Tensor, nn


class RunningMean:
    """The mean of a model's weights over its last steps (Izmailov 2018, "Averaging weights …")."""

    def __init__(self, model: nn.Module, from_step: float) -> None:
        self._parameters = list(model.parameters())
        self._from_step = from_step
        self._means: list[Tensor] = []
        self._count = 0

    @torch.no_grad()
    def take(self, step: int) -> None:
        """Take in the weights after ``step``, if averaging has begun."""
        if step <= self._from_step:
            return
        self._count += 1
        if not self._means:
            self._means = [parameter.detach().clone() for parameter in self._parameters]
        for mean, parameter in zip(self._means, self._parameters, strict=True):
            mean.lerp_(parameter.detach(), 1 / self._count)

    @torch.no_grad()
    def apply(self) -> None:
        """Give the model its mean weights, if any were taken."""
        for mean, parameter in zip(self._means, self._parameters, strict=bool(self._means)):
            parameter.copy_(mean)


class WeightKeeper:
    """The weights with the best score so far; ``looks_without_gain`` counts the scores since."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._best: float | None = None
        self._weights: dict[str, Tensor] = {}
        self.looks_without_gain = 0

    def offer(self, score: float) -> None:
        """Keep the present weights if their ``score`` is at least the best so far: they saw more steps."""
        # A score of 0 says nothing yet: a new head finds its first entity after many steps.
        gained = self._best is None or score > self._best or score == 0
        self.looks_without_gain = 0 if gained else self.looks_without_gain + 1
        if self._best is not None and score < self._best:
            return
        self._best = score
        self._weights = {name: value.detach().clone() for name, value in self._model.state_dict().items()}

    def restore(self) -> None:
        """Give the model its best weights back, if any were offered."""
        if self._weights:
            self._model.load_state_dict(self._weights)
