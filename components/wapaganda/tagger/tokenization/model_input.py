"""From texts to the windows that a model reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.tagger.tokenization.casing import word_casing
from wapaganda.tagger.tokenization.windows import EncodedText, Window
from wapaganda.tagger.tokenization.word_pieces import Tokenization


@dataclass(frozen=True, eq=False, slots=True)
class ModelInput:
    """One window, ready for the model.

    ``text``: the number of its text in the call. ``ids`` and ``token_type_ids``: shape (length,), special
    tokens included. ``[core_start, core_end)``: the words whose tags are taken from this window.
    ``positions``: the place in ``ids`` of the first piece of each core word, shape (core_end - core_start,).
    """

    text: int
    ids: NDArray[np.int64]
    token_type_ids: NDArray[np.int64]
    core_start: int
    core_end: int
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def model_inputs(
    texts: Sequence[str], encoded: Sequence[EncodedText], tokenization: Tokenization, *, casing: bool
) -> list[ModelInput]:
    """The windows of all texts, text by text. Each word of a text is a core word of exactly one window."""
    inputs = []
    for number, (text, pieces) in enumerate(zip(texts, encoded, strict=True)):
        types = _casing_types(text, pieces) if casing else np.zeros(len(pieces.pieces), dtype=np.int64)
        inputs += [_input(number, pieces, types, at, tokenization) for at in tokenization.windows(pieces)]
    return inputs


def _casing_types(text: str, encoded: EncodedText) -> NDArray[np.int64]:
    """The casing of each piece's word, (n_pieces,)."""
    per_word = np.diff(encoded.first_piece, append=len(encoded.pieces))
    return np.repeat(word_casing(text, encoded.words), per_word)


def _input(
    number: int, encoded: EncodedText, types: NDArray[np.int64], window: Window, tokenization: Tokenization
) -> ModelInput:
    prefix, suffix = tokenization.prefix, tokenization.suffix
    pieces = slice(window.piece_start, window.piece_end)
    core = encoded.first_piece[window.core_start : window.core_end].astype(np.int64)
    return ModelInput(
        text=number,
        ids=np.concatenate([prefix, encoded.pieces[pieces], suffix]).astype(np.int64),
        token_type_ids=np.pad(types[pieces], (len(prefix), len(suffix))),
        core_start=window.core_start,
        core_end=window.core_end,
        positions=core - window.piece_start + len(prefix),
    )
