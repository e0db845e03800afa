"""The letter case of words, for encoders whose tokenizer removes it."""

import numpy as np
from numpy.typing import NDArray

N_CASINGS = 4


def word_casing(text: str, words: NDArray[np.int32]) -> NDArray[np.int64]:
    """The case of every word: 0 no capital, 1 only the first letter, 2 all letters, 3 otherwise mixed.

    For an uncased tokenizer "Apple" and "apple" are equal. The model gets the case as token types, which
    have no other use for a single text. Shapes: words (n_words, 2), result (n_words,).
    """
    return np.array([_casing(text[start:end]) for start, end in words.tolist()], dtype=np.int64)


def _casing(word: str) -> int:
    if word == word.lower():
        return 0
    if word[1:] == word[1:].lower():
        return 1
    return 2 if word == word.upper() else 3
