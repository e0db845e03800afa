"""The forward–backward algorithm over all valid IOB2 sequences, and the marginals that follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding.batch import Emissions, as_emissions

SpanIndex = tuple[int, int, int]
"""A span by its first word, its last word (inclusive) and the number of its type."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """Marginals over the valid sequences, 0 for padding.

    ``log_z`` (B,): log of the probability of all valid sequences together. ``tag`` (B, T, K): P(y_t = tag).
    ``start`` and ``end`` (B, T, L): probability that an entity of type k starts, or ends, with the word.
    """

    log_z: NDArray[np.float64]
    tag: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ForwardBackward:
    """The forward and backward sums of a batch, which give marginals and span probabilities.

    All are logs, time first. ``before`` (T, B): all prefixes that end before the word. ``inside_before``
    (T, B, L): those whose last tag has type k. ``after`` (T, B): all continuations of a word that do not
    start with ``I-k``. ``inside_after`` (T, B, L): all continuations of a word of type k.
    """

    lengths: NDArray[np.int64]
    emissions: Emissions
    log_z: NDArray[np.float64]
    before: NDArray[np.float64]
    inside_before: NDArray[np.float64]
    after: NDArray[np.float64]
    inside_after: NDArray[np.float64]

    def posterior(self) -> Posterior:
        """Tag, start and end marginals.

        ``end`` is exact because ``I-k`` follows only ``B-k`` or ``I-k``, so
        P(y_t ∈ {B-k, I-k}, y_{t+1} = I-k) = P(y_{t+1} = I-k).
        """
        steps, batch, labels = self.emissions.begin.shape
        tag = np.empty((steps, batch, 1 + 2 * labels))
        tag[:, :, 0] = self.emissions.outside + self.before + self.after
        tag[:, :, 1::2] = self.emissions.begin + self.before[:, :, None] + self.inside_after
        tag[:, :, 2::2] = self.emissions.inside + self.inside_before + self.inside_after
        tag -= self.log_z[None, :, None]
        np.minimum(np.exp(tag, out=tag), 1.0, out=tag)
        tag[np.arange(steps)[:, None] >= self.lengths[None, :]] = 0.0
        end = tag[:, :, 1::2] + tag[:, :, 2::2]
        end[:-1] -= tag[1:, :, 2::2]
        by_text = np.ascontiguousarray(tag.transpose(1, 0, 2))
        end_by_text = np.ascontiguousarray(np.clip(end, 0.0, 1.0).transpose(1, 0, 2))
        return Posterior(self.log_z, by_text, by_text[:, :, 1::2].copy(), end_by_text)

    def span_probability(self, spans: Sequence[Sequence[SpanIndex]]) -> list[NDArray[np.float64]]:
        """π(i, j, k) of each span: the probability that exactly the words i…j are an entity of type k.

        That is B-k at i, I-k up to j and no I-k after it. One array per text, in the order of its spans.

        Raises:
            ValueError: another number of texts, or a span outside its text or schema.
        """
        if len(spans) != len(self.lengths):
            raise ValueError(f"Expected the spans of {len(self.lengths)} texts, was: {len(spans)}")
        counts = [len(of_text) for of_text in spans]
        flat = np.array([span for of_text in spans for span in of_text], dtype=np.int64).reshape(-1, 3)
        text = np.repeat(np.arange(len(spans)), counts)
        first, last, label = flat.T
        self._check_spans(text, first, last, label)
        run = np.cumsum(self.emissions.inside, axis=0)
        log_pi = self.emissions.begin[first, text, label] + self.before[first, text]
        log_pi += run[last, text, label] - run[first, text, label]
        log_pi += self.after[last, text] - self.log_z[text]
        return np.split(np.minimum(np.exp(log_pi), 1.0), np.cumsum(counts)[:-1]) if counts else []

    def _check_spans(
        self, text: NDArray[Any], first: NDArray[Any], last: NDArray[Any], label: NDArray[Any]
    ) -> None:
        labels = self.emissions.begin.shape[2]
        fits = (first >= 0) & (first <= last) & (last < self.lengths[text]) & (label >= 0) & (label < labels)
        if not fits.all():
            bad = int(np.flatnonzero(~fits)[0])
            raise ValueError(
                f"Expected a span (first, last, type) within {self.lengths[text[bad]]} words "
                f"and {labels} types, was: {(int(first[bad]), int(last[bad]), int(label[bad]))}"
            )


def forward_backward(log_probs: NDArray[Any], lengths: NDArray[Any]) -> ForwardBackward:
    """Forward and backward sums over the valid sequences of ``log_probs`` (B, T, K), for ``lengths`` (B,).

    Rabiner 1989, "A tutorial on hidden Markov models", in log domain and double precision.
    A step costs O(K).

    Raises:
        ValueError: shapes that do not fit, NaN or +∞ within a text.
    """
    emissions = as_emissions(log_probs, lengths)
    before, inside_before, log_z = _forward(emissions)
    after, inside_after = _backward(emissions)
    return ForwardBackward(
        lengths.astype(np.int64), emissions, log_z, before, inside_before, after, inside_after
    )


def posterior(log_probs: NDArray[Any], lengths: NDArray[Any]) -> Posterior:
    """Marginals over the valid IOB2 sequences of ``log_probs`` (B, T, K) for ``lengths`` (B,).

    Raises:
        ValueError: shapes that do not fit, NaN or +∞ within a text.
    """
    return forward_backward(log_probs, lengths).posterior()


def span_probability(
    log_probs: NDArray[Any], lengths: NDArray[Any], spans: Sequence[Sequence[SpanIndex]]
) -> list[NDArray[np.float64]]:
    """The exact probability π(i, j, k) of each span: see ``ForwardBackward.span_probability``."""
    return forward_backward(log_probs, lengths).span_probability(spans)


def _forward(emissions: Emissions) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    steps, batch, labels = emissions.begin.shape
    before, inside_before = np.empty((steps, batch)), np.empty((steps, batch, labels))
    total: NDArray[np.float64] = np.zeros(batch)
    inside = np.full((batch, labels), -np.inf)
    state = np.empty((batch, 1 + labels))
    for t in range(steps):
        before[t], inside_before[t] = total, inside
        inside = np.logaddexp(emissions.begin[t] + total[:, None], emissions.inside[t] + inside)
        state[:, 0] = emissions.outside[t] + total
        state[:, 1:] = inside
        total = _log_sum_exp(state)
    return before, inside_before, total


def _backward(emissions: Emissions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    steps, batch, labels = emissions.begin.shape
    after, inside_after = np.zeros((steps, batch)), np.zeros((steps, batch, labels))
    state = np.empty((batch, 1 + labels))
    for t in reversed(range(1, steps)):
        state[:, 0] = emissions.outside[t] + after[t]
        state[:, 1:] = emissions.begin[t] + inside_after[t]
        after[t - 1] = _log_sum_exp(state)
        inside_after[t - 1] = np.logaddexp(after[t - 1][:, None], emissions.inside[t] + inside_after[t])
    return after, inside_after


def _log_sum_exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log of the sum of exponentials along the last axis; each maximum must be finite."""
    peak = values.max(axis=-1)
    total: NDArray[np.float64] = peak + np.log(np.exp(values - peak[..., None]).sum(axis=-1))
    return total
