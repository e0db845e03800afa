"""What a training gets, what it reports while it runs, and what it returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, LabelSchema, Repairs
from wapaganda.progress import Progress, silent
from wapaganda.trainer.fit import Fit
from wapaganda.trainer.recipe import Recipe


@dataclass(frozen=True, eq=False, slots=True)
class SoftText:
    """A text with soft labels: the probability of each tag of each word that the tokenizer sees, shape
    (n_words, 1 + 2L), in the order of ``LabelSchema.tags``. They are a model's, never a person's."""

    text: str
    probabilities: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """Everything that decides which weights a training gives.

    ``documents``: labelled. ``encoder``: a folder or a name on the model hub. ``soft``: unlabelled texts that
    models have tagged (`student_job`); each labelled text then counts twice. ``dev``: labelled documents that
    are never trained on; they choose the best checkpoint and stop the training early. ``initial_model``: the
    folder of a model of the same encoder and labels for a warm start. ``device``: ``auto`` is CUDA when there
    is one, else the CPU.
    """

    documents: Sequence[Document]
    schema: LabelSchema
    encoder: str
    recipe: Recipe
    soft: Sequence[SoftText] = ()
    dev: Sequence[Document] = ()
    initial_model: Path | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class StepReport:
    """After one optimiser step: ``step`` of ``steps``, the mean ``loss`` of a word in nats, the rate.

    ``dev_f1``: only at steps with an evaluation on the dev set. ``attempt``: 1, and one more after each
    restart.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    dev_f1: float | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Callbacks:
    """The listeners of a training: ``progress`` of the whole, ``on_step`` after each optimiser step."""

    progress: Progress = silent
    on_step: Callable[[StepReport], None] | None = None


@dataclass(frozen=True, slots=True)
class TrainResult:
    """How a training went.

    ``losses`` (steps,) of the last attempt, in nats a word. ``stopped_because``: one clause. ``repairs``:
    training spans that the tokenizer cannot see. ``collapsed``: the model learned nothing, even after
    ``restarts``. ``dev_f1``: pairs of step and F1. ``seconds``: of all.
    ``fit``: how well the model knows its own training texts.
    """

    losses: tuple[float, ...]
    stopped_because: str
    repairs: Repairs
    collapsed: bool = False
    restarts: int = 0
    dev_f1: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0
    fit: Fit | None = None

    @property
    def steps(self) -> int:
        """The number of optimiser steps."""
        return len(self.losses)

    @property
    def best_dev_f1(self) -> float | None:
        """The dev F1 of the checkpoint that was kept; ``None`` without a dev set."""
        return max((f1 for _, f1 in self.dev_f1), default=None)

    @property
    def best_step(self) -> int | None:
        """The step of the checkpoint that was kept, the later of equals; ``None`` without a dev set."""
        return max(((f1, step) for step, f1 in self.dev_f1), default=(None, None))[1]
