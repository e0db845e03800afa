"""How far a source can be believed: its votes against the labels of people, counted at words and at spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import LabelSchema, Span

PRIOR_PRECISION, PRIOR_RECALL = 0.7, 0.5
"""What is believed of a source before anybody has answered."""
_PRIOR_SPANS = 4.0
"""The weight of that belief in spans, for each type."""
_PRIOR_WORDS = 8.0
"""The same in voted words, for each type of the source."""
_OTHER_TYPE = 0.3
"""Of the votes that are believed to be wrong, the part whose words are of another type."""
_UNKNOWN = 0.01
"""The share of words that are believed to be of a type that the source does not know."""
_FLOOR = 1e-3
"""Words that are added to each count, so that nothing is impossible."""


@dataclass(frozen=True, slots=True)
class VoteCounts:
    """The spans of one type: ``voted`` by the source, ``gold`` by people, ``right``: by both alike."""

    voted: int = 0
    gold: int = 0
    right: int = 0

    @property
    def precision(self) -> float:
        """The mean of the beta distribution of the precision, [0, 1]."""
        return float((self.right + _PRIOR_SPANS * PRIOR_PRECISION) / (self.voted + _PRIOR_SPANS))

    @property
    def recall(self) -> float:
        """The mean of the beta distribution of the recall, [0, 1]."""
        return float((self.right + _PRIOR_SPANS * PRIOR_RECALL) / (self.gold + _PRIOR_SPANS))

    @property
    def precision_interval(self) -> tuple[float, float]:
        """The middle 95% of that distribution of the precision."""
        return _interval(self.right, self.voted, PRIOR_PRECISION)

    @property
    def recall_interval(self) -> tuple[float, float]:
        """The middle 95% of that distribution of the recall."""
        return _interval(self.right, self.gold, PRIOR_RECALL)


@dataclass(frozen=True, eq=False, slots=True)
class SourceReliability:
    """What is known about one source.

    ``joint``: expected numbers of words by true class (rows) and by voted class (columns), shape
    (1 + L, 1 + L); class 0 is outside, class 1 + k the type k of the schema. ``same_begin``: how often, of
    two entity words, both or neither begin an entity. ``begins``: the share of voted entity words that do.
    ``weight``: the exponent of the likelihood, 0 (off) to 1. ``off``: classes whose votes say nothing.
    ``spans``: counts by the type of the schema. ``n_texts``: labelled texts that the source has read.
    """

    joint: NDArray[np.float64]
    same_begin: float
    begins: float
    spans: tuple[VoteCounts, ...]
    n_texts: int = 0
    weight: float = 1.0
    off: frozenset[int] = frozenset()

    @classmethod
    def learn(
        cls,
        gold: Sequence[NDArray[np.int64]],
        votes: Sequence[NDArray[np.int64]],
        schema: LabelSchema,
        known: Sequence[str],
        unlabelled: Sequence[NDArray[np.int64]] = (),
    ) -> Self:
        """Learn from the tag ids of people and of the source for the same words, (n_words,) for each text.

        ``known``: the types that the source knows. ``unlabelled``: its tags in texts without labels, which
        say how often it votes for each type.

        Raises:
            ValueError: a text has another number of words in ``votes`` than in ``gold``.
        """
        n = 1 + len(schema.labels)
        true, voted = _flat(gold), _flat(votes)
        if [len(each) for each in gold] != [len(each) for each in votes]:
            raise ValueError("Expected votes for the words of the same texts, was: others")
        y, v = classes(true), classes(voted)
        observed = np.zeros((n, n))
        np.add.at(observed, (y, v), 1.0)
        shares = np.bincount(classes(np.concatenate([voted, _flat(unlabelled)])), minlength=n) + 0.5
        both = (y > 0) & (v > 0)
        agree = int((true[both] % 2 == voted[both] % 2).sum())
        entity = v > 0
        return cls(
            _prior(shares / shares.sum(), [label in known for label in schema.labels]) + observed + _FLOOR,
            (agree + 8.0) / (int(both.sum()) + 10.0),
            (int((voted[entity] % 2 == 1).sum()) + 6.0) / (int(entity.sum()) + 10.0),
            tuple(_span_counts(gold, votes, k) for k in range(len(schema.labels))),
            len(gold),
        )

    @property
    def is_on(self) -> bool:
        """Whether its votes count."""
        return self.weight > 0

    def log_likelihood(self, tags: NDArray[np.int64]) -> NDArray[np.float64]:
        """log P(vote | true tag) of each word for each true tag, (n_words, K) for votes (n_words,).

        It is tempered by ``weight``; a vote of a class that is ``off`` says nothing.
        """
        n = len(self.joint)
        given = np.log(self.joint / self.joint.sum(axis=1, keepdims=True))
        true = np.arange(2 * n - 1)
        y, begin = classes(true), true % 2 == 1
        v, voted_begin = classes(tags), tags % 2 == 1
        table: NDArray[np.float64] = given[y][:, v].T.copy()
        same = np.where(begin[None, :] == voted_begin[:, None], self.same_begin, 1.0 - self.same_begin)
        alone = np.where(voted_begin, self.begins, 1.0 - self.begins)[:, None]
        table += np.log(np.where((v == 0)[:, None], 1.0, np.where((y == 0)[None, :], alone, same)))
        table[np.isin(v, sorted(self.off))] = 0.0
        return np.asarray(self.weight * table, dtype=np.float64)

    def log_prior(self) -> NDArray[np.float64]:
        """log P(tag) of a word of which nothing is known, (K,)."""
        share = self.joint.sum(axis=1) / self.joint.sum()
        begins = np.array([self.begins, 1.0 - self.begins])
        shares = np.concatenate([share[:1], (share[1:, None] * begins).ravel()])
        return np.asarray(np.log(shares), dtype=np.float64)


def classes(tags: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class of each IOB2 tag id: 0 outside, 1 + k for type number k."""
    return (tags + 1) // 2


def tags_of(spans: Sequence[Span], words: NDArray[np.int32], schema: LabelSchema) -> NDArray[np.int64]:
    """The tag id of each word (n_words,) by any spans; unknown labels and parts of words do not count.

    A word belongs to a span that holds all of it; of two spans the first has it.
    """
    tags = np.zeros(len(words), dtype=np.int64)
    for span in sorted(spans):
        if span.label not in schema.labels:
            continue
        inside = np.flatnonzero((words[:, 0] >= span.start) & (words[:, 1] <= span.end))
        if len(inside) and not tags[inside].any():
            tags[inside] = schema.begin(span.label) + 1
            tags[inside[0]] -= 1
    return tags


def _prior(shares: NDArray[np.float64], known: Sequence[bool]) -> NDArray[np.float64]:
    """Believed numbers of words by true and voted class, for a source that votes by ``shares``."""
    n = len(shares)
    types = np.array([False, *known])
    believed = np.zeros((n, n))  # P(true | voted)
    for voted in range(1, n):
        believed[1:, voted] = (1.0 - PRIOR_PRECISION) * _OTHER_TYPE / max(1, n - 2)
        believed[voted, voted] = PRIOR_PRECISION
        believed[0, voted] = 1.0 - believed[1:, voted].sum()
    missed = np.where(types, PRIOR_PRECISION * shares * (1.0 - PRIOR_RECALL) / PRIOR_RECALL, _UNKNOWN)
    believed[1:, 0] = np.minimum(missed[1:] / shares[0], 0.5 / max(1, n - 1))
    believed[0, 0] = 1.0 - believed[1:, 0].sum()
    scale = _PRIOR_WORDS * max(1, int(types.sum())) / shares[1:].sum()
    return np.asarray(scale * shares[None, :] * believed, dtype=np.float64)


def _span_counts(
    gold: Sequence[NDArray[np.int64]], votes: Sequence[NDArray[np.int64]], number: int
) -> VoteCounts:
    counts = np.zeros(3, dtype=np.int64)
    for true, voted in zip(gold, votes, strict=True):
        theirs, ours = _spans(true, number), _spans(voted, number)
        counts += (len(ours), len(theirs), len(theirs & ours))
    return VoteCounts(*counts.tolist())


def _spans(tags: NDArray[np.int64], number: int) -> set[tuple[int, int]]:
    """First word and end of each span of a type in IOB2 tags."""
    begin = 1 + 2 * number
    firsts = np.flatnonzero(tags == begin).tolist()
    inside = np.append(tags == begin + 1, False)
    return {(first, first + 1 + int(np.argmin(inside[first + 1 :]))) for first in firsts}


def _interval(right: int, n: int, prior: float) -> tuple[float, float]:
    from scipy.special import betaincinv  # it takes a while to load

    a = right + _PRIOR_SPANS * prior
    low, high = betaincinv(a, n + _PRIOR_SPANS - a, (0.025, 0.975))
    return float(low), float(high)


def _flat(tags: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, dtype=np.int64), *tags])
