"""Self-training: a model's most confident predictions are the labels of a second training."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from wapaganda.ner import Document, collapse_whitespace
from wapaganda.tagger import Tagger
from wapaganda.trainer.recipe import Recipe, default_steps
from wapaganda.uncertainty import score

_MAX_READ = 1_500
_MAX_PSEUDO_LABELLED = 600
_PER_LABELLED = 3
_WITH_ENTITIES = 2 / 3
_TIMES_LABELLED = 2
"""How many copies of a labelled text are in the training set; of a pseudo-labelled one it is 1."""


def max_pseudo_labelled(n_labelled: int, n_unlabelled: int) -> int:
    """The largest number of texts that get pseudo-labels."""
    return min(_PER_LABELLED * n_labelled, _MAX_PSEUDO_LABELLED, n_unlabelled // 2)


def pseudo_label(tagger: Tagger, texts: Sequence[str], n_labelled: int, seed: int) -> list[Document]:
    """The texts with the most confident predictions, labelled by these predictions.

    At most 1,500 random texts are tagged. A prediction is confident when the best tag sequence has a high
    probability. There are three texts for each labelled one, at most 600, two thirds of them with entities.
    Yarowsky 1995, "Unsupervised word sense disambiguation rivaling supervised methods".
    """
    read = random.Random(seed).sample(list(texts), min(_MAX_READ, len(texts)))
    tagged = list(tagger.tag(read))
    order = np.argsort(score([each.log_probs for each in tagged], "least_confidence"), kind="stable")
    wanted = max_pseudo_labelled(n_labelled, len(texts))
    with_entities = [index for index in order if tagged[index].spans][: int(wanted * _WITH_ENTITIES)]
    without = [index for index in order if len(tagged[index].words) and not tagged[index].spans]
    kept = [*with_entities, *without[: wanted - int(wanted * _WITH_ENTITIES)]]
    return [Document(f"pseudo-{index}", read[index], tagged[index].spans) for index in kept]


def unlike(texts: Sequence[str], documents: Iterable[Document]) -> list[str]:
    """The distinct ``texts`` that are not among ``documents``; white space does not matter.

    A model must not contradict a label, and a text that evaluates a model must not be in its training set.
    """
    known = {collapse_whitespace(document.text) for document in documents}
    distinct = {collapse_whitespace(text): text for text in texts}
    return [text for key, text in distinct.items() if key not in known]


def augmented_training_set(
    documents: Sequence[Document], pseudo_labelled: Sequence[Document]
) -> list[Document]:
    """The training set of the second training."""
    return [*(list(documents) * _TIMES_LABELLED), *pseudo_labelled]


def extended_recipe(recipe: Recipe, n_labelled: int, n_pseudo_labelled: int, n_labels: int) -> Recipe:
    """The recipe of the second training, with more steps, in proportion to the defaults for its texts."""
    n_texts = _TIMES_LABELLED * n_labelled + n_pseudo_labelled
    share = default_steps(n_texts, n_labels) / default_steps(n_labelled, n_labels)
    return replace(recipe, steps=int(recipe.steps * share))
