"""What the model itself expects of its reading: how many spans are right, how many words it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import lattice, length_batches, pad, spans_of, viterbi


@dataclass(frozen=True, slots=True)
class Expectation:
    """Counts of each of n texts under the model's own probabilities; all from one pass over the lattice.

    ``n_words`` (n,); ``predicted`` (n,): the spans of the best sequence, |Ŝ|; ``right`` (n,): how many of
    them should be right, Σ_Ŝ π with the exact span marginal π; ``entities`` (n, L): entities in the text by
    type, Σ_t s_tk with the start marginal s.
    """

    n_words: NDArray[np.int64]
    predicted: NDArray[np.int64]
    right: NDArray[np.float64]
    entities: NDArray[np.float64]

    @property
    def false_positives(self) -> NDArray[np.float64]:
        """Predicted spans that should be wrong, (n,)."""
        surplus: NDArray[np.float64] = np.maximum(self.predicted - self.right, 0.0)
        return surplus

    @property
    def misses(self) -> NDArray[np.float64]:
        """Entities that the best sequence should not hold, (n,)."""
        lacking: NDArray[np.float64] = np.maximum(self.entities.sum(axis=1) - self.right, 0.0)
        return lacking

    @property
    def errors(self) -> NDArray[np.float64]:
        """Expected span errors, false positives and misses, (n,)."""
        return self.false_positives + self.misses

    def f1(self) -> float:
        """The micro F1 of the best sequences that the model itself expects: no label is needed.

        2 Σ right / (Σ predicted + Σ entities): the ratio of expectations, close to the expected ratio for
        many texts. It is as good as the model's calibration. 1 when nothing is predicted or expected.
        """
        relevant = float(self.predicted.sum() + self.entities.sum())
        return min(1.0, 2.0 * float(self.right.sum()) / relevant) if relevant > 0 else 1.0

    def __len__(self) -> int:
        return len(self.n_words)

    def __getitem__(self, rows: NDArray[Any] | Sequence[int] | slice) -> Self:
        """The given texts, as numpy picks rows."""
        return type(self)(self.n_words[rows], self.predicted[rows], self.right[rows], self.entities[rows])

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """The texts of all parts, one after the other.

        Raises:
            ValueError: parts that hold texts have different numbers of types.
        """
        filled = [part for part in parts if len(part)] or list(parts[:1])
        if not filled:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 0)))
        if len({part.entities.shape[1] for part in filled}) != 1:
            kinds = sorted({part.entities.shape[1] for part in filled})
            raise ValueError(f"Expected parts with one number of types, was: {kinds}")
        return cls(
            np.concatenate([part.n_words for part in filled]),
            np.concatenate([part.predicted for part in filled]),
            np.concatenate([part.right for part in filled]),
            np.concatenate([part.entities for part in filled]),
        )


def expect(log_probs: Sequence[NDArray[Any]]) -> Expectation:
    """What the model expects of each of n texts, from its word log-probabilities (n_i, K).

    A row does not depend on the other texts, so a large pool may as well be taken in parts and joined.

    Raises:
        ValueError: different numbers of tags, or NaN or +∞ among the log-probabilities.
    """
    n_tags = log_probs[0].shape[-1] if len(log_probs) else 1
    n_words = np.array([len(text) for text in log_probs], dtype=np.int64)
    predicted, right = np.zeros(len(log_probs), np.int64), np.zeros(len(log_probs))
    entities = np.zeros((len(log_probs), (n_tags - 1) // 2))
    for batch in length_batches(n_words.tolist(), n_tags):
        predicted[batch], right[batch], entities[batch] = expected_counts(*pad([log_probs[i] for i in batch]))
    return Expectation(n_words, predicted, right, entities)


def expected_counts(
    log_probs: NDArray[Any], lengths: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """``predicted`` (B,), ``right`` (B,) and ``entities`` (B, L) of a batch (B, T, K) with lengths (B,)."""
    sums = lattice(log_probs, lengths)
    spans = spans_of(viterbi(log_probs, lengths)[0])
    right = np.array([pi.sum() for pi in sums.span_probability(spans)], dtype=np.float64)
    predicted = np.array([len(of_text) for of_text in spans], dtype=np.int64)
    return predicted, right, sums.posterior().start.sum(axis=1)
