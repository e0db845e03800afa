"""Choosing texts for the types of entity that are the rarest so far."""

import numpy as np
from numpy.typing import NDArray

from wapaganda.sampler.diversity import Accept

_LIKELY = 0.25
"""A text is worth asking for the sake of a type when it is expected to hold that many of it."""


def for_rare_types(
    entities: NDArray[np.float64],
    weights: NDArray[np.float64],
    found: NDArray[np.float64],
    size: int,
    accept: Accept,
) -> list[int]:
    """Up to ``size`` rows, each for the type of which the fewest are found or expected of the rows before.

    ``entities`` (n, L): expected per row and type; ``found`` (L,): so far. For a type, the row with the
    largest weight × min(1, expected). Types that no row is likely to hold are passed over, and so is a row
    that ``accept`` refuses.
    """
    weight = np.maximum(weights, 0.0) if (weights > 0).any() else np.ones(len(weights))
    value = np.minimum(entities, 1.0) * weight[:, None]
    is_open = entities >= _LIKELY
    found = found.astype(np.float64)
    chosen: list[int] = []
    while len(chosen) < size and is_open.any():
        types = np.flatnonzero(is_open.any(axis=0))
        rarest = int(types[found[types].argmin()])
        row = int(np.where(is_open[:, rarest], value[:, rarest], -1.0).argmax())
        is_open[row] = False
        if accept(row):
            chosen.append(row)
            found += entities[row]
    return chosen
