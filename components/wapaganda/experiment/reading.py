"""What a model says of the test texts and of the rest of the pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from wapaganda.metrics import Scores, evaluate
from wapaganda.ner import Document, Span, repair_spans
from wapaganda.tagger import TaggedText, Tagger
from wapaganda.uncertainty import expect


@dataclass(frozen=True, slots=True)
class Judged:
    """How good a model is on the test texts and, by its own estimate and in truth, on the pool."""

    scores: Scores
    estimated_f1: float | None
    true_pool_f1: float | None
    calibration: Mapping[str, Any] | None
    train_seconds: float
    score_seconds: float


@dataclass(frozen=True, eq=False, slots=True)
class PoolReading:
    """The model's answers for the texts of the pool that nobody has labelled."""

    ids: tuple[str, ...]
    tagged: tuple[TaggedText, ...]

    @classmethod
    def of(cls, tagger: Tagger, documents: Sequence[Document]) -> Self:
        """Let the model read every text once."""
        tagged = tuple(tagger.tag([document.text for document in documents]))
        return cls(tuple(document.id for document in documents), tagged)

    @property
    def spans(self) -> list[tuple[Span, ...]]:
        """What it would propose for each text."""
        return [each.spans for each in self.tagged]

    def proposals(self, ids: Sequence[str]) -> list[tuple[Span, ...]]:
        """What it would propose for these texts."""
        by_id = dict(zip(self.ids, self.tagged, strict=True))
        return [by_id[each].spans for each in ids]

    def expected_f1(self) -> float | None:
        """The F1 on the pool that the model itself expects; ``None`` when nothing is left."""
        return expect([np.asarray(each.log_probs) for each in self.tagged]).f1() if self.tagged else None


def judge_test(tagger: Tagger, documents: Sequence[Document]) -> Scores:
    """Strict span scores on labelled texts."""
    gold = [repair_spans(document.text, document.spans or ())[0] for document in documents]
    return evaluate(gold, tagger.predict([document.text for document in documents]))
