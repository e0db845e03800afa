"""The splits of a data set: dev and test hold only texts that people labelled and no score has chosen."""

import hashlib
import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from wapaganda.errors import InputError
from wapaganda.sampler import near_duplicate_groups

SPLITS = ("train", "dev", "test")
_FEW = 0.75
"""A split with a smaller share of its wanted texts is called small."""


def checked_shares(shares: Sequence[float]) -> tuple[float, float, float]:
    """The three shares, checked.

    Raises:
        InputError: they are not three numbers from 0 to 1 with the sum 1.
    """
    if len(shares) != 3 or not all(0 <= share <= 1 for share in shares) or not math.isclose(sum(shares), 1.0):
        raise InputError(
            f"Expected three shares from 0 to 1 that sum up to 1 (train, dev, test), was: {tuple(shares)}"
        )
    return shares[0], shares[1], shares[2]


@dataclass(frozen=True, slots=True)
class Splitting:
    """The split of each of n texts, and how it came about.

    ``names`` (n): the splits. ``n_eligible``: texts that may be in dev or test. ``n_near``: texts that are
    near copies of another one. ``n_drawn_back``: eligible texts in train because a near copy is not eligible.
    ``factor``: the shares of dev and test among the eligible texts are that many times the wanted shares.
    """

    names: tuple[str, ...]
    shares: tuple[float, float, float]
    n_eligible: int
    n_near: int
    n_drawn_back: int
    factor: int

    def notes(self) -> tuple[str, ...]:
        """A sentence for each of dev and test that is much smaller than wanted; nothing fills it up."""
        counts, n = Counter(self.names), len(self.names)
        wanted = {name: round(share * n) for name, share in zip(SPLITS, self.shares, strict=True)}
        few = [name for name in SPLITS[1:] if counts[name] < _FEW * wanted[name]]
        return tuple(
            f"The {name} split has {counts[name]:,} texts, {wanted[name]:,} were wanted: only "
            f"{self.n_eligible:,} texts were drawn at random and labelled by people. It is not filled up."
            for name in few
        )


def split_texts(
    texts: Sequence[str], eligible: Sequence[bool], shares: Sequence[float], seed: int
) -> Splitting:
    """The split of each text; only ``eligible`` texts are held out in dev and test.

    Near copies (``sampler.near_duplicate_groups``) are in one split, so a group with a text that is not
    eligible is in train. Hashes of the first text of a group decide: one whether it is held out, the other
    whether in dev or test. So a text keeps its split when the data set grows, as long as the texts before it
    stay and no near copy that is not eligible comes. Where only some texts are eligible, their shares of dev
    and test grow by the largest power of two that the wanted sizes allow; only when it changes, texts move
    between train and the two.

    Raises:
        InputError: the shares are wrong.
    """
    train, dev, test = checked_shares(shares)
    groups = near_duplicate_groups(texts).tolist()
    barred = {group for group, fits in zip(groups, eligible, strict=True) if not fits}
    n_eligible = sum(map(bool, eligible))
    free = sum(group not in barred for group in groups)
    factor = 1 << int(math.log2(len(texts) / free)) if free else 1
    held_out = {group: _split(texts[group], dev, test, factor, seed) for group in set(groups) - barred}
    names = tuple(held_out.get(group, "train") for group in groups)
    sizes = Counter(groups)
    return Splitting(
        names=names,
        shares=(train, dev, test),
        n_eligible=n_eligible,
        n_near=sum(sizes[group] > 1 for group in groups),
        n_drawn_back=sum(fits and group in barred for group, fits in zip(groups, eligible, strict=True)),
        factor=factor,
    )


def _split(text: str, dev: float, test: float, factor: int, seed: int) -> str:
    if _hash(text, f"{seed}") < 1.0 - factor * (dev + test):
        return "train"
    return "dev" if _hash(text, f"{seed} dev") * (dev + test) < dev else "test"


def _hash(text: str, salt: str) -> float:
    """A number in [0, 1) from the text; case and white space do not matter."""
    key = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    digest = hashlib.sha256(f"{salt}:{key}".encode("utf-8", "surrogatepass")).hexdigest()
    return int(digest[:13], 16) / 16**13
