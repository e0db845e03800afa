"""What a model says of the test texts and of the rest of the pool."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from wapaganda.metrics import Scores
from wapaganda.ner import Document, Span
from wapaganda.tagger import TaggedText, Tagger


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """The model's answers for some texts."""

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


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """How good a model is on the test texts and, by its own estimate and in truth, on the rest of the pool.

    ``pool`` and ``test`` are the answers themselves; the F1 of an empty pool is ``None``.
    """

    scores: Scores
    estimated_f1: float | None
    true_pool_f1: float | None
    train_seconds: float
    score_seconds: float
    pool: Reading
    test: Reading

    def without_readings(self) -> "Judged":
        """The numbers alone."""
        return replace(self, pool=Reading((), ()), test=Reading((), ()))
