"""The F1 of the whole file after every labelled text, and the hours until then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wapaganda.simulation.completion.annotator import PERFECT, Annotator, Work
from wapaganda.simulation.completion.reading import ModelReading, SpanCounts


@dataclass(frozen=True, eq=False, slots=True)
class FileCurve:
    """The file after each of m labelled texts: ``texts`` (m,), ``hours`` (m,), ``f1`` (m,) in [0, 1].

    The labels of people stay as they are, all other texts have the labels of the newest model.
    """

    texts: NDArray[np.int64]
    hours: NDArray[np.float64]
    f1: NDArray[np.float64]

    def hours_to(self, level: float) -> float | None:
        """The hours until the file has this F1 for the first time; ``None`` if it never does."""
        at = self._first(level)
        return None if at is None else float(self.hours[at])

    def texts_to(self, level: float) -> int | None:
        """The labelled texts until then."""
        at = self._first(level)
        return None if at is None else int(self.texts[at])

    def after(self, n_texts: int) -> float:
        """The hours of the first ``n_texts`` texts, which the curve has."""
        return float(self.hours[np.searchsorted(self.texts, n_texts)])

    def _first(self, level: float) -> int | None:
        reached = np.flatnonzero(self.f1 >= level)
        return int(reached[0]) if len(reached) else None


@dataclass(frozen=True, slots=True)
class PeoplesPart:
    """What people have labelled so far: ``texts``, ``hours``, and spans as in `Work`."""

    texts: int = 0
    hours: float = 0.0
    gold: float = 0.0
    predicted: float = 0.0
    correct: float = 0.0

    def plus(self, work: Work) -> "PeoplesPart":
        """With these texts."""
        sums = (float(getattr(work, name).sum()) for name in ("hours", "gold", "predicted", "correct"))
        hours, gold, predicted, correct = sums
        return PeoplesPart(
            self.texts + len(work.hours),
            self.hours + hours,
            self.gold + gold,
            self.predicted + predicted,
            self.correct + correct,
        )


def batch_curve(people: PeoplesPart, work: Work, read: Work, rest: Work) -> FileCurve:
    """The curve while people label texts one by one, and the model stays the same: m + 1 points.

    ``work`` (m,): what people do with these texts; ``read`` (m,): what the model says of them, and ``rest``
    of all other texts that people have not labelled.
    """
    done, gone = work.cumulated(), read.cumulated()
    gold = people.gold + done.gold + rest.gold.sum() + read.gold.sum() - gone.gold
    predicted = (
        people.predicted + done.predicted + rest.predicted.sum() + read.predicted.sum() - gone.predicted
    )
    correct = people.correct + done.correct + rest.correct.sum() + read.correct.sum() - gone.correct
    relevant = predicted + gold
    f1 = np.where(relevant > 0, 2.0 * correct / np.maximum(relevant, 1e-9), 1.0)
    return FileCurve(people.texts + np.arange(len(f1)), people.hours + done.hours, f1)


def reading_curve(
    reading: ModelReading, batch: NDArray[np.int32], people: PeoplesPart, annotator: Annotator
) -> FileCurve:
    """The curve while people label a ``batch`` of the texts that one model read, in this order."""
    at, read = reading.places(batch), _read(reading.counts)
    others = np.ones(len(reading.rows), dtype=bool)
    others[at] = False
    work = annotator.correcting(reading.counts[at])
    return batch_curve(people, work, read[at], read[np.flatnonzero(others)])


def chosen_curve(
    readings: Sequence[ModelReading], file: SpanCounts, annotator: Annotator = PERFECT
) -> FileCurve:
    """The curve of texts that models chose and proposed labels for; exact after every text.

    ``readings``: of successive models; each has read all texts that were not labelled. ``file``: the counts
    of the whole file, of which only words and true spans are read. The first texts are marked from scratch.
    The last model labels the rest, to the end of its order.
    """
    curves = []
    for place, reading in enumerate(readings):
        batch = reading.order if place + 1 == len(readings) else answered(readings, place)
        people = people_before(readings, place, file, annotator)
        curves.append(reading_curve(reading, batch, people, annotator))
    return FileCurve(*(np.concatenate([getattr(each, name) for each in curves]) for name in _NAMES))


def review_curve(
    readings: Sequence[ModelReading],
    place: int,
    file: SpanCounts,
    order: NDArray[np.int32] | None,
    annotator: Annotator = PERFECT,
) -> FileCurve:
    """All texts that one model read are reviewed, without another training; ``None``: in random order."""
    reading = readings[place]
    people = people_before(readings, place, file, annotator)
    if order is not None:
        return reading_curve(reading, order, people, annotator)
    work, read = annotator.correcting(reading.counts).averaged(), _read(reading.counts).averaged()
    return batch_curve(people, work, read, read[:0])


def perfect_order(reading: ModelReading) -> NDArray[np.int32]:
    """The texts by true errors a second of correcting: a bound that nobody reaches, who knows no labels."""
    errors = reading.counts.missed + reading.counts.spurious
    hours = np.maximum(PERFECT.correcting(reading.counts).hours, 1e-9)
    return reading.rows[np.argsort(-errors / hours, kind="stable")]


def answered(readings: Sequence[ModelReading], place: int) -> NDArray[np.int32]:
    """The texts that were labelled between a training and the next, in their order."""
    return readings[place + 1].labelled[readings[place].n_labelled :]


def people_before(
    readings: Sequence[ModelReading], place: int, file: SpanCounts, annotator: Annotator
) -> PeoplesPart:
    """What people had labelled when a model was trained."""
    people = PeoplesPart().plus(annotator.from_scratch(file[readings[0].labelled]))
    for earlier in range(place):
        reading = readings[earlier]
        done = reading.counts[reading.places(answered(readings, earlier))]
        people = people.plus(annotator.correcting(done))
    return people


def random_curve(
    readings: Sequence[ModelReading],
    file: SpanCounts,
    order: NDArray[np.int32],
    annotator: Annotator = PERFECT,
    *,
    proposals: bool = False,
) -> FileCurve:
    """The curve of texts in random ``order``, all rows of the file, from the first training on.

    ``readings``: of models of its first n texts, few of them, each with a random part of the rest. Missed and
    wrong spans for each true one fall as powers of n between two of them; the power goes on beyond the last
    (Hestness et al. 2017, "Deep learning scaling is predictable, empirically"). With ``proposals`` a text
    costs what correcting costs on average, as a share of marking it from scratch, with a model of as many
    texts.
    """
    first, n = readings[0].n_labelled, np.arange(readings[0].n_labelled, len(order) + 1)
    sizes = np.array([each.n_labelled for each in readings])

    def power(errors: Callable[[SpanCounts], NDArray[np.int64]]) -> NDArray[np.float64]:
        rates = [max(_share(errors(each.counts), each.counts.gold), _LEAST_RATE) for each in readings]
        return np.exp(_between(n, sizes, np.log(rates)))

    missed = np.minimum(power(lambda counts: counts.missed), 1.0)
    wrong = power(lambda counts: counts.spurious)
    texts = file[order]
    work = annotator.from_scratch(texts)
    if proposals:
        for name in ("hours", "predicted", "correct"):
            share = _between(n, sizes, [_against_scratch(each.counts, annotator, name) for each in readings])
            values = getattr(work, name).copy()
            values[first:] *= share[:-1]
            work = replace(work, **{name: values})
    done = work.cumulated()
    gold = np.cumsum(texts.gold[::-1])[::-1].astype(np.float64)
    left = np.concatenate([gold, [0.0]])[n]
    correct = done.correct[n] + (1.0 - missed) * left
    relevant = done.predicted[n] + (1.0 - missed + wrong) * left + done.gold[n] + left
    f1 = np.where(relevant > 0, 2.0 * correct / np.maximum(relevant, 1e-9), 1.0)
    return FileCurve(n, done.hours[n], f1)


_NAMES = ("texts", "hours", "f1")
_LEAST_RATE = 1e-4


def _read(counts: SpanCounts) -> Work:
    """What a model says of texts, at no cost."""
    columns = (counts.gold, counts.predicted, counts.correct)
    return Work(np.zeros(len(counts)), *(column.astype(np.float64) for column in columns))


def _against_scratch(counts: SpanCounts, annotator: Annotator, name: str) -> float:
    own, scratch = annotator.correcting(counts), annotator.from_scratch(counts)
    return float(getattr(own, name).sum() / max(float(getattr(scratch, name).sum()), 1e-9))


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> float:
    return float(part.sum() / max(int(whole.sum()), 1))


def _between(
    n: NDArray[np.int64], sizes: NDArray[np.int64], values: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Linear in the logarithm of n; beyond the last size it goes on to fall, but not to rise."""
    at = np.log(sizes)
    found: NDArray[np.float64] = np.interp(np.log(n), at, values)
    if len(values) < 2:
        return found
    slope = min(0.0, (values[-1] - values[-2]) / (at[-1] - at[-2]))
    beyond: NDArray[np.float64] = found + slope * np.maximum(np.log(n) - at[-1], 0.0)
    return beyond
