"""Texts as sets of hashed character 5-grams."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH = 5
"""Characters in a shingle."""

_FACTORS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F],
    dtype=np.uint64,
)
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Shingles:
    """The distinct shingles of n texts: those of text i are ``hashes[bounds[i]:bounds[i + 1]]``, ascending.

    ``hashes`` is uint32, ``bounds`` (n + 1,) int64. Every text has at least one shingle.
    """

    hashes: NDArray[np.uint32]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, text: int) -> NDArray[np.uint32]:
        return self.hashes[self.bounds[text] : self.bounds[text + 1]]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of shingles by text, (n,)."""
        return np.diff(self.bounds)


def normalise(text: str) -> str:
    """The text without differences that make it no other text to annotate: NFKC, case, white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def shingles(normalised: Sequence[str]) -> Shingles:
    """The shingle sets of normalised texts, worked out about a million characters at a time."""
    hashes: list[NDArray[np.uint32]] = []
    sizes: list[NDArray[np.int64]] = []
    start = 0
    while start < len(normalised):
        stop, characters = start, 0
        while stop < len(normalised) and (stop == start or characters < _BLOCK):
            characters += len(normalised[stop])
            stop += 1
        block_hashes, block_sizes = _of_block(normalised[start:stop])
        hashes.append(block_hashes)
        sizes.append(block_sizes)
        start = stop
    bounds = np.concatenate([[0], *sizes]).cumsum(dtype=np.int64)
    return Shingles(np.concatenate(hashes) if hashes else np.zeros(0, dtype=np.uint32), bounds)


def _of_block(normalised: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Distinct hashes by text, and how many each text has; texts shorter than a shingle are made one long."""
    long_enough = [text.ljust(WIDTH, "\0") for text in normalised]
    encoded = "".join(long_enough).encode("utf-32-le", errors="surrogatepass")
    characters = np.frombuffer(encoded, dtype=np.uint32).astype(np.uint64)
    lengths = np.array([len(text) for text in long_enough], dtype=np.int64)
    windows = np.zeros(len(characters) - WIDTH + 1, dtype=np.uint64)
    for shift, factor in enumerate(_FACTORS):
        windows += characters[shift : shift + len(windows)] * factor
    owner = np.repeat(np.arange(len(lengths)), lengths)[: len(windows)]
    is_within = owner == np.repeat(np.arange(len(lengths)), lengths)[WIDTH - 1 :]
    windows, owner = windows[is_within], owner[is_within]
    windows ^= windows >> np.uint64(29)
    windows *= np.uint64(0xBF58476D1CE4E5B9)
    keyed = np.unique((owner.astype(np.uint64) << np.uint64(32)) | (windows >> np.uint64(32)))
    sizes = np.bincount((keyed >> np.uint64(32)).astype(np.int64), minlength=len(lengths))
    return keyed.astype(np.uint32), sizes.astype(np.int64)
