"""The scores of many texts of any length."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import length_batches, pad
from wapaganda.uncertainty.registry import AUTO, Measure, find_measure


def score(
    log_probs: Sequence[NDArray[Any]],
    measure: str = AUTO,
    committee: Sequence[NDArray[Any]] | None = None,
) -> NDArray[np.float64]:
    """The score of each text, (n,), from its word log-probabilities (n_i, K); a text without words scores 0.

    A score does not depend on the other texts, so a large pool may be scored in blocks. A measure of a
    committee ignores ``log_probs`` and takes ``committee``, the log-probabilities of S models (S, n_i, K).

    Raises:
        InputError: an unknown measure.
        ValueError: a measure of a committee without ``committee``, different numbers of models or tags, or
            NaN or +∞ among the log-probabilities.
    """
    found = find_measure(measure)
    if found.committee:
        if committee is None:
            raise ValueError(f"Expected the predictions of a committee for {found.name}, was: one model's")
        return _score_committee(committee, found)
    scores = np.zeros(len(log_probs))
    n_tags = log_probs[0].shape[-1] if len(log_probs) else 1
    for batch in length_batches([len(text) for text in log_probs], n_tags):
        scores[batch] = found(*pad([log_probs[i] for i in batch]))
    return scores


def _score_committee(texts: Sequence[NDArray[Any]], measure: Measure) -> NDArray[np.float64]:
    shapes = {(text.shape[0], *text.shape[2:]) for text in texts}
    if len(shapes) > 1 or any(len(shape) != 2 or not shape[0] for shape in shapes):
        raise ValueError(f"Expected texts of the shape (models, words, tags), was: {sorted(shapes)}")
    scores = np.zeros(len(texts))
    n_models, n_tags = next(iter(shapes), (1, 1))
    for batch in length_batches([text.shape[1] for text in texts], n_models * n_tags):
        by_word = [texts[i].transpose(1, 0, 2).reshape(-1, n_models * n_tags) for i in batch]
        padded, lengths = pad(by_word)
        predictions = padded.reshape(*padded.shape[:2], n_models, n_tags).transpose(2, 0, 1, 3)
        scores[batch] = measure(predictions, lengths)
    return scores
