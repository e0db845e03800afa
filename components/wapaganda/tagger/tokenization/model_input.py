"""From texts to the windows that a model reads."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.tagger.tokenization.casing import word_casing
from wapaganda.tagger.tokenization.turns import TURN_WORDS, at_once
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
    return at_once(model_inputs_in_turns(texts, encoded, tokenization, casing=casing))


def model_inputs_in_turns(
    texts: Sequence[str], encoded: Sequence[EncodedText], tokenization: Tokenization, *, casing: bool
) -> Generator[float, None, list[ModelInput]]:
    """As ``model_inputs``, in turns of some 10,000 words. Yields 0.0, the share that the model has read."""
    inputs, n_words = [], 0
    for number, (text, pieces) in enumerate(zip(texts, encoded, strict=True)):
        for window in tokenization.windows(pieces):
            types = _casing_types(text, pieces, window) if casing else None
            inputs.append(_input(number, pieces, types, window, tokenization))
            n_words += window.core_end - window.core_start
            if n_words >= TURN_WORDS:
                n_words = 0
                yield 0.0
    return inputs


def _casing_types(text: str, encoded: EncodedText, window: Window) -> NDArray[np.int64]:
    """The casing of the word of each piece of a window, (n_pieces,)."""
    words = slice(window.word_start, window.word_end)
    per_word = np.diff(encoded.first_piece[words], append=window.piece_end)
    return np.repeat(word_casing(text, encoded.words[words]), per_word)


def _input(
    number: int,
    encoded: EncodedText,
    types: NDArray[np.int64] | None,
    window: Window,
    tokenization: Tokenization,
) -> ModelInput:
    prefix, suffix = tokenization.prefix, tokenization.suffix
    pieces = slice(window.piece_start, window.piece_end)
    core = encoded.first_piece[window.core_start : window.core_end].astype(np.int64)
    return ModelInput(
        text=number,
        ids=np.concatenate([prefix, encoded.pieces[pieces], suffix]).astype(np.int64),
        token_type_ids=np.pad(
            np.zeros(window.piece_end - window.piece_start, dtype=np.int64) if types is None else types,
            (len(prefix), len(suffix)),
        ),
        core_start=window.core_start,
        core_end=window.core_end,
        positions=core - window.piece_start + len(prefix),
    )
