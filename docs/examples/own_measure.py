"""Register an uncertainty measure of your own and use it like a built-in one.

python docs/examples/own_measure.py
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import posterior
from wapaganda.uncertainty import measure, score


@measure("outside_doubt")
def outside_doubt(log_probs: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """How close the model is to "entity or not?" at the word where it is closest."""
    entity = 1.0 - posterior(log_probs, lengths).tag[:, :, 0]
    is_word = np.arange(log_probs.shape[1])[None, :] < lengths[:, None]
    doubt = np.where(is_word, 1.0 - np.abs(2.0 * entity - 1.0), 0.0)
    return np.clip(doubt.max(axis=1, initial=0.0), 0.0, 1.0)


# Two texts of two words, tags O, B-PER, I-PER: the first is certain, the second is not.
certain = np.log([[0.98, 0.01, 0.01], [0.98, 0.01, 0.01]])
uncertain = np.log([[0.55, 0.40, 0.05], [0.98, 0.01, 0.01]])
print(score([certain, uncertain], "outside_doubt").round(2))
