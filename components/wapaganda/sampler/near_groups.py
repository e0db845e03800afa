"""Groups of near duplicates: texts that are linked by pairs of near duplicates."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.near_duplicates import SIMILARITY, Shingles, normalise, shingles

_AT_ONCE = 256


def near_duplicate_groups(texts: Sequence[str], similarity: float = SIMILARITY) -> NDArray[np.int64]:
    """The group of each text, (n,): the index of the first text of its group.

    Two texts are in one group when a chain of near duplicates links them (see ``near_duplicates``; single
    linkage). The search is exact, by the same prefix filtering.

    Raises:
        ValueError: the similarity is out of its range.
    """
    if not 0.0 < similarity <= 1.0:
        raise ValueError(f"Expected a similarity above 0 and at most 1, was: {similarity}")
    places: dict[str, int] = {}
    distinct = [places.setdefault(normalise(text), len(places)) for text in texts]
    sets = shingles(list(places))
    roots = _Components(sets, similarity).roots()
    first = np.full(len(places), len(texts), dtype=np.int64)
    groups = roots[np.array(distinct, dtype=np.int64)]
    np.minimum.at(first, groups, np.arange(len(texts)))
    return first[groups]


class _Components:
    """The connected components of the texts with these shingles."""

    def __init__(self, sets: Shingles, similarity: float) -> None:
        self._sets = sets
        self._sizes = sets.sizes
        self._similarity = similarity
        self._prefixes = _prefixes(sets, similarity)
        owners = np.repeat(np.arange(len(sets), dtype=np.int64), [len(each) for each in self._prefixes])
        rare = np.concatenate(self._prefixes) if self._prefixes else np.zeros(0, dtype=np.uint32)
        order = np.argsort(rare, kind="stable")
        self._rare, self._owners = rare[order], owners[order]
        self._root = np.arange(len(sets), dtype=np.int64)

    def roots(self) -> NDArray[np.int64]:
        """A number for each text, equal within a component."""
        left = [np.searchsorted(self._rare, each, side="left") for each in self._prefixes]
        right = [np.searchsorted(self._rare, each, side="right") for each in self._prefixes]
        for text in range(len(self._sets)):
            places = zip(left[text].tolist(), right[text].tolist(), strict=True)
            self._link(text, [self._owners[a:b] for a, b in places if b - a > 1])
        return self._root

    def _link(self, text: int, sharing: Sequence[NDArray[np.int64]]) -> None:
        """Join the text with its earlier near duplicates, which are among the owners of its rare shingles."""
        if not sharing:
            return
        others = np.unique(np.concatenate(sharing))
        others = others[others < text]
        sizes, own = self._sizes[others], self._sizes[text]
        others = others[np.minimum(sizes, own) >= self._similarity * np.maximum(sizes, own) - 1e-9]
        while len(others := others[self._root[others] != self._root[text]]):
            some, others = others[:_AT_ONCE], others[_AT_ONCE:]
            for near in np.unique(self._root[some[self._are_near(text, some)]]).tolist():
                mine = int(self._root[text])
                self._root[self._root == max(mine, near)] = min(mine, near)

    def _are_near(self, text: int, others: NDArray[np.int64]) -> NDArray[np.bool_]:
        own = self._sets[text]
        flat = np.concatenate([self._sets[other] for other in others.tolist()])
        sizes = self._sizes[others]
        place = np.searchsorted(own, flat)
        is_shared = own[np.minimum(place, len(own) - 1)] == flat
        shared = np.add.reduceat(is_shared, np.cumsum(sizes) - sizes, dtype=np.int64)
        near: NDArray[np.bool_] = shared >= self._similarity * (sizes + len(own) - shared) - 1e-9
        return near


def _prefixes(sets: Shingles, similarity: float) -> list[NDArray[np.uint32]]:
    """The rarest shingles of each text, so many that two near duplicates share one."""
    _, place, counts = np.unique(sets.hashes, return_inverse=True, return_counts=True)
    owner = np.repeat(np.arange(len(sets)), sets.sizes)
    ranked = sets.hashes[np.lexsort((sets.hashes, counts[place], owner))]
    needed = np.ceil(similarity * sets.sizes - 1e-9).astype(np.int64)
    ends = sets.bounds[:-1] + sets.sizes - needed + 1
    return [ranked[a:b] for a, b in zip(sets.bounds[:-1].tolist(), ends.tolist(), strict=True)]
