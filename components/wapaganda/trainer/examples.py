"""Labelled documents as windows with the tags of their own words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import (
    Document,
    LabelSchema,
    Repairs,
    align_spans,
    encode_tags,
)
from wapaganda.tagger import ModelInput, Tokenization, model_inputs


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """A window and the tag of each word that it owns, shape (own words,): a word of a text counts once."""

    window: ModelInput
    tags: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.window)


def make_examples(
    documents: Sequence[Document], tokenization: Tokenization, schema: LabelSchema, *, casing: bool
) -> tuple[list[Example], Repairs]:
    """All windows of the documents, those without entities too, and the number of spans that the
    tokenizer cannot see (``Repairs.empty``).

    Raises:
        ValueError: a document is not labelled, has a label that the schema does not know, or no text has a
        word.
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
        raise ValueError(f"Expected at least one text with words to learn from, was: {len(documents)} texts")
    return examples, repairs


def _tags(
    document: Document, words: NDArray[np.int32], schema: LabelSchema
) -> tuple[NDArray[np.int64], Repairs]:
    """The tags of ``words``, (n_words, 2)."""
    if document.spans is None:
        raise ValueError(f"Expected labelled documents only, was: {document.id!r} without labels")
    visible, n_lost = align_spans(document.spans, words)
    return encode_tags(visible, words, schema), Repairs(empty=n_lost)
