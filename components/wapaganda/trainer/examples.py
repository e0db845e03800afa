"""Labelled documents as windows with the tags of their core words, and their batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import InputError
from wapaganda.ner import Document, LabelSchema, Repairs, align_spans, encode_tags
from wapaganda.tagger import ModelInput, Tokenization, model_inputs
from wapaganda.trainer.recipe import Recipe

_BATCHES_SORTED_TOGETHER = 8


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """A window and the tags of its core words, shape (core words,): each word of a text counts once."""

    window: ModelInput
    tags: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.window)


def make_examples(
    documents: Sequence[Document], tokenization: Tokenization, schema: LabelSchema, *, casing: bool
) -> tuple[list[Example], Repairs]:
    """All windows of the documents, also those without entities, and the number of spans without a word that
    the tokenizer sees (``Repairs.empty``).

    Raises:
        InputError: a document is not labelled, or no text has a word.
        ValueError: a document has a label that the schema does not know.
    """
    texts = [document.text for document in documents]
    encoded = tokenization.encode(texts)
    rows, repairs = [], Repairs()
    for document, text in zip(documents, encoded, strict=True):
        tags, done = _tags(document, text.words, schema)
        rows.append(tags)
        repairs = repairs + done
    examples = [
        Example(window, rows[window.text][window.core_start : window.core_end])
        for window in model_inputs(texts, encoded, tokenization, casing=casing)
    ]
    if not examples:
        raise InputError(f"Expected at least one text with words to learn from, was: {len(documents)} texts")
    return examples, repairs


def _tags(
    document: Document, words: NDArray[np.int32], schema: LabelSchema
) -> tuple[NDArray[np.int64], Repairs]:
    """The tags of ``words``, (n_words, 2)."""
    if document.spans is None:
        raise InputError(f"Expected labelled documents only, was: {document.id!r} without labels")
    visible, n_lost = align_spans(document.spans, words)
    return encode_tags(visible, words, schema), Repairs(empty=n_lost)


def endless_batches(
    examples: Sequence[Example], recipe: Recipe, rng: np.random.Generator
) -> Iterator[list[Example]]:
    """Yield batches without end: each window once per epoch, windows of similar length in a batch."""
    while True:
        epoch = list(_epoch(examples, recipe, rng))
        for number in rng.permutation(len(epoch)):
            yield [examples[index] for index in epoch[number]]


def _epoch(
    examples: Sequence[Example], recipe: Recipe, rng: np.random.Generator
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
