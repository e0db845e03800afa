"""Labelled documents as windows with the tags of their core words, and their batches."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import InputError
from wapaganda.ner import Document, LabelSchema, Repairs, align_spans, encode_tags, missing_types
from wapaganda.tagger import ModelInput, Tokenization, model_inputs
from wapaganda.trainer.job import SoftText
from wapaganda.trainer.recipe import Recipe

Window = TypeVar("Window", bound=Sized)
_BATCHES_SORTED_TOGETHER = 8


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """A window and the tags of its core words, shape (core words,): each word of a text counts once.

    ``missing``: the numbers of the types that the labels of the text cannot say. ``soft``: the probability of
    each tag, shape (core words, K); then ``tags`` are only the most probable ones.
    """

    window: ModelInput
    tags: NDArray[np.int64]
    missing: tuple[int, ...] = ()
    soft: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.window)


def make_examples(
    documents: Sequence[Document], tokenization: Tokenization, schema: LabelSchema, *, casing: bool
) -> tuple[list[Example], Repairs]:
    """All windows of the documents, also those without entities, and the number of spans without a word that
    the tokenizer sees (``Repairs.empty``).

    Raises:
        InputError: a document is not labelled.
        ValueError: a document has a label that the schema does not know.
    """
    texts = [document.text for document in documents]
    encoded = tokenization.encode(texts)
    rows, repairs = [], Repairs()
    for document, text in zip(documents, encoded, strict=True):
        tags, done = _tags(document, text.words, schema)
        rows.append(tags)
        repairs = repairs + done
    missing = [missing_types(document, schema) for document in documents]
    examples = [
        Example(window, rows[window.text][window.core_start : window.core_end], missing[window.text])
        for window in model_inputs(texts, encoded, tokenization, casing=casing)
    ]
    return examples, repairs


def soft_examples(texts: Sequence[SoftText], tokenization: Tokenization, *, casing: bool) -> list[Example]:
    """All windows of texts with soft labels.

    Raises:
        ValueError: the tokenizer sees another number of words than there are soft labels.
    """
    encoded = tokenization.encode([each.text for each in texts])
    for soft, text in zip(texts, encoded, strict=True):
        if len(soft.probabilities) != len(text.words):
            raise ValueError(
                f"Expected soft labels for {len(text.words)} words, was: {len(soft.probabilities)}"
            )
    found = []
    for window in model_inputs([each.text for each in texts], encoded, tokenization, casing=casing):
        rows = texts[window.text].probabilities[window.core_start : window.core_end]
        found.append(Example(window, rows.argmax(axis=1).astype(np.int64), soft=rows))
    return found


def _tags(
    document: Document, words: NDArray[np.int32], schema: LabelSchema
) -> tuple[NDArray[np.int64], Repairs]:
    """The tags of ``words``, (n_words, 2)."""
    if document.spans is None:
        raise InputError(f"Expected labelled documents only, was: {document.id!r} without labels")
    visible, n_lost = align_spans(document.spans, words)
    return encode_tags(visible, words, schema), Repairs(empty=n_lost)


def batches_of(
    epochs: Iterable[Sequence[Window]], recipe: Recipe, rng: np.random.Generator
) -> Iterator[list[Window]]:
    """The batches of each epoch: each window once, windows of similar length in a batch."""
    for examples in epochs:
        places = list(_batches(examples, recipe, rng))
        for number in rng.permutation(len(places)):
            yield [examples[index] for index in places[number]]


def _batches(
    examples: Sequence[Sized], recipe: Recipe, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Batches of indices, sorted by length only within a few batches, so that epochs differ."""
    order = rng.permutation(len(examples))
    size = recipe.batch_size * _BATCHES_SORTED_TOGETHER
    for start in range(0, len(order), size):
        group = sorted(order[start : start + size].tolist(), key=lambda index: -len(examples[index]))
        while group:
            fitting = max(1, min(recipe.batch_size, recipe.batch_pieces // len(examples[group[0]])))
            yield np.array(group[:fitting])
            group = group[fitting:]
