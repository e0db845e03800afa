"""What a model says of the places of a term."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import length_batches, pad, span_probability
from wapaganda.ner import LabelSchema, Span


class ReadText(Protocol):
    """A text as a model has read it: words (n_words, 2), log-probabilities (n_words, K) and best spans."""

    @property
    def words(self) -> NDArray[np.int32]:
        """Code-point offsets of the words."""

    @property
    def log_probs(self) -> NDArray[np.float32]:
        """Log-probability of every tag of every word."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The entities of the best sequence."""


@dataclass(frozen=True, slots=True)
class PlaceReading:
    """What a model says of one place.

    ``probabilities`` (L,): that exactly this place is an entity of each type; ``None``: the model has not
    read the words. ``predicted``: its spans that overlap the place.
    """

    probabilities: tuple[float, ...] | None
    predicted: tuple[Span, ...]

    def probability(self, answer: int | None) -> float | None:
        """Of the type number ``answer``, or of no entity (``None``) at exactly this place."""
        if self.probabilities is None:
            return None
        return max(0.0, 1.0 - sum(self.probabilities)) if answer is None else self.probabilities[answer]

    def doubt(self, start: int, end: int) -> float:
        """The span errors, 0 to 2, that the model expects of its own answer at the place."""
        if self.probabilities is None:
            return 0.0
        exact = [span for span in self.predicted if (span.start, span.end) == (start, end)]
        missed = sum(self.probabilities)
        if not exact:
            return min(1.0, missed)
        given = exact[0].score if exact[0].score is not None else max(self.probabilities)
        return (1.0 - given) + max(0.0, missed - given)


def read_places(
    readings: Sequence[ReadText], places: Sequence[Sequence[tuple[int, int]]], schema: LabelSchema
) -> list[list[PlaceReading]]:
    """The readings of the places (start, end) of each text, in their order.

    Raises:
        ValueError: another number of texts.
    """
    if len(readings) != len(places):
        raise ValueError(f"Expected the places of {len(readings)} texts, was: {len(places)}")
    found: list[list[PlaceReading]] = [[] for _ in readings]
    lengths = [len(each.words) for each in readings]
    for batch in length_batches(lengths, len(schema.tags)):
        rows = [row for row in batch.tolist() if lengths[row]]
        if not rows:
            continue
        fitted = [[_words_at(readings[row].words, *place) for place in places[row]] for row in rows]
        asked = [
            [
                (first, last, number)
                for first, last in filter(None, of_text)
                for number in range(len(schema.labels))
            ]
            for of_text in fitted
        ]
        answers = span_probability(*pad([readings[row].log_probs for row in rows]), asked)
        for row, of_text, said in zip(rows, fitted, answers or [np.zeros(0)] * len(rows), strict=True):
            found[row] = list(
                _merged(readings[row], places[row], of_text, said.reshape(-1, len(schema.labels)))
            )
    for row, length in enumerate(lengths):
        if not length:
            found[row] = [PlaceReading(None, ()) for _ in places[row]]
    return found


def _merged(
    reading: ReadText,
    places: Sequence[tuple[int, int]],
    fitted: Sequence[tuple[int, int] | None],
    said: NDArray[np.float64],
) -> Iterator[PlaceReading]:
    rows = iter(said.tolist())
    for (start, end), words in zip(places, fitted, strict=True):
        near = tuple(span for span in reading.spans if span.start < end and start < span.end)
        yield PlaceReading(None if words is None else tuple(next(rows)), near)


def _words_at(words: NDArray[np.int32], start: int, end: int) -> tuple[int, int] | None:
    """The first and the last word of a place, if the model has words with exactly these borders."""
    first, last = int(np.searchsorted(words[:, 0], start)), int(np.searchsorted(words[:, 1], end))
    fits = first <= last < len(words) and words[first, 0] == start and words[last, 1] == end
    return (first, last) if fits else None
