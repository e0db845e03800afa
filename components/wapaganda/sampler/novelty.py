"""The guard against near duplicates: is a text nearly the same as one that was seen or picked before?

Near means a Jaccard similarity of the sets of character 5-grams (of the text without case, width and
white-space differences) of at least 0.8. The search is exact, by prefix filtering (Chaudhuri, Ganti &
Kaushik 2006, "A primitive operator for similarity joins in data cleaning"; Bayardo, Ma & Srikant 2007,
"Scaling up all pairs similarity search"): when two sets are that similar, they share one of the rarest
fifth of their shingles, so only texts that share a rare shingle are ever compared, and texts are checked
only when they are about to be picked.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.shingles import Shingles, normalise, shingles

SIMILARITY = 0.8
"""Jaccard similarity from which two texts count as near duplicates."""

_BUCKETS = 1 << 20
_SAMPLE = 4096
_AT_ONCE = 256


class NoveltyFilter:
    """Admits a text unless it is nearly the same as a ``seen`` text or as one that it admitted before."""

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
        """The indices of the near duplicates met so far."""

    def admit(self, index: int) -> bool:
        """Whether the text with this index is new; it then counts as known from now on."""
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
        """The shingles of which similar sets share one; any fixed order would do, rare first is fast."""
        needed = math.ceil(self._similarity * len(own) - 1e-9)
        order = np.lexsort((own, self._frequency[own % _BUCKETS]))
        rarest: NDArray[np.uint32] = own[order[: len(own) - needed + 1]]
        return rarest

    def _postings(self) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
        """The rarest shingles of all seen texts, ascending, and whose they are."""
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
        """Of the texts found once for each rare shingle shared, those that can be near, likeliest first.

        Two sets share at most their common rare shingles and all the others of one of them.
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
        """Compare with a few at a time, as the first are the likeliest."""
        return any(
            self._is_near(own, others[start : start + _AT_ONCE]) for start in range(0, len(others), _AT_ONCE)
        )

    def _is_near(self, own: NDArray[np.uint32], others: Sequence[NDArray[np.uint32]]) -> bool:
        sizes = np.array([len(other) for other in others])
        place = np.searchsorted(own, flat := np.concatenate(others))
        is_shared = own[np.minimum(place, len(own) - 1)] == flat
        shared = np.add.reduceat(is_shared, np.cumsum(sizes) - sizes, dtype=np.int64)
        return bool((shared >= self._similarity * (sizes + len(own) - shared) - 1e-9).any())


def near_duplicates(texts: Sequence[str], similarity: float = SIMILARITY) -> int:
    """How many of the texts are nearly the same as an earlier one that is itself no such copy."""
    novelty = NoveltyFilter(texts, similarity=similarity)
    return sum(not novelty.admit(index) for index in range(len(texts)))


def _frequency(texts: Sequence[str]) -> NDArray[np.int64]:
    """In about how many texts a shingle stands, by the remainder of its hash."""
    sample: Shingles = shingles([normalise(text) for text in texts])
    return np.bincount(sample.hashes % _BUCKETS, minlength=_BUCKETS)
