"""The measures by name, and the score of many texts of any length."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import length_batches, pad
from wapaganda.uncertainty.counts import entropy_sum, expected_errors, tag_count
from wapaganda.uncertainty.disagreement import DISAGREEMENT, FLUCTUATION, score_samples
from wapaganda.uncertainty.parts import split
from wapaganda.uncertainty.sequences import least_confidence, mnlp
from wapaganda.uncertainty.words import boundary, entropy_max, entropy_mean, ltp, margin

Measure = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]]
"""Log-probabilities (B, T, K) and lengths (B,) to scores (B,): 0 = sure, 1 = the measure's largest value."""

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "least_confidence": least_confidence,
        "mnlp": mnlp,
        "ltp": ltp,
        "margin": margin,
        "entropy_max": entropy_max,
        "entropy_mean": entropy_mean,
        "entropy_sum": entropy_sum,
        "boundary": boundary,
        "split": split,
        "expected_errors": expected_errors,
        "tag_count": tag_count,
    }
)

MEASURE_NAMES = (*MEASURES, *DISAGREEMENT, FLUCTUATION)
"""All that the loop can go by, those too that need more than one reading."""

DEFAULT_MEASURE = "boundary"


def score(
    log_probs: Sequence[NDArray[Any]],
    measure: str = DEFAULT_MEASURE,
    samples: Sequence[NDArray[Any]] | None = None,
) -> NDArray[np.float64]:
    """The score of each text, (n,), from its word log-probabilities (n_i, K); a text without words scores 0.

    A score does not depend on the other texts, so a large pool may as well be scored in parts. The measures
    of disagreement go by ``samples`` instead, several readings of each text (S, n_i, K).

    Raises:
        ValueError: an unknown measure, one that lacks its samples, different numbers of tags, or NaN or +∞
            among the log-probabilities.
    """
    if measure in DISAGREEMENT:
        if samples is None:
            raise ValueError(f"Expected several readings of each text to compare by {measure}, was: one")
        return score_samples(samples, measure)
    if measure not in MEASURES:
        known = ", ".join((*MEASURES, *DISAGREEMENT))
        raise ValueError(f"Expected a measure among {known}, was: {measure!r}")
    scores = np.zeros(len(log_probs))
    n_tags = log_probs[0].shape[-1] if len(log_probs) else 1
    for batch in length_batches([len(text) for text in log_probs], n_tags):
        scores[batch] = MEASURES[measure](*pad([log_probs[i] for i in batch]))
    return scores
