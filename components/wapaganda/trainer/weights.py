"""The best weights so far, kept aside during a training."""

from torch import Tensor, nn


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
        gained = not self._best or score > self._best
        self.looks_without_gain = 0 if gained else self.looks_without_gain + 1
        if self._best is not None and score < self._best:
            return
        self._best = score
        self._weights = {name: value.detach().clone() for name, value in self._model.state_dict().items()}

    def restore(self) -> None:
        """Give the model its best weights back, if any were offered."""
        if self._weights:
            self._model.load_state_dict(self._weights)
