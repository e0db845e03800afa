"""The doubt about a word, split into what it is about: whether, from where to where, and what."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import posterior
from wapaganda.uncertainty.marginals import p_log_p, top_mean


@dataclass(frozen=True, slots=True)
class EntropySplit:
    """The parts of the entropy of a word's tag, each (B, T) in nats, 0 behind a text's end.

    ``detection``: does the word belong to an entity at all? ``boundary``: if so, does one begin here or go
    on? ``type``: of which type? The parts add up to the entropy of the tag marginals.
    """

    detection: NDArray[np.float64]
    boundary: NDArray[np.float64]
    type: NDArray[np.float64]


def entropy_split(log_probs: NDArray[Any], lengths: NDArray[Any]) -> EntropySplit:
    """H(y_t) = h(q) + q·h(β) + q·H(type | entity, B or I), exactly: (B, T, K) and (B,) to three (B, T).

    q = 1 − P(O), β = P(B | entity), h the binary entropy. This is the grouping property of the entropy of
    Shannon 1948, "A mathematical theory of communication", for the tree entity – B or I – type.
    """
    tag = posterior(log_probs, lengths).tag
    begin, inside = tag[:, :, 1::2].sum(axis=2), tag[:, :, 2::2].sum(axis=2)
    of_entity, of_borders = p_log_p(begin + inside), p_log_p(begin) + p_log_p(inside)
    return EntropySplit(
        detection=np.maximum(-(p_log_p(tag[:, :, 0]) + of_entity), 0.0),
        boundary=np.maximum(of_entity - of_borders, 0.0),
        type=np.maximum(of_borders - p_log_p(tag[:, :, 1:]).sum(axis=2), 0.0),
    )


def split(
    log_probs: NDArray[Any],
    lengths: NDArray[Any],
    *,
    detection: float = 1.0,
    boundary: float = 1.0,
    type: float = 1.0,
    top: int = 3,
) -> NDArray[np.float64]:
    """The weighted sum of the parts of :func:`entropy_split` at the ``top`` words where it is largest.

    (B, T, K) and (B,) to (B,), the mean of those words over the largest value that the sum can take, which is
    w_d·log(1 + exp((w_b·log 2 + w_t·log L) / w_d)); with equal weights log K, and the sum is the entropy.

    Raises:
        ValueError: a weight is negative or no number, all are 0, or ``top`` is below 1.
    """
    weights = (detection, boundary, type)
    if not all(0 <= weight < math.inf for weight in weights) or not any(weights) or top < 1:
        raise ValueError(f"Expected weights of 0 or more and words to pool, was: {weights}, {top}")
    parts = entropy_split(log_probs, lengths)
    doubt = detection * parts.detection + boundary * parts.boundary + type * parts.type
    n_labels = (log_probs.shape[2] - 1) // 2
    largest = _largest(detection, boundary * math.log(2) + type * math.log(max(1, n_labels)))
    if not n_labels or largest <= 0:
        return np.zeros(len(lengths))
    return np.clip(top_mean(doubt, lengths, top) / largest, 0.0, 1.0)


def _largest(detection: float, within: float) -> float:
    """The maximum over q of detection·h(q) + q·within; ``logaddexp`` does not overflow."""
    return detection * float(np.logaddexp(0.0, within / detection)) if detection else within
