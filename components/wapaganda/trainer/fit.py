"""How well a model knows the texts that it was trained on: the signs of an undertrained one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np

from wapaganda.metrics import evaluate
from wapaganda.ner import Document, Span, gold_spans, judged_spans

TEXTS_CHECKED = 128
"""At most this number of training texts with entities is tagged to measure the fit."""

_ENOUGH = 5  # entities of a type in the checked texts: a type that is rarer may be unknown to a good model
LOSS_WINDOW = 20
"""Steps over which the loss is averaged."""

_UNDERTRAINED_F1 = 0.7
_FALLING = 0.97  # of the mean loss a fifth of the steps earlier


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a model knows its own training texts.

    ``loss``: the mean of a word over the last 20 steps, in nats. ``frequency_loss``: the loss of always
    predicting the tags' frequencies. ``f1``: strict micro F1, 0 to 1, on up to 128 training texts with
    entities; ``None`` when there are none. ``never_predicted``: entity types with at least five entities in
    these texts, none of which the model predicts. ``still_falling``: whether the loss was falling in the last
    fifth of the steps. ``steps``: optimiser steps in all. ``extensions``: how often steps were added.
    """

    loss: float
    frequency_loss: float
    f1: float | None
    never_predicted: tuple[str, ...] = ()
    still_falling: bool = False
    steps: int = 0
    extensions: int = 0

    @property
    def loss_share(self) -> float:
        """The loss as a share of the frequency loss: 0 is perfect, 1 is no better than guessing."""
        return self.loss / self.frequency_loss if self.frequency_loss > 0 else 0.0

    @property
    def undertrained(self) -> bool:
        """Whether the model does not even know its own training texts."""
        if self.f1 is None:
            return False
        return self.f1 < _UNDERTRAINED_F1 or bool(self.never_predicted)

    def describe(self) -> str:
        """The signs of an undertrained model as one sentence; empty for a model that is not."""
        if not self.undertrained or self.f1 is None:
            return ""
        signs = [
            f"F1 on its own training texts is {self.f1:.0%}",
            f"the loss is {self.loss_share:.0%} of that of guessing",
        ]
        if self.never_predicted:
            signs.append(f"it never predicts {', '.join(self.never_predicted)}")
        if self.still_falling:
            signs.append("the loss was still falling at the end")
        return f"The model is undertrained after {self.steps:,} steps: {'; '.join(signs)}."

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the share of the loss and the sentence about an undertrained model."""
        return asdict(self) | {"loss_share": self.loss_share, "undertrained": self.describe()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``; unknown keys are ignored."""
        known = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        return cls(**known | {"never_predicted": tuple(known.get("never_predicted", ()))})


def checked_texts(documents: Sequence[Document]) -> list[Document]:
    """The training texts on which the fit is measured: the first 128 with entities."""
    return [document for document in documents if document.spans][:TEXTS_CHECKED]


def fit_of(
    losses: Sequence[float],
    frequency_loss: float,
    checked: Sequence[Document],
    predicted: Sequence[Sequence[Span]],
    extensions: int,
) -> Fit:
    """The fit of a model by the losses of all its steps and its predictions for ``checked`` texts."""
    return Fit(
        loss=recent_loss(losses),
        frequency_loss=frequency_loss,
        f1=evaluate(gold_spans(checked), judged_spans(checked, predicted)).micro.f1 if checked else None,
        never_predicted=_never_predicted(checked, predicted),
        still_falling=_still_falling(losses),
        steps=len(losses),
        extensions=extensions,
    )


def recent_loss(losses: Sequence[float]) -> float:
    """The mean of the last 20 losses."""
    return float(np.mean(losses[-LOSS_WINDOW:]))


def _never_predicted(checked: Sequence[Document], predicted: Sequence[Sequence[Span]]) -> tuple[str, ...]:
    gold = Counter(span.label for spans in gold_spans(checked) for span in spans)
    found = {span.label for spans in predicted for span in spans}
    return tuple(sorted(label for label, count in gold.items() if count >= _ENOUGH and label not in found))


def _still_falling(losses: Sequence[float]) -> bool:
    """Whether the mean loss of the last fifth of the steps is below that of the fifth before."""
    fifth = max(LOSS_WINDOW, len(losses) // 5)
    if len(losses) < 2 * fifth:
        return False
    return float(np.mean(losses[-fifth:])) < _FALLING * float(np.mean(losses[-2 * fifth : -fifth]))
