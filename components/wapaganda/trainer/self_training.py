"""Self-training: what a model is surest of is learnt like labels by the next one."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from wapaganda.ner import Document, collapse_whitespace
from wapaganda.tagger import Tagger
from wapaganda.trainer.recipe import Recipe, default_steps
from wapaganda.uncertainty import score

_N_READ = 1_500
_N_TAUGHT = 600
_PER_LABELLED = 3
_WITH_ENTITIES = 2 / 3
_TIMES_LABELLED = 2
"""How often a labelled text is learnt for once that a taught one is."""


def surest(tagger: Tagger, texts: Sequence[str], n_labelled: int, seed: int) -> list[Document]:
    """The texts, of at most 1,500 by lot, of whose spans the model is surest, with these spans.

    Sure is a text whose best tag sequence has a high probability. There are three for each labelled text, at
    most 600, two thirds of them with entities. Yarowsky 1995, "Unsupervised word sense disambiguation
    rivaling supervised methods".
    """
    read = random.Random(seed).sample(list(texts), min(_N_READ, len(texts)))
    tagged = list(tagger.tag(read))
    order = np.argsort(score([each.log_probs for each in tagged], "least_confidence"), kind="stable")
    wanted = n_taught(n_labelled, len(texts))
    with_entities = [index for index in order if tagged[index].spans][: int(wanted * _WITH_ENTITIES)]
    without = [index for index in order if len(tagged[index].words) and not tagged[index].spans]
    kept = [*with_entities, *without[: wanted - int(wanted * _WITH_ENTITIES)]]
    return [Document(f"surest-{index}", read[index], tagged[index].spans) for index in kept]


def unlike(texts: Sequence[str], documents: Iterable[Document]) -> list[str]:
    """The different ones of ``texts``, without those of the documents, white space apart.

    A model must not contradict a label, and a text that judges a model must not teach it.
    """
    known = {collapse_whitespace(document.text) for document in documents}
    different = {collapse_whitespace(text): text for text in texts}
    return [text for key, text in different.items() if key not in known]


def n_taught(n_labelled: int, n_unlabelled: int) -> int:
    """How many texts are taught at most."""
    return min(_PER_LABELLED * n_labelled, _N_TAUGHT, n_unlabelled // 2)


def mixed(documents: Sequence[Document], taught: Sequence[Document]) -> list[Document]:
    """What the second training learns."""
    return [*(list(documents) * _TIMES_LABELLED), *taught]


def longer(recipe: Recipe, n_labelled: int, n_more: int, n_labels: int) -> Recipe:
    """The recipe for the second training, with as many more steps as so many texts ask for."""
    n_texts = _TIMES_LABELLED * n_labelled + n_more
    share = default_steps(n_texts, n_labels) / default_steps(n_labelled, n_labels)
    return replace(recipe, steps=int(recipe.steps * share))
