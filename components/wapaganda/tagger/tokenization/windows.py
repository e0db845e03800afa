"""Overlapping windows over a long text; each word is a core word of exactly one window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.tagger.portable import windows_of


@dataclass(frozen=True, eq=False, slots=True)
class EncodedText:
    """A text as word pieces, special tokens not included.

    ``words``: the words that the tokenizer sees, as code-point offsets, shape (n_words, 2). ``pieces``: token
    ids, shape (n_pieces,). ``first_piece``: the index in ``pieces`` of each word's first piece, shape
    (n_words,). ``n_unseen``: the number of words without a piece. ``n_cut``: the number of words with more
    pieces than a window holds; they are cut to the first pieces.
    """

    words: NDArray[np.int32]
    pieces: NDArray[np.int32]
    first_piece: NDArray[np.int32]
    n_unseen: int = 0
    n_cut: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of whole words that the model reads in one pass.

    ``[core_start, core_end)`` are the core words: their tags are taken from this window.
    """

    piece_start: int
    piece_end: int
    word_start: int
    word_end: int
    core_start: int
    core_end: int


def windows(encoded: EncodedText, capacity: int, overlap: int) -> list[Window]:
    """Windows of at most ``capacity`` pieces, special tokens not counted; neighbours share up to ``overlap``.

    The core ranges partition the words: a shared word belongs to the window where it is farther from the cut.
    The last window is filled up to the left and may share more. A text that fits is one window. A text
    without words has none.

    Raises:
        ValueError: a word has more pieces than ``capacity``, or ``overlap`` is not in [0, capacity).
    """
    if not 0 <= overlap < capacity:
        raise ValueError(f"Expected an overlap from 0 to below the capacity {capacity}, was: {overlap}")
    bounds = np.append(encoded.first_piece, len(encoded.pieces))
    if len(bounds) == 1:
        return []
    if np.diff(bounds).max() > capacity:
        raise ValueError(f"Expected words of at most {capacity} pieces, was: {np.diff(bounds).max()}")
    ranges = windows_of(bounds, capacity, overlap)
    return [
        Window(int(bounds[start]), int(bounds[end]), start, end, first, last)
        for (start, end), (first, last) in ranges
    ]
