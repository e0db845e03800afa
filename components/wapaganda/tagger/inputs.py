"""From texts to the windows that a model reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import EncodedText, PieceEncoder, Window
from wapaganda.tagger.shapes import word_shapes


@dataclass(frozen=True, eq=False, slots=True)
class ModelInput:
    """One window, ready for the model.

    ``text``: the number of its text in the call. ``ids`` and ``kinds`` (token types): shape (length,),
    special tokens included. ``[own_start, own_end)``: the words it answers for; ``positions``: where in
    ``ids`` the first piece of each of them stands, shape (own_end - own_start,).
    """

    text: int
    ids: NDArray[np.int64]
    kinds: NDArray[np.int64]
    own_start: int
    own_end: int
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def model_inputs(
    texts: Sequence[str], encoded: Sequence[EncodedText], encoder: PieceEncoder, *, shapes: bool
) -> list[ModelInput]:
    """The windows of all texts, text by text; each word of a text is own to exactly one of its windows."""
    inputs = []
    for number, (text, pieces) in enumerate(zip(texts, encoded, strict=True)):
        kinds = _piece_kinds(text, pieces) if shapes else np.zeros(len(pieces.pieces), dtype=np.int64)
        inputs += [_input(number, pieces, kinds, window, encoder) for window in encoder.windows(pieces)]
    return inputs


def _piece_kinds(text: str, encoded: EncodedText) -> NDArray[np.int64]:
    per_word = np.diff(encoded.first_piece, append=len(encoded.pieces))
    return np.repeat(word_shapes(text, encoded.words), per_word)


def _input(
    number: int, encoded: EncodedText, kinds: NDArray[np.int64], window: Window, encoder: PieceEncoder
) -> ModelInput:
    before, after = len(encoder.prefix), len(encoder.suffix)
    pieces = slice(window.piece_start, window.piece_end)
    own = encoded.first_piece[window.own_start : window.own_end].astype(np.int64)
    return ModelInput(
        text=number,
        ids=np.concatenate([encoder.prefix, encoded.pieces[pieces], encoder.suffix]).astype(np.int64),
        kinds=np.pad(kinds[pieces], (before, after)),
        own_start=window.own_start,
        own_end=window.own_end,
        positions=own - window.piece_start + before,
    )
