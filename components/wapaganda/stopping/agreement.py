"""Agreement of two models on the texts of a stop set."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def agreement(tags_a: ArrayLike, tags_b: ArrayLike) -> float | None:
    """Cohen's κ of two models over the words that at least one of them puts into an entity: (n,) and (n,).

    κ = (p_o − p_e) / (1 − p_e). p_o is the observed share of equal tags, p_e the share expected by chance
    from the tag frequencies of each model among these words. Bloodgood & Vijay-Shanker 2009, "A method for
    stopping active learning based on stabilizing predictions and the need for user-adjustable stopping",
    compare successive models on a stop set in this way. Words that both models tag as ``O`` are left out
    here. ``None`` when neither model finds an entity.

    Raises:
        ValueError: the two are not tag ids (0 is ``O``) of the same words.
    """
    a, b = _tags(tags_a), _tags(tags_b)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"Expected the tags of the same words twice, was: shapes {a.shape} and {b.shape}")
    is_entity = (a > 0) | (b > 0)
    if not is_entity.any():
        return None
    a, b = a[is_entity], b[is_entity]
    n_tags = int(max(a.max(), b.max())) + 1
    shares = np.bincount(a, minlength=n_tags) * np.bincount(b, minlength=n_tags) / len(a) ** 2
    observed, by_chance = float((a == b).mean()), float(shares.sum())
    return 1.0 if by_chance >= 1.0 else (observed - by_chance) / (1.0 - by_chance)


def _tags(values: ArrayLike) -> NDArray[np.int64]:
    tags: NDArray[Any] = np.asarray(values)
    if tags.size and (tags.dtype.kind not in "iu" or tags.min() < 0):
        raise ValueError(f"Expected tag ids, 0 or more, was: {tags.dtype} from {tags.min()}")
    return tags.astype(np.int64)
