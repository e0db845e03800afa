"""Texts to word pieces, word by word, so that every word knows its pieces whatever the tokenizer is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner.openings import opening_and_glued
from wapaganda.ner.windows import EncodedText, Window, windows
from wapaganda.ner.words import word_offsets

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

_CACHED_WORDS = 200_000
_Pieces = tuple[int, ...]


class PieceEncoder:
    """Encodes texts with any fast tokenizer, each word of ``word_offsets`` on its own.

    A word after a blank is read as such (``Ġ``, ``▁``), a word glued to another without that mark; at the
    very start of a text the tokenizer's own rule holds. Words without a piece (private-use characters for
    BERT, say) are left out and counted.

    Attributes: ``max_pieces`` of a window, special tokens included; ``capacity``, the same without them;
    ``overlap`` of neighbouring windows, in pieces; ``prefix`` and ``suffix``, the special token ids around a
    text; ``pad_id``.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, max_pieces: int = 512, overlap: int = 128) -> None:
        backend: Tokenizer | None = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ValueError(f"Expected a fast tokenizer (tokenizer.json), was: {type(tokenizer).__name__}")
        self._opening, self._glued = opening_and_glued(backend)
        self._start_is_opening = _starts_opening(backend, self._opening)
        self._cache: dict[str, _Pieces] = {}
        self.prefix, self.suffix = _special_ids(self._opening)
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self.max_pieces = max_pieces
        self.capacity = max_pieces - len(self.prefix) - len(self.suffix)
        self.overlap = overlap
        if not 0 <= overlap < self.capacity:
            raise ValueError(f"Expected an overlap from 0 to below {self.capacity} pieces, was: {overlap}")

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """The texts as word pieces, in the same order; a word that several texts share is tokenised once."""
        offsets = [word_offsets(text) for text in texts]
        index: dict[str, int] = {}
        rows = [
            np.array([index.setdefault(key, len(index)) for key in self._keys(text, words)], dtype=np.int64)
            for text, words in zip(texts, offsets, strict=True)
        ]
        table = _PieceTable(self._look_up(list(index)), self.capacity)
        return [table.assemble(words, row) for words, row in zip(offsets, rows, strict=True)]

    def windows(self, encoded: EncodedText) -> list[Window]:
        """The windows of a text at this encoder's ``capacity`` and ``overlap``."""
        return windows(encoded, self.capacity, self.overlap)

    def _keys(self, text: str, words: NDArray[np.int32]) -> list[str]:
        """The words as strings, a blank before those that are read as opening: no word holds one itself."""
        pairs = words.tolist()
        if self._opening is self._glued:
            return [text[start:end] for start, end in pairs]
        before = 0 if not self._start_is_opening else -1
        keys = []
        for start, end in pairs:
            keys.append(text[start:end] if start == before else " " + text[start:end])
            before = end
        return keys

    def _look_up(self, keys: list[str]) -> list[_Pieces]:
        """The pieces of each key, at most one more than a window holds."""
        known = [self._cache.get(key) for key in keys]
        missing = [key for key, pieces in zip(keys, known, strict=True) if pieces is None]
        if not missing:
            return [pieces for pieces in known if pieces is not None]
        if len(self._cache) + len(missing) > _CACHED_WORDS:
            self._cache = {}
        found = iter(self._tokenise(missing))
        filled = [next(found) if pieces is None else pieces for pieces in known]
        self._cache.update(zip(keys[:_CACHED_WORDS], filled, strict=False))
        return filled

    def _tokenise(self, keys: list[str]) -> Iterable[_Pieces]:
        words = [key.removeprefix(" ") for key in keys]
        glued = self._glued.encode_batch_fast(words, add_special_tokens=False)
        if self._opening is self._glued:
            return [tuple(word.ids[: self.capacity + 1]) for word in glued]
        opening = self._opening.encode_batch_fast(words, add_special_tokens=False)
        # What has no piece when glued is not seen, even if an opening mark would still be written for it.
        return [
            tuple((after.ids if key[0] == " " else word.ids)[: self.capacity + 1]) if word.ids else ()
            for key, word, after in zip(keys, glued, opening, strict=True)
        ]


class _PieceTable:
    """The pieces of distinct words in one flat array, from which texts are put together without loops."""

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


def _starts_opening(tokenizer: Tokenizer, opening: Tokenizer) -> bool:
    """Whether the tokenizer, left as it is, reads the first word of a text as if a blank stood before it."""
    own = tokenizer.encode("a", add_special_tokens=False)
    ids = opening.encode("a", add_special_tokens=False).ids
    return bool(own.ids[: len(ids)] == ids)


def _special_ids(tokenizer: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The special ids that the tokenizer's own template puts before and after a text."""
    bare = tokenizer.encode("a", add_special_tokens=False).ids
    full = tokenizer.encode("a").ids
    for at in range(len(full) - len(bare) + 1):
        if bare and full[at : at + len(bare)] == bare:
            return tuple(full[:at]), tuple(full[at + len(bare) :])
    raise ValueError(f"Expected a tokenizer that puts special tokens around a text, was: {full} for {bare}")
