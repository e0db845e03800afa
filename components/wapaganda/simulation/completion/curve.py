"""The F1 of the whole file after every labelled text, and the hours until then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation_cost import CORRECTING, Prices, seconds_correcting, seconds_from_scratch
from wapaganda.simulation.completion.reading import Counts, Reading


@dataclass(frozen=True, eq=False, slots=True)
class FileCurve:
    """The file after each of m labelled texts: ``texts`` (m,), ``hours`` (m,), ``f1`` (m,) in [0, 1].

    The labels of people count as right, all other texts have the labels of the newest model.
    """

    texts: NDArray[np.int64]
    hours: NDArray[np.float64]
    f1: NDArray[np.float64]

    def hours_to(self, level: float) -> float | None:
        """The hours until the file has this F1 for the first time; ``None`` if it never does."""
        reached = np.flatnonzero(self.f1 >= level)
        return float(self.hours[reached[0]]) if len(reached) else None

    def texts_to(self, level: float) -> int | None:
        """The labelled texts until then."""
        reached = np.flatnonzero(self.f1 >= level)
        return int(self.texts[reached[0]]) if len(reached) else None


def chosen_curve(readings: Sequence[Reading], file: Counts, prices: Prices = CORRECTING) -> FileCurve:
    """The curve of texts that models chose and proposed labels for; exact after every text.

    ``readings``: of successive models; each has read all texts that were not labelled. ``file``: the counts
    of the whole file, of which only words and true spans are read. The first texts are marked from scratch
    and the last model labels the rest to the end of its order.
    """
    seed = readings[0].labelled
    hours = _scratch_seconds(file[seed], prices).sum() / 3600
    people = int(file.gold[seed].sum())
    texts, spent, f1 = [], [], []
    for place, reading in enumerate(readings):
        last = place + 1 == len(readings)
        batch = reading.order if last else readings[place + 1].labelled[reading.n_labelled :]
        done = reading.counts[reading.places(batch)]
        seconds = np.concatenate([[0.0], np.cumsum(correcting_seconds(done, prices))])
        labelled = people + np.concatenate([[0], np.cumsum(done.gold)])
        left = {
            name: getattr(reading.counts, name).sum() - np.concatenate([[0], np.cumsum(getattr(done, name))])
            for name in ("gold", "predicted", "correct")
        }
        texts.append(reading.n_labelled + np.arange(len(batch) + 1))
        spent.append(hours + seconds / 3600)
        f1.append(file_f1(labelled, left["gold"], left["predicted"], left["correct"]))
        hours, people = float(spent[-1][-1]), int(labelled[-1])
    return FileCurve(np.concatenate(texts), np.concatenate(spent), np.concatenate(f1))


def random_curve(
    readings: Sequence[Reading],
    file: Counts,
    order: NDArray[np.int32],
    prices: Prices = CORRECTING,
    *,
    proposals: bool = False,
) -> FileCurve:
    """The curve of texts in random ``order``, all rows of the file, from the first training on.

    ``readings``: of models of its first n texts, few of them, each with a random part of the rest. Recall,
    and predicted spans for each true one, are interpolated between them in the logarithm of n, and
    extrapolated beyond the last. With ``proposals`` a text costs, on average, what correcting those of a
    model of as many texts costs.
    """
    sizes = np.log([each.n_labelled for each in readings])
    first = readings[0].n_labelled
    n = np.arange(first, len(order) + 1)
    recall = _between(n, sizes, [_share(each.counts.correct, each.counts.gold) for each in readings])
    surplus = _between(n, sizes, [_share(each.counts.predicted, each.counts.gold) for each in readings])
    recall = np.minimum(recall, np.minimum(1.0, surplus))
    gold = np.concatenate([[0], np.cumsum(file.gold[order])])
    left = gold[-1] - gold[n]
    scratch = np.concatenate([[0.0], np.cumsum(_scratch_seconds(file[order], prices))])
    seconds = scratch[n]
    if proposals:
        share = _between(n, sizes, [_correcting_share(each.counts, prices) for each in readings])
        steps = np.diff(scratch[first:]) * share[:-1]
        seconds = scratch[first] + np.concatenate([[0.0], np.cumsum(steps)])
    return FileCurve(n, seconds / 3600, file_f1(gold[n], left, surplus * left, recall * left))


def file_f1(
    people: NDArray[np.int64],
    gold: NDArray[np.float64] | NDArray[np.int64],
    predicted: NDArray[np.float64] | NDArray[np.int64],
    correct: NDArray[np.float64] | NDArray[np.int64],
) -> NDArray[np.float64]:
    """F1 of a file with ``people``'s spans, all right, and the other texts' spans by the model."""
    relevant = 2.0 * people + predicted + gold
    f1: NDArray[np.float64] = np.where(
        relevant > 0, 2.0 * (people + correct) / np.maximum(relevant, 1e-9), 1.0
    )
    return f1


def correcting_seconds(counts: Counts, prices: Prices) -> NDArray[np.float64]:
    """Seconds to correct the proposals in each text, (n,)."""
    return seconds_correcting(counts.words, counts.correct, counts.missed, counts.spurious, prices)


def _scratch_seconds(counts: Counts, prices: Prices) -> NDArray[np.float64]:
    return seconds_from_scratch(counts.words, counts.gold, prices.without_proposals())


def _correcting_share(counts: Counts, prices: Prices) -> float:
    return float(correcting_seconds(counts, prices).sum() / max(_scratch_seconds(counts, prices).sum(), 1e-9))


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> float:
    return float(part.sum() / max(int(whole.sum()), 1))


def _between(
    n: NDArray[np.int64], sizes: NDArray[np.float64], values: Sequence[float]
) -> NDArray[np.float64]:
    """Linear in the logarithm of n, also beyond the last size."""
    found: NDArray[np.float64] = np.interp(np.log(n), sizes, values)
    if len(values) < 2:
        return found
    slope = (values[-1] - values[-2]) / (sizes[-1] - sizes[-2])
    return np.maximum(found + slope * np.maximum(np.log(n) - sizes[-1], 0.0), 0.0)
