"""How much two models agree on the texts of a stop set."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def agreement(tags_a: ArrayLike, tags_b: ArrayLike) -> float | None:
    """Cohen's κ of two models over the words that at least one of them calls an entity: (n,) and (n,).

    κ = (p_o − p_e) / (1 − p_e) with the observed share p_o of equal tags and the share p_e that chance alone
    would make equal, by each model's own tag frequencies among these words. Bloodgood & Vijay-Shanker 2009,
    "A method for stopping active learning based on stabilizing predictions and the need for user-adjustable
    stopping", compare so the predictions of successive models for a stop set; the many words that both call
    ``O`` are left out here. ``None`` when neither finds an entity: then there is nothing to agree on.

    Raises:
        ValueError: the two are not tag ids (0 is ``O``) of the same words.
    """
    a, b = _tags(tags_a), _tags(tags_b)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"Expected the tags of the same words twice, was: shapes {a.shape} and {b.shape}")
    named = (a > 0) | (b > 0)
    if not named.any():
        return None
    a, b = a[named], b[named]
    n_tags = int(max(a.max(), b.max())) + 1
    shares = np.bincount(a, minlength=n_tags) * np.bincount(b, minlength=n_tags) / len(a) ** 2
    observed, by_chance = float((a == b).mean()), float(shares.sum())
    return 1.0 if by_chance >= 1.0 else (observed - by_chance) / (1.0 - by_chance)


def _tags(values: ArrayLike) -> NDArray[np.int64]:
    tags: NDArray[Any] = np.asarray(values)
    if tags.size and (tags.dtype.kind not in "iu" or tags.min() < 0):
        raise ValueError(f"Expected tag ids, 0 or more, was: {tags.dtype} from {tags.min()}")
    return tags.astype(np.int64)
