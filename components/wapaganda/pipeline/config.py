"""The loop's own settings, handed down by a base."""

from dataclasses import dataclass, field

from wapaganda.sampler import Options
from wapaganda.uncertainty import AUTO


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """How one project is trained, judged and sampled.

    ``learning_rate`` and ``train_steps`` of ``None`` mean the encoder's own default (docs/training.md).
    ``holdout_fraction``: of the labelled texts that are never trained on; ``None``: none with two folds
    or more, whose out-of-fold answers judge the models, else a fifth. ``promotion_margin`` is in F1 (0 to
    1): a new model may be that much worse than the live one and still go live. ``measure``: a registered
    measure, by which texts are scored and ranked, or ``auto`` (docs/settings.md). ``cost_exponent``: 0 ranks
    by what a text teaches, 1 by what it teaches for its price; ``prices`` is the list of
    ``wapaganda.annotation_cost`` by which it is priced. ``warm_start``: a training begins half-way between
    the live model and the pretrained weights and takes half the steps, when the live model has the same
    encoder and labels. ``self_training``: a second training follows that learns the unlabelled texts of
    which the first model is surest, too. ``folds`` of 2 or more: every training is followed by a
    cross-fitting with so many models, which calibrates the model.
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
