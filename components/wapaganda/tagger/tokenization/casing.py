"""The letter case of words, for encoders whose tokenizer removes it."""

import numpy as np
from numpy.typing import NDArray

from wapaganda.tagger.portable import letter_case

N_CASINGS = 4


def word_casing(text: str, words: NDArray[np.int32]) -> NDArray[np.int64]:
    """The case of every word: 0 no capital, 1 only the first letter, 2 all letters, 3 otherwise mixed.

    For an uncased tokenizer "Apple" and "apple" are equal. The model gets the case as token types, which
    have no other use for a single text. Shapes: words (n_words, 2), result (n_words,).
    """
    return np.array([letter_case(text[start:end]) for start, end in words.tolist()], dtype=np.int64)
