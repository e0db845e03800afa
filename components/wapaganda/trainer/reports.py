"""What a training tells while it runs and when it is done."""

from dataclasses import dataclass

from wapaganda.ner import Repairs


@dataclass(frozen=True, slots=True)
class StepReport:
    """After one optimiser step: ``step`` of ``steps`` in this attempt, the mean loss a word, the rate.

    ``dev_f1`` stands at the steps at which the dev set was looked at; ``attempt`` counts from 1.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    dev_f1: float | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What a training came to.

    ``steps`` that were made in the last attempt, ``losses`` (steps,) of it, ``seconds`` in all, ``dev_f1``
    by step, ``repairs`` of the training spans, ``restarts`` after collapses and, in words, why it ended.
    ``n_taught``: texts learnt in a second training with the spans of the first model; ``steps``, ``losses``
    and ``restarts`` are of both then.
    """

    steps: int
    seconds: float
    losses: tuple[float, ...]
    repairs: Repairs
    stopped_because: str
    restarts: int = 0
    collapsed: bool = False
    dev_f1: tuple[tuple[int, float], ...] = ()
    n_taught: int = 0

    @property
    def best_dev_f1(self) -> float | None:
        """The dev F1 of the weights that were kept; ``None`` without a dev set."""
        return max((f1 for _, f1 in self.dev_f1), default=None)
