"""Pad texts of unequal length to one array, and prepare it for the recursions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOOR = -1e4
"""Lower log-probabilities are raised to this one.

``exp(FLOOR)`` is 0 in double precision, so no probability changes. But a text whose valid sequences all have
probability 0 still has a best one, and no sum becomes −∞ − (−∞).
"""


_SIMILAR = 0.7  # of the longest text of a batch
_ENOUGH = 32


@dataclass(frozen=True, slots=True)
class Emissions:
    """Log-probabilities by kind of tag, time first, float64.

    ``outside`` has the shape (T, B), ``begin`` and ``inside`` (T, B, L). Padding is ``O`` with probability 1,
    which changes neither a sum nor a maximum over sequences.
    """

    outside: NDArray[np.float64]
    begin: NDArray[np.float64]
    inside: NDArray[np.float64]


def pad(sequences: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Stack arrays of shape (n_i, K) into one of shape (B, T, K), padded with zeros, and the lengths (B,).

    An empty list gives the shapes (0, 0, 1) and (0,).

    Raises:
        ValueError: the arrays are not all two-dimensional with the same K.
    """
    if not sequences:
        return np.zeros((0, 0, 1)), np.zeros(0, dtype=np.int64)
    shapes = {array.shape[1:] for array in sequences}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise ValueError(
            f"Expected arrays of shape (words, tags) with one number of tags, was: {sorted(shapes)}"
        )
    lengths = np.array([len(array) for array in sequences], dtype=np.int64)
    padded = np.zeros(
        (len(sequences), int(lengths.max()), sequences[0].shape[1]), dtype=np.result_type(*sequences)
    )
    for row, array in zip(padded, sequences, strict=True):
        row[: len(array)] = array
    return padded, lengths


def merged_into_outside(log_probs: NDArray[Any], types: Sequence[int]) -> NDArray[Any]:
    """Log-probabilities (n, K) in which ``O`` also stands for the tags of these type numbers.

    For labels that cannot say these types: where nothing is marked, there may be an entity of one of them.
    Their own tags get ``FLOOR``.
    """
    columns = [column for number in types for column in (1 + 2 * number, 2 + 2 * number)]
    merged = log_probs.copy()
    merged[:, 0] = np.logaddexp.reduce(log_probs[:, [0, *columns]], axis=1)
    merged[:, columns] = FLOOR
    return merged


def length_batches(
    lengths: Sequence[int], n_tags: int, max_cells: int = 200_000
) -> Iterator[NDArray[np.int64]]:
    """Yield indices of texts of similar length, each padded batch of at most ``max_cells`` numbers.

    A larger text is its own batch. A text much shorter than the longest of its batch starts another one, so
    that little is padding, but not before a batch has enough texts to pay for its steps. Every index occurs
    once; long texts come first.
    """
    order = np.argsort(np.asarray(lengths, dtype=np.int64), kind="stable")[::-1]
    sorted_lengths = np.asarray(lengths, dtype=np.int64)[order]
    start = 0
    while start < len(order):
        longest = int(sorted_lengths[start])
        most = start + max(1, max_cells // max(1, longest * n_tags))
        similar = int(np.searchsorted(-sorted_lengths, -_SIMILAR * longest, side="right"))
        end = min(most, max(similar, start + _ENOUGH))
        yield order[start:end]
        start = end


def as_emissions(log_probs: NDArray[Any], lengths: NDArray[Any]) -> Emissions:
    """Check ``log_probs`` (B, T, K) and ``lengths`` (B,), overwrite the padding and split the tags by kind.

    Raises:
        ValueError: shapes that do not fit, an even K, a length beyond T, or NaN or +∞ within a text.
    """
    _check_shapes(log_probs, lengths)
    by_time = np.array(log_probs.transpose(1, 0, 2), dtype=np.float64, order="C")
    padding = np.arange(by_time.shape[0])[:, None] >= lengths[None, :]
    by_time[padding] = FLOOR
    by_time[padding, 0] = 0.0
    if not (by_time < np.inf).all():  # False for NaN, too
        raise ValueError("Expected log-probabilities, was: an array with NaN or +inf within a text")
    np.maximum(by_time, FLOOR, out=by_time)
    return Emissions(by_time[:, :, 0].copy(), by_time[:, :, 1::2].copy(), by_time[:, :, 2::2].copy())


def _check_shapes(log_probs: NDArray[Any], lengths: NDArray[Any]) -> None:
    if log_probs.ndim != 3 or log_probs.shape[2] % 2 == 0:
        raise ValueError(f"Expected log-probabilities of shape (B, T, 1 + 2L), was: {log_probs.shape}")
    if lengths.shape != log_probs.shape[:1]:
        raise ValueError(
            f"Expected one length for each of {len(log_probs)} texts, was: shape {lengths.shape}"
        )
    if len(lengths) and not (lengths.min() >= 0 and lengths.max() <= log_probs.shape[1]):
        raise ValueError(
            f"Expected lengths from 0 to {log_probs.shape[1]}, was: {lengths.min()} to {lengths.max()}"
        )
