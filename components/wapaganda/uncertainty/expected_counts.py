"""How many spans a model expects in a text, and how many of its own predictions it expects to be correct."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import forward_backward, length_batches, pad, spans_of, viterbi


@dataclass(frozen=True, slots=True)
class Expectation:
    """Counts for each of n texts under the model's own probabilities.

    ``n_words`` (n,): the rows of the log-probabilities, or what their price counts (``ner.reading_words``).
    ``predicted`` (n,): the spans of the best sequence, |Ŝ|. ``expected_correct`` (n,): how many of them
    should be correct, Σ_Ŝ π with the exact span marginal π. ``entities`` (n, L): expected entities by type,
    Σ_t s_tk with the start marginal s.
    """

    n_words: NDArray[np.int64]
    predicted: NDArray[np.int64]
    expected_correct: NDArray[np.float64]
    entities: NDArray[np.float64]

    @property
    def false_positives(self) -> NDArray[np.float64]:
        """Predicted spans that should be wrong, (n,)."""
        surplus: NDArray[np.float64] = np.maximum(self.predicted - self.expected_correct, 0.0)
        return surplus

    @property
    def misses(self) -> NDArray[np.float64]:
        """Expected entities that are not predicted, (n,)."""
        lacking: NDArray[np.float64] = np.maximum(self.entities.sum(axis=1) - self.expected_correct, 0.0)
        return lacking

    @property
    def errors(self) -> NDArray[np.float64]:
        """Expected span errors, false positives and misses, (n,)."""
        return self.false_positives + self.misses

    def f1(self) -> float:
        """The micro F1 of the best sequences that the model itself expects; it needs no labels.

        2 Σ expected_correct / (Σ predicted + Σ entities): the ratio of expectations, close to the expected
        ratio for many texts. It is only as good as the model's calibration. 1 when nothing is predicted or
        expected.
        """
        relevant = float(self.predicted.sum() + self.entities.sum())
        return min(1.0, 2.0 * float(self.expected_correct.sum()) / relevant) if relevant > 0 else 1.0

    def __len__(self) -> int:
        return len(self.n_words)

    def __getitem__(self, rows: NDArray[Any] | Sequence[int] | slice) -> Self:
        """The given texts, as numpy selects rows."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def join(cls, blocks: Sequence[Self]) -> Self:
        """The texts of all blocks, one after the other.

        Raises:
            ValueError: blocks with texts have different numbers of types.
        """
        filled = [block for block in blocks if len(block)] or list(blocks[:1])
        if not filled:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 0)))
        n_types = sorted({block.entities.shape[1] for block in filled})
        if len(n_types) != 1:
            raise ValueError(f"Expected blocks with one number of types, was: {n_types}")
        return cls(*(np.concatenate([getattr(each, field.name) for each in filled]) for field in fields(cls)))


def expected_counts(log_probs: Sequence[NDArray[Any]]) -> Expectation:
    """The expected counts of each of n texts, from its word log-probabilities (n_i, K).

    A row does not depend on the other texts, so a large pool may be processed in blocks and joined.

    Raises:
        ValueError: different numbers of tags, or NaN or +∞ among the log-probabilities.
    """
    n_tags = log_probs[0].shape[-1] if len(log_probs) else 1
    n_words = np.array([len(text) for text in log_probs], dtype=np.int64)
    predicted, correct = np.zeros(len(log_probs), np.int64), np.zeros(len(log_probs))
    entities = np.zeros((len(log_probs), (n_tags - 1) // 2))
    for batch in length_batches(n_words.tolist(), n_tags):
        predicted[batch], correct[batch], entities[batch] = batch_counts(*pad([log_probs[i] for i in batch]))
    return Expectation(n_words, predicted, correct, entities)


def batch_counts(
    log_probs: NDArray[Any], lengths: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """``predicted`` (B,), ``expected_correct`` (B,) and ``entities`` (B, L) of a batch (B, T, K)."""
    sums = forward_backward(log_probs, lengths)
    spans = spans_of(viterbi(log_probs, lengths)[0])
    correct = np.array([pi.sum() for pi in sums.span_probability(spans)], dtype=np.float64)
    predicted = np.array([len(of_text) for of_text in spans], dtype=np.int64)
    return predicted, correct, sums.posterior().start.sum(axis=1)
