"""Which windows go together into an optimiser step."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from wapaganda.trainer.examples import Example
from wapaganda.trainer.recipe import Recipe

_BATCHES_SORTED_TOGETHER = 8


def endless_batches(
    examples: Sequence[Example], recipe: Recipe, rng: np.random.Generator
) -> Iterator[list[Example]]:
    """Yield batches for ever: each window once an epoch, of similar length within a batch."""
    while True:
        epoch = list(_epoch(examples, recipe, rng))
        for number in rng.permutation(len(epoch)):
            yield [examples[index] for index in epoch[number]]


def _epoch(
    examples: Sequence[Example], recipe: Recipe, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Batches of indices: sorted by length only within a few batches, so that no epoch has the same ones."""
    order = rng.permutation(len(examples))
    size = recipe.batch_size * _BATCHES_SORTED_TOGETHER
    for start in range(0, len(order), size):
        group = sorted(order[start : start + size].tolist(), key=lambda index: -len(examples[index]))
        while group:
            fitting = max(1, min(recipe.batch_size, recipe.batch_pieces // len(examples[group[0]])))
            yield np.array(group[:fitting])
            group = group[fitting:]
