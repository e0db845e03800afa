"""Split texts into word pieces, word by word, with any fast tokenizer."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import InputError
from wapaganda.ner import word_parts
from wapaganda.tagger.portable import spaced_and_glued
from wapaganda.tagger.tokenization.turns import TURN_WORDS, at_once
from wapaganda.tagger.tokenization.windows import EncodedText, Window, windows

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

_CACHED_WORDS = 200_000
_Pieces = tuple[int, ...]
_Number = TypeVar("_Number", np.int32, np.int64)


class Tokenization:
    """Splits texts into word pieces with any fast tokenizer, each word of ``word_offsets`` separately.

    A word after a space gets the tokenizer's space mark (``Ġ``, ``▁``). A word attached to another does not.
    At the start of a text the tokenizer's own rule holds. Words without a piece (private-use characters
    for BERT, for example) are left out and counted.

    Attributes: ``max_pieces`` of a window, special tokens included; ``capacity``, the same without them;
    ``overlap`` of neighbouring windows, in pieces; ``prefix`` and ``suffix``, the special token ids around a
    text; ``pad_id``.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, max_pieces: int = 512, overlap: int = 128) -> None:
        backend: Tokenizer | None = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise InputError(f"Expected a fast tokenizer (tokenizer.json), was: {type(tokenizer).__name__}")
        self._spaced, self._glued = spaced_and_glued(backend)
        self._start_is_spaced = _starts_spaced(backend, self._spaced)
        self._cache: dict[str, _Pieces] = {}
        self.prefix, self.suffix = _special_ids(self._spaced)
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self.max_pieces = max_pieces
        self.capacity = max_pieces - len(self.prefix) - len(self.suffix)
        self.overlap = overlap
        if not 0 <= overlap < self.capacity:
            raise ValueError(f"Expected an overlap from 0 to below {self.capacity} pieces, was: {overlap}")

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """The texts as word pieces, in the same order. A word that several texts share is tokenized once."""
        return at_once(self.encode_in_turns(texts))

    def encode_in_turns(self, texts: Sequence[str]) -> Generator[float, None, list[EncodedText]]:
        """As ``encode``, in turns of some 10,000 words. Yields 0.0, the share that the model has read."""
        index: dict[str, int] = {}
        offsets, rows, n_words = [], [], 0
        for text in texts:
            parts, numbers = [], []
            before = -1 if self._start_is_spaced else 0
            for words in word_parts(text, TURN_WORDS):
                keys = self._keys(text, words, before)
                numbers.append(np.array([index.setdefault(key, len(index)) for key in keys], dtype=np.int64))
                parts.append(words)
                before, n_words = int(words[-1, 1]) if len(words) else before, n_words + len(words)
                if n_words >= TURN_WORDS:
                    n_words = 0
                    yield 0.0
            offsets.append(_joined(parts))
            rows.append(_joined(numbers))
        table = _PieceTable((yield from self._look_up(list(index))), self.capacity)
        return [table.assemble(words, row) for words, row in zip(offsets, rows, strict=True)]

    def windows(self, encoded: EncodedText) -> list[Window]:
        """The windows of a text at the ``capacity`` and ``overlap``."""
        return windows(encoded, self.capacity, self.overlap)

    def _keys(self, text: str, words: NDArray[np.int32], before: int) -> list[str]:
        """The words as strings, with a space before those that get the space mark: no word holds a space.
        ``before``: where the word before them ends."""
        pairs = words.tolist()
        if self._spaced is self._glued:
            return [text[start:end] for start, end in pairs]
        keys = []
        for start, end in pairs:
            keys.append(text[start:end] if start == before else " " + text[start:end])
            before = end
        return keys

    def _look_up(self, keys: list[str]) -> Generator[float, None, list[_Pieces]]:
        """The pieces of each key, at most one more than a window holds; in turns."""
        known = [self._cache.get(key) for key in keys]
        missing = [key for key, pieces in zip(keys, known, strict=True) if pieces is None]
        if not missing:
            return [pieces for pieces in known if pieces is not None]
        if len(self._cache) + len(missing) > _CACHED_WORDS:
            self._cache = {}
        new: list[_Pieces] = []
        for start in range(0, len(missing), TURN_WORDS):
            if start:
                yield 0.0
            new += self._tokenize(missing[start : start + TURN_WORDS])
        found = iter(new)
        filled = [next(found) if pieces is None else pieces for pieces in known]
        self._cache.update(zip(keys[:_CACHED_WORDS], filled, strict=False))
        return filled

    def _tokenize(self, keys: list[str]) -> Iterable[_Pieces]:
        words = [key.removeprefix(" ") for key in keys]
        glued = self._glued.encode_batch_fast(words, add_special_tokens=False)
        if self._spaced is self._glued:
            return [tuple(word.ids[: self.capacity + 1]) for word in glued]
        spaced = self._spaced.encode_batch_fast(words, add_special_tokens=False)
        # A word that has no pieces when attached is not seen, even if the space mark alone remains of it.
        return [
            tuple((after.ids if key[0] == " " else word.ids)[: self.capacity + 1]) if word.ids else ()
            for key, word, after in zip(keys, glued, spaced, strict=True)
        ]


class _PieceTable:
    """The pieces of distinct words in one flat array, from which texts are assembled without loops."""

    def __init__(self, pieces: list[_Pieces], capacity: int) -> None:
        self._flat = np.fromiter(chain.from_iterable(pieces), dtype=np.int32)
        stored = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
        self._starts = np.cumsum(stored) - stored
        self._lengths = np.minimum(stored, capacity)
        self._cut = stored > capacity

    def assemble(self, words: NDArray[np.int32], row: NDArray[np.int64]) -> EncodedText:
        seen = self._lengths[row] > 0
        row = row[seen]
        lengths = self._lengths[row]
        first = np.cumsum(lengths) - lengths
        picks = np.arange(lengths.sum()) + np.repeat(self._starts[row] - first, lengths)
        return EncodedText(
            words=words[seen],
            pieces=self._flat[picks],
            first_piece=first.astype(np.int32),
            n_unseen=int(len(seen) - seen.sum()),
            n_cut=int(self._cut[row].sum()),
        )


def _joined(parts: list[NDArray[_Number]]) -> NDArray[_Number]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _starts_spaced(tokenizer: Tokenizer, spaced: Tokenizer) -> bool:
    """Whether the unchanged tokenizer reads the first word of a text as one after a space."""
    own = tokenizer.encode("a", add_special_tokens=False)
    ids = spaced.encode("a", add_special_tokens=False).ids
    return bool(own.ids[: len(ids)] == ids)


def _special_ids(tokenizer: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The special ids that the tokenizer's own template puts before and after a text."""
    bare = tokenizer.encode("a", add_special_tokens=False).ids
    full = tokenizer.encode("a").ids
    for at in range(len(full) - len(bare) + 1):
        if bare and full[at : at + len(bare)] == bare:
            return tuple(full[:at]), tuple(full[at + len(bare) :])
    raise InputError(f"Expected a tokenizer that puts special tokens around a text, was: {full} for {bare}")
