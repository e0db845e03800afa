"""The split of a text, which depends only on the text and a seed."""

import hashlib
import math
import unicodedata
from collections.abc import Sequence

from wapaganda.errors import InputError

SPLITS = ("train", "dev", "test")


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


def split_of(text: str, shares: Sequence[float], seed: int) -> str:
    """The split of ``text``: a hash of it and of ``seed`` decides.

    Copies of a text are in the same split; case and white space do not matter. A text keeps its split when
    the data set grows.
    """
    train, dev, _ = shares
    share = _share(text, seed)
    if share < train:
        return "train"
    return "dev" if share < train + dev else "test"


def _share(text: str, seed: int) -> float:
    key = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    digest = hashlib.sha256(f"{seed}:{key}".encode("utf-8", "surrogatepass")).hexdigest()
    return int(digest[:13], 16) / 16**13
