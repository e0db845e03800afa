"""From the calibration of the models of the folds to that of a model of another kind."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration.confidence import ConfidenceMap
from wapaganda.calibration.temperature import HIGHEST, LOWEST
from wapaganda.decoding import forward_backward, length_batches, pad, spans_of, viterbi

_HALVINGS = 14  # of an interval of 3.5: to 2e-4 of a temperature
_LARGEST_SHIFT = 10.0


def transfer_calibration(
    temperature: float,
    confidence: ConfidenceMap,
    calibrated: Sequence[Sequence[NDArray[Any]]],
    other: Sequence[NDArray[Any]],
    avoided: float = 0.0,
) -> tuple[float, ConfidenceMap]:
    """The temperature and the confidence map of a model that knows all labels, from those of other models.

    A model that was taught by the mean of others is flatter than each of them: with their temperature it
    doubts far too much. No text with labels can show that, it has learnt them all. But texts without labels
    can: at the temperature that is returned it expects as many span errors there, wrong and missed, as the
    calibrated models do on average, less those that it avoids. The intercept of the map is then moved until
    the mean confidence of its spans is theirs, likewise. No label is needed, so hard texts that were chosen
    for labelling do not disturb it.

    Args:
        temperature: fitted to out-of-fold predictions of the calibrated models.
        confidence: likewise, with what a model of all texts does better.
        calibrated: for each calibrated model the log-probabilities of n unlabelled texts, (n_i, K) each.
        other: those of the other model for the same texts; the result is for this model.
        avoided: the share of their errors that this model does not make.

    Raises:
        ValueError: there is no calibrated model, or NaN or +∞ among the log-probabilities.
    """
    if not calibrated:
        raise ValueError("Expected the predictions of one calibrated model or more, was: none")
    readings = [_Reading(log_probs).at(temperature) for log_probs in calibrated]
    errors = (1.0 - avoided) * float(np.mean([expected for expected, _ in readings]))
    probability = np.concatenate([spans for _, spans in readings])
    own = _Reading(other)
    if errors <= 0 or not len(probability) or not own.n_spans:
        return temperature, confidence
    low, high = np.log(LOWEST), np.log(HIGHEST)
    found = float(np.exp(_rising(lambda at: own.at(np.exp(at))[0] - errors, low, high)))
    spans = own.at(found)[1]
    level = 1.0 - (1.0 - avoided) * (1.0 - float(confidence(probability).mean()))

    def moved(by: float) -> ConfidenceMap:
        return ConfidenceMap(confidence.slope, confidence.intercept + by)

    shift = _rising(lambda by: float(moved(by)(spans).mean()) - level, -_LARGEST_SHIFT, _LARGEST_SHIFT)
    return found, moved(shift)


class _Reading:
    """The best spans of texts, and what a model expects of them at any temperature, which changes no span."""

    def __init__(self, log_probs: Sequence[NDArray[Any]]) -> None:
        self._batches = []
        n_tags = log_probs[0].shape[-1] if len(log_probs) else 1
        for rows in length_batches([len(text) for text in log_probs], n_tags):
            padded, lengths = pad([np.asarray(log_probs[i], dtype=np.float64) for i in rows])
            self._batches.append((padded, lengths, spans_of(viterbi(padded, lengths)[0])))
        self.n_spans = sum(len(spans) for *_, found in self._batches for spans in found)

    def at(self, temperature: float) -> tuple[float, NDArray[np.float64]]:
        """The expected wrong and missed spans of all texts, and the probability of every predicted span."""
        errors = 0.0
        probabilities: list[NDArray[np.float64]] = [np.zeros(0)]
        for padded, lengths, found in self._batches:
            sums = forward_backward(padded / temperature, lengths)
            of_batch: NDArray[np.float64] = np.concatenate([np.zeros(0), *sums.span_probability(found)])
            entities = float(sums.posterior().start.sum())
            errors += len(of_batch) + entities - 2.0 * float(of_batch.sum())
            probabilities.append(of_batch)
        return errors, np.concatenate(probabilities)


def _rising(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function is 0, by bisection; the nearer end if it is 0 nowhere."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
