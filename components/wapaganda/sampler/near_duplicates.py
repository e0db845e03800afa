"""Near duplicates: texts that are nearly the same as one that was seen or selected before.

Two texts are near duplicates when the Jaccard similarity of their sets of character 5-grams is at least 0.8.
Differences in case, width and white space do not count. The search is exact, by prefix filtering (Chaudhuri,
Ganti & Kaushik 2006, "A primitive operator for similarity joins in data cleaning"; Bayardo, Ma & Srikant
2007, "Scaling up all pairs similarity search"). Two sets that are so similar share one of the rarest fifth of
their 5-grams, so only texts that share a rare 5-gram are compared. A text is checked only when it is about to
be selected.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIMILARITY = 0.8
"""Jaccard similarity from which two texts are near duplicates."""

_BUCKETS = 1 << 20
_SAMPLE = 4096
_AT_ONCE = 256

WIDTH = 5
"""Characters in a shingle."""

_FACTORS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F],
    dtype=np.uint64,
)
_BLOCK = 1 << 20


class NearDuplicateFilter:
    """Admits a text unless it is a near duplicate of a ``seen`` text or of one that was admitted before.

    ``similarity``: Jaccard similarity, above 0 and at most 1, from which two texts are near duplicates.

    Raises:
        ValueError: the similarity is out of its range.
    """

    def __init__(
        self, texts: Sequence[str], seen: Sequence[str] = (), similarity: float = SIMILARITY
    ) -> None:
        if not 0.0 < similarity <= 1.0:
            raise ValueError(f"Expected a similarity above 0 and at most 1, was: {similarity}")
        self._texts = texts
        self._similarity = similarity
        known = list(dict.fromkeys(map(normalise, seen)))
        self._exact = set(known)
        self._seen = shingles(known)
        sample = [*known[:: len(known) // _SAMPLE + 1], *texts[:: len(texts) // _SAMPLE + 1]]
        self._frequency = _frequency(sample)
        self._rare, self._owner = self._postings()
        self._admitted: list[NDArray[np.uint32]] = []
        self._admitted_sizes: list[int] = []
        self._admitted_by_rare: dict[int, list[int]] = {}
        self.rejected: set[int] = set()
        """The indices of the near duplicates found so far."""

    def admit(self, index: int) -> bool:
        """Whether the text with this index is not a near duplicate; a new text is known from then on."""
        if index in self.rejected:
            return False
        text = normalise(self._texts[index])
        own = shingles([text])[0]
        rare = self._rarest(own)
        if text in self._exact or self._resembles_seen(own, rare) or self._resembles_admitted(own, rare):
            self.rejected.add(index)
            return False
        self._exact.add(text)
        for shingle in rare.tolist():
            self._admitted_by_rare.setdefault(shingle, []).append(len(self._admitted))
        self._admitted.append(own)
        self._admitted_sizes.append(len(own))
        return True

    def _rarest(self, own: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """The shingles to compare: similar sets share one. Any fixed order is correct; rare first is fast."""
        needed = math.ceil(self._similarity * len(own) - 1e-9)
        order = np.lexsort((own, self._frequency[own % _BUCKETS]))
        rarest: NDArray[np.uint32] = own[order[: len(own) - needed + 1]]
        return rarest

    def _postings(self) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
        """The rarest shingles of all seen texts, ascending, and the text that each belongs to."""
        prefixes = [self._rarest(self._seen[text]) for text in range(len(self._seen))]
        owner = np.repeat(np.arange(len(prefixes), dtype=np.int32), [len(prefix) for prefix in prefixes])
        rare = np.concatenate(prefixes) if prefixes else np.zeros(0, dtype=np.uint32)
        order = np.argsort(rare, kind="stable")
        return rare[order], owner[order]

    def _resembles_seen(self, own: NDArray[np.uint32], rare: NDArray[np.uint32]) -> bool:
        left, right = (np.searchsorted(self._rare, rare, side=side) for side in ("left", "right"))
        found = [self._owner[a:b] for a, b in zip(left.tolist(), right.tolist(), strict=True) if a < b]
        if not found:
            return False
        texts = self._promising(np.concatenate(found), self._seen.sizes, len(own))
        return self._is_near_any(own, [self._seen[text] for text in texts])

    def _resembles_admitted(self, own: NDArray[np.uint32], rare: NDArray[np.uint32]) -> bool:
        found = [text for shingle in rare.tolist() for text in self._admitted_by_rare.get(shingle, ())]
        if not found:
            return False
        texts = self._promising(np.array(found), np.array(self._admitted_sizes), len(own))
        return self._is_near_any(own, [self._admitted[text] for text in texts])

    def _promising(
        self, found: NDArray[np.integer], sizes: NDArray[np.int64], own_size: int
    ) -> NDArray[np.int64]:
        """The texts that can be near duplicates, the likeliest first.

        ``found`` names a text once for each rare shingle that it shares. Two sets share at most these and all
        other shingles of one of them.
        """
        shared = np.bincount(found)
        texts = np.flatnonzero(shared)
        shared, sizes = shared[texts], sizes[texts]
        others = np.ceil(self._similarity * np.maximum(sizes, own_size) - 1e-9) - 1
        needed = self._similarity / (1 + self._similarity) * (sizes + own_size)
        can_be_near = np.minimum(shared + others, np.minimum(sizes, own_size)) >= needed - 1e-9
        order = np.argsort(-shared[can_be_near], kind="stable")
        promising: NDArray[np.int64] = texts[can_be_near][order]
        return promising

    def _is_near_any(self, own: NDArray[np.uint32], others: Sequence[NDArray[np.uint32]]) -> bool:
        """Compare with a few texts at a time, because the first are the likeliest."""
        return any(
            self._is_near(own, others[start : start + _AT_ONCE]) for start in range(0, len(others), _AT_ONCE)
        )

    def _is_near(self, own: NDArray[np.uint32], others: Sequence[NDArray[np.uint32]]) -> bool:
        sizes = np.array([len(other) for other in others])
        place = np.searchsorted(own, flat := np.concatenate(others))
        is_shared = own[np.minimum(place, len(own) - 1)] == flat
        shared = np.add.reduceat(is_shared, np.cumsum(sizes) - sizes, dtype=np.int64)
        return bool((shared >= self._similarity * (sizes + len(own) - shared) - 1e-9).any())


def count_near_duplicates(texts: Sequence[str], similarity: float = SIMILARITY) -> int:
    """How many of the texts are near duplicates of an earlier one that is not itself a near duplicate."""
    duplicates = NearDuplicateFilter(texts, similarity=similarity)
    return sum(not duplicates.admit(index) for index in range(len(texts)))


def _frequency(texts: Sequence[str]) -> NDArray[np.int64]:
    """About how many texts hold a shingle, by the remainder of its hash."""
    sample: Shingles = shingles([normalise(text) for text in texts])
    return np.bincount(sample.hashes % _BUCKETS, minlength=_BUCKETS)


@dataclass(frozen=True, slots=True, eq=False)
class Shingles:
    """The distinct shingles (hashed character 5-grams) of n texts.

    Those of text i are ``hashes[bounds[i]:bounds[i + 1]]``, ascending.
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
    """The text without differences that do not matter to an annotator: NFKC, case, white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def shingles(normalised: Sequence[str]) -> Shingles:
    """The shingle sets of normalised texts, computed about a million characters at a time."""
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
    """Distinct hashes by text, and their number by text; a shorter text is padded to one shingle."""
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
