"""The settings of the loop, passed on by a base."""

from dataclasses import dataclass, field
from typing import Literal

from wapaganda.annotation_cost import Prices, proposal_floor
from wapaganda.file_state import TARGET_F1
from wapaganda.sampler import Options
from wapaganda.uncertainty import AUTO


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """How the models of one project are trained and evaluated, and how its texts are selected.

    ``learning_rate`` and ``train_steps`` of ``None`` mean the encoder's own default (docs/training.md).
    ``recipe_search``: search the learning rate when an encoder is new to the project, unless one is set.
    ``holdout_fraction``: the part of the labelled texts that is never trained on; ``None``: none with two
    folds or more, since models are then compared by out-of-fold predictions, else a fifth.
    ``promotion_margin``: in F1 (0 to 1), how much worse than the live model a new model may be and still go
    live. ``measure``: the registered measure that scores and ranks texts, or ``auto`` (docs/settings.md).
    ``cost_exponent``: 0 ranks by the acquisition value of a text, 1 by that value divided by its price.
    ``prices``: the name of a price list of ``wapaganda.annotation_cost``. ``purpose``: ``model``: the batches
    teach the model most; ``dataset``: the order of review; ``auto``: first the one, then the other
    (``round/purpose.py``). ``target_f1`` (0 to 1): of the whole file. ``people_f1``: of the labels of people
    (docs/data-set.md). ``warm_start``: start a training half-way between the live model and the pretrained
    weights, with half the steps, if the live model has the same encoder and labels. ``folds``:
    with 2 or more, cross-fitting with this number of models follows every training and calibrates the model.
    ``distillation``: then a student takes the place of the model, which also learns what all these models say
    about unlabelled texts. ``adapt``: ``auto`` allows to try domain adaptation (``training/adaptation.py``);
    ``adapted_from``: the encoder from which ``encoder`` was adapted. ``lenient``: go on when more than a
    tenth of the labelled texts, or all spans of a label, could not be read. ``proposal_floor``: annotators
    are not shown spans of a lower confidence (0 to 1); ``auto``: by the prices of the annotators.
    ``scoring_precision``: ``auto`` reads unlabelled texts in half precision where the hardware is faster at
    it.
    """

    encoder: str
    learning_rate: float | None = None
    train_steps: int | None = None
    recipe_search: bool = True
    warm_start: bool = False
    distillation: bool = True
    threshold: float = 0.7
    batch_size: int = 500
    strategy: str = "hybrid"
    measure: str = AUTO
    cost_exponent: float = 0.5
    prices: str = "scratch"
    purpose: str = "auto"
    target_f1: float = TARGET_F1
    people_f1: float = 0.98
    options: Options = field(default_factory=Options)
    seed: int = 13
    holdout_fraction: float | None = None
    promotion_margin: float = 0.02
    folds: int = 4
    adapt: Literal["auto", "off"] = "auto"
    adapted_from: str | None = None
    device: str = "auto"
    scoring_precision: Literal["auto", "fp32"] = "auto"
    lenient: bool = False
    proposal_floor: float | Literal["auto"] = "auto"

    @property
    def held_out(self) -> float:
        """The part of the labelled texts that is never trained on."""
        if self.holdout_fraction is None:
            return 0.0 if self.folds >= 2 else 0.2
        return self.holdout_fraction

    def floor(self, prices: Prices) -> float:
        """The confidence (0 to 1) below which annotators with these prices are not shown a span."""
        return proposal_floor(prices) if self.proposal_floor == "auto" else self.proposal_floor
