"""Exact inference over valid IOB2 tag sequences: the best one, its probability, and the marginals.

A model gives each word log-probabilities of the tags ``O, B-0, I-0, B-1, I-1, …``, independently of its
neighbours. Here invalid IOB2 sequences get probability 0: an ``I-k`` must follow ``B-k`` or ``I-k``. The
others are normalised, as in a conditional random field with transition scores 0 or −∞.

Shapes: B texts, T words of the longest text, K = 1 + 2L tags for L entity types.
"""

from wapaganda.decoding.batch import FLOOR, length_batches, merged_into_outside, pad
from wapaganda.decoding.forward_backward import (
    ForwardBackward,
    Posterior,
    SpanIndex,
    forward_backward,
    posterior,
    span_probability,
)
from wapaganda.decoding.spans import spans_of
from wapaganda.decoding.viterbi import viterbi

__all__ = [
    "FLOOR",
    "ForwardBackward",
    "Posterior",
    "SpanIndex",
    "forward_backward",
    "length_batches",
    "merged_into_outside",
    "pad",
    "posterior",
    "span_probability",
    "spans_of",
    "viterbi",
]
