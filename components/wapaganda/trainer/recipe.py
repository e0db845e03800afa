"""The settings of a training, and the defaults for an encoder and a number of texts."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from wapaganda.errors import InputError
from wapaganda.trainer.encoders import find_config


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of one training: plain numbers only, because the manifest of a model keeps them as JSON.

    ``steps``: optimiser steps, whatever the number of texts. ``batch_size``: windows per step, fewer when
    they would need more than ``batch_pieces`` padded word pieces. ``head_factor`` and ``shape_factor``: the
    learning rates of the new head and of the casing embeddings, as multiples of ``learning_rate``.
    ``warmup_share``: of the steps; then the rate decays linearly to 0. ``shapes``: give uncased encoders the
    letter case. ``keep``: the share of the last model in a warm start, 0 to 1. ``word_embeddings``: whether
    the word embeddings are trained, too. ``precision``: of matrix products; ``auto`` is bfloat16 (weights and
    sums stay float32) where the hardware is fast in it, float16 on other CUDA devices, else float32.
    ``evaluations`` and ``patience``: with a dev set, the number of evaluations, and how many of them without
    gain stop the training. ``max_restarts``: with another random seed, after a training that learned nothing.
    ``max_extensions``: how often ``steps`` more are made, while the model is undertrained and the loss still
    falls. ``other_mentions``: the share of the labelled texts whose mentions are replaced by others of the
    same type, drawn anew in each epoch. ``hidden``: the share of the word pieces that the model does not see
    in a step; its tokenizer needs a mask token.

    Raises:
        InputError: a number is out of range.
    """

    learning_rate: float
    steps: int
    seed: int = 13
    batch_size: int = 16
    batch_pieces: int = 1024
    head_factor: float = 10.0
    shape_factor: float = 10.0
    warmup_share: float = 0.1
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    dropout: float | None = None
    max_pieces: int = 512
    overlap: int = 128
    shapes: bool = True
    keep: float = 0.5
    word_embeddings: bool = False
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    evaluations: int = 10
    patience: int = 4
    max_restarts: int = 1
    max_extensions: int = 2
    other_mentions: float = 0.5
    hidden: float = 0.0

    def __post_init__(self) -> None:
        for name in ("learning_rate", "steps", "batch_size", "batch_pieces", "evaluations", "patience"):
            if not getattr(self, name) > 0:
                raise InputError(f"Expected {name} above 0, was: {getattr(self, name)}")
        for name in ("keep", "other_mentions"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"Expected {name} from 0 to 1, was: {getattr(self, name)}")
        for name in ("warmup_share", "hidden"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"Expected {name} from 0 to below 1, was: {getattr(self, name)}")

    def with_rate(self, learning_rate: float) -> Self:
        """The same with another learning rate of the encoder, and the head's rate as in ``recipe_for``."""
        return replace(self, learning_rate=learning_rate, head_factor=_head_factor(learning_rate))


@dataclass(frozen=True, slots=True)
class AdaptationRecipe:
    """The settings of one domain adaptation. ``learning_rate`` of ``None`` is the encoder's default.

    ``masked``: the share of the word pieces that are to be guessed. ``batch_size``: windows per step, fewer
    when they would need more than ``batch_pieces`` padded word pieces.
    """

    steps: int = 600
    learning_rate: float | None = None
    seed: int = 13
    device: str = "auto"
    masked: float = 0.3
    batch_size: int = 64
    batch_pieces: int = 1024


_LEARNING_RATES = ((512, 2e-4), (768, 5e-5), (1024, 3e-5))
"""Default learning rates of the body by the largest hidden size that they are for."""

_LARGEST = 2e-5


def default_learning_rate(hidden_size: int) -> float:
    """The learning rate for an encoder of this hidden size, when the user sets none."""
    return next((rate for size, rate in _LEARNING_RATES if hidden_size <= size), _LARGEST)


_HEAD_RATE = 2e-3
"""The lowest learning rate of the new head; it is scaled to the size of its inputs."""


def _head_factor(learning_rate: float) -> float:
    """The head learns at 2e-3 or ten times as fast as the encoder, whichever is faster."""
    return max(10.0, _HEAD_RATE / learning_rate)


_FEW_TYPES = 13


def default_steps(n_documents: int, n_labels: int) -> int:
    """160 optimiser steps and one more for every five texts: 200 at 200 texts, 360 at 1,000.

    With more than 13 entity types the texts count for more, in proportion, because each type is rarer.
    """
    return 160 + int(n_documents * max(1.0, n_labels / _FEW_TYPES) / 5)


def recipe_for(
    encoder: str, n_documents: int, n_labels: int, learning_rate: float | None = None, seed: int = 13
) -> Recipe:
    """The recipe for ``n_documents`` texts with ``n_labels`` entity types. ``learning_rate`` of ``None`` is
    the encoder's default.

    Raises:
        EncoderUnavailable: the encoder's configuration cannot be loaded.
        InputError: the learning rate is not above 0.
    """
    if learning_rate is None:
        config, _ = find_config(encoder)
        learning_rate = default_learning_rate(int(config.hidden_size))
    return Recipe(
        learning_rate=learning_rate,
        steps=default_steps(n_documents, n_labels),
        seed=seed,
        head_factor=_head_factor(learning_rate),
    )
