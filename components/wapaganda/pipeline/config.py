"""The loop's own settings, handed down by a base."""

from dataclasses import dataclass, field

from wapaganda.sampler import Options
from wapaganda.uncertainty import AUTO


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """How the models of one project are trained and evaluated, and how its texts are selected.

    ``learning_rate`` and ``train_steps`` of ``None`` mean the encoder's own default (docs/training.md).
    ``holdout_fraction``: the part of the labelled texts that is never trained on; ``None``: none with two
    folds or more, since models are then compared by out-of-fold predictions, else a fifth.
    ``promotion_margin`` is in F1 (0 to 1): a new model may be that much worse than the live one and still go
    live. ``measure``: a registered
    measure, by which texts are scored and ranked, or ``auto`` (docs/settings.md). ``cost_exponent``: 0 ranks
    by the acquisition value of a text, 1 by that value divided by its price; ``prices`` names a price list of
    ``wapaganda.annotation_cost``. ``warm_start``: a training begins half-way between
    the live model and the pretrained weights and takes half the steps, when the live model has the same
    encoder and labels. ``self_training``: a second training follows, also on the most confident predictions
    of the first model (pseudo-labels). ``folds`` of 2 or more: cross-fitting with that many models follows
    every training and calibrates the model.
    """

    encoder: str
    learning_rate: float | None = None
    train_steps: int | None = None
    warm_start: bool = False
    self_training: bool = False
    threshold: float = 0.7
    batch_size: int = 500
    strategy: str = "hybrid"
    measure: str = AUTO
    cost_exponent: float = 0.5
    prices: str = "scratch"
    options: Options = field(default_factory=Options)
    seed: int = 13
    holdout_fraction: float | None = None
    promotion_margin: float = 0.02
    folds: int = 4
    device: str = "auto"

    @property
    def held_out(self) -> float:
        """The part of the labelled texts that is never trained on."""
        if self.holdout_fraction is None:
            return 0.0 if self.folds >= 2 else 0.2
        return self.holdout_fraction
