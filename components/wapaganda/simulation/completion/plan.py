"""The plan of a simulated data set, and the standard alternative that it is compared with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import ceil
from typing import Any, Self

from wapaganda.errors import InputError
from wapaganda.pipeline import LoopConfig
from wapaganda.trainer import Recipe

_LOOP = (
    "encoder", "learning_rate", "train_steps", "threshold", "cost_exponent", "prices", "folds",
    "distillation", "device",
)  # fmt: skip
"""The settings of the loop that a stored plan keeps."""


@dataclass(frozen=True, slots=True)
class StandardAlternative:
    """How a data set is labelled without this product: the rule that hours are compared with.

    Texts in random order, marked from scratch, and a plain fine-tuning of the same encoder: one learning rate
    for all weights, no letter case, ``steps`` optimiser steps, more when the texts would be passed fewer than
    ``passes`` times. A change of a number makes a new ``version``.
    """

    version: int = 1
    learning_rate: float = 5e-4
    steps: int = 130
    passes: int = 3
    batch_size: int = 16

    def recipe(self, n_texts: int, seed: int) -> Recipe:
        """The recipe for ``n_texts`` labelled texts."""
        return Recipe(
            learning_rate=self.learning_rate,
            steps=max(self.steps, ceil(self.passes * n_texts / self.batch_size)),
            seed=seed,
            batch_size=self.batch_size,
            head_factor=1.0,
            shapes=False,
            other_mentions=0.0,
            word_embeddings=True,
            max_restarts=0,
            max_extensions=0,
        )


STANDARD_ALTERNATIVE = StandardAlternative()
"""The standard alternative of today's reports."""


@dataclass(frozen=True, slots=True)
class DataSetPlan:
    """A simulation of whole data sets; plain values only, so that it can be stored as JSON.

    All ways start with ``seed_size`` random texts, labelled from scratch. Ours trains on them and reviews the
    rest, and trains again when the labelled texts are ``review_growth`` times as many, on up to
    ``last_training`` texts. Below ``train_to`` texts it chooses batches for the model instead, as the loop
    does without a purpose, until 100 more labels are forecast to gain less than 0.5 F1; it then trains at
    each ``growth``. No training starts when the file reaches ``enough``
    before it. A model of random texts is trained at each ``random_growth``; it is judged on up to
    ``n_judged`` random texts of the rest of the file. ``layers``: how many of the encoder's are kept
    (``None``: all).

    Raises:
        InputError: a value is out of its range.
    """

    loop: LoopConfig
    seeds: tuple[int, ...] = (1,)
    seed_size: int = 200
    growth: float = 1.5
    train_to: int = 0
    review_growth: float = 1.5
    last_training: int = 2000
    enough: float = 0.955
    random_growth: float = 2.0
    last_random: int = 3200
    n_judged: int = 2000
    layers: int | None = None

    def __post_init__(self) -> None:
        for name in ("growth", "review_growth", "random_growth"):
            if not getattr(self, name) > 1:
                raise InputError(f"Expected {name} above 1, was: {getattr(self, name)}")
        if not self.seeds or len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise InputError(f"Expected at least one seed, each once and none below 0, was: {self.seeds}")
        if self.seed_size < 1 or self.n_judged < 1:
            raise InputError(f"Expected 1 text or more, was: {self.seed_size} and {self.n_judged}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; the settings of the loop are top-level keys, too."""
        own = {name: value for name, value in asdict(self).items() if name != "loop"}
        loop = {name: getattr(self.loop, name) for name in _LOOP}
        return {**own, **loop, "seeds": list(self.seeds), "alternative": asdict(STANDARD_ALTERNATIVE)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``; unknown keys are ignored."""
        own = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        stored = {"distillation": False, **values}  # as plans of earlier versions
        loop = LoopConfig(**{name: stored[name] for name in _LOOP if name in stored})
        return cls(**{**own, "loop": loop, "seeds": tuple(values["seeds"])})
