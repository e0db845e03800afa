"""The result of tagging one text."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Span


@dataclass(frozen=True, eq=False, slots=True)
class TaggedText:
    """A tagged text.

    ``words``: code-point offsets of the words that the model sees, shape (n_words, 2). ``log_probs``:
    log-probability of every tag, shape (n_words, 1 + 2L), in the order of ``LabelSchema.tags``. ``spans``:
    the entities of the most probable valid tag sequence, each with its confidence as ``score``.
    ``embedding``: the mean of the words' hidden states, weighted by their probability of being in an entity,
    shape (hidden,), zeros for a text without words.
    """

    words: NDArray[np.int32]
    log_probs: NDArray[np.float32]
    spans: tuple[Span, ...]
    embedding: NDArray[np.float32]
