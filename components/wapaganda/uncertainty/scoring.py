"""The scores of many texts of any length."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import length_batches, pad
from wapaganda.uncertainty.registry import AUTO, find_measure


def score(log_probs: Sequence[NDArray[Any]], measure: str = AUTO) -> NDArray[np.float64]:
    """The score of each text, (n,), from its word log-probabilities (n_i, K); a text without words scores 0.

    A score does not depend on the other texts, so a large pool may be scored in blocks.

    Raises:
        InputError: an unknown measure.
        ValueError: different numbers of tags, or NaN or +∞ among the log-probabilities.
    """
    found = find_measure(measure)
    scores = np.zeros(len(log_probs))
    n_tags = log_probs[0].shape[-1] if len(log_probs) else 1
    for batch in length_batches([len(text) for text in log_probs], n_tags):
        scores[batch] = found(*pad([log_probs[i] for i in batch]))
    return scores
