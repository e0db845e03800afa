"""Exact inference over valid IOB2 tag sequences: the best one, its probability, and the marginals.

A model gives each word log-probabilities of the tags ``O, B-0, I-0, B-1, I-1, …``, independently of its
neighbours. Here the sequences that are no IOB2 (an ``I-k`` that follows neither ``B-k`` nor ``I-k``) get
probability 0 and the others share the whole, as in a conditional random field with transition scores 0 or −∞.
"""

from wapaganda.decoding.batch import FLOOR, length_batches, pad
from wapaganda.decoding.lattice import Lattice, Posterior, SpanIndex, lattice, posterior, span_probability
from wapaganda.decoding.spans import spans_of
from wapaganda.decoding.viterbi import viterbi

__all__ = [
    "FLOOR",
    "Lattice",
    "Posterior",
    "SpanIndex",
    "lattice",
    "length_batches",
    "pad",
    "posterior",
    "span_probability",
    "spans_of",
    "viterbi",
]
