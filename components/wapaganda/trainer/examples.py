"""Labelled documents as windows with the tags of their own words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import (
    Document,
    LabelSchema,
    Repairs,
    align_spans,
    encode_tags,
    place_of,
    repair_spans,
    whole_text,
)
from wapaganda.tagger import EncodedText, ModelInput, Tokenization, model_inputs


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """A window and the tag of each word that it owns, shape (own words,): a word of a text counts once.

    The window of an excerpt owns words of the excerpt only: the others are read and teach nothing.
    """

    window: ModelInput
    tags: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.window)


def make_examples(
    documents: Sequence[Document], tokenization: Tokenization, schema: LabelSchema, *, casing: bool
) -> tuple[list[Example], Repairs]:
    """All windows of the documents, those without entities too, and how their spans had to be repaired.

    An excerpt is read in its whole text, in the windows that own a word of it.

    Raises:
        ValueError: a document is not labelled, has a label that the schema does not know, or no text has a
        word.
    """
    texts = [whole_text(document) for document in documents]
    encoded = tokenization.encode(texts)
    rows, repairs = [], Repairs()
    for document, text in zip(documents, encoded, strict=True):
        asked = _asked(document, text)
        tags, done = _tags(document, text.words[asked], schema)
        rows.append((asked, tags))
        repairs = repairs + done
    examples = []
    for window in model_inputs(texts, encoded, tokenization, casing=casing):
        asked, tags = rows[window.text]
        kept = _within(window, asked)
        if kept is not None:
            examples.append(Example(kept, tags[kept.core_start - asked.start : kept.core_end - asked.start]))
    if not examples:
        raise ValueError(f"Expected at least one text with words to learn from, was: {len(documents)} texts")
    return examples, repairs


def _asked(document: Document, encoded: EncodedText) -> slice:
    """The words of the whole text that annotators were asked about: all but the context of an excerpt."""
    start, end = place_of(document)
    first = int(np.searchsorted(encoded.words[:, 0], start, side="left"))
    last = int(np.searchsorted(encoded.words[:, 1], end, side="right"))
    return slice(first, max(first, last))


def _within(window: ModelInput, asked: slice) -> ModelInput | None:
    """The window with those of its own words that were asked about; ``None`` when there are none."""
    if asked.start <= window.core_start and window.core_end <= asked.stop:
        return window
    start, end = max(window.core_start, asked.start), min(window.core_end, asked.stop)
    if start >= end:
        return None
    positions = window.positions[start - window.core_start : end - window.core_start]
    return replace(window, core_start=start, core_end=end, positions=positions)


def _tags(
    document: Document, words: NDArray[np.int32], schema: LabelSchema
) -> tuple[NDArray[np.int64], Repairs]:
    """The tags of ``words``, (n_words, 2), which are places in the whole text."""
    if document.spans is None:
        raise ValueError(f"Expected labelled documents only, was: {document.id!r} without labels")
    spans, repairs = repair_spans(document.text, document.spans)
    words = words - place_of(document)[0]
    visible, n_lost = align_spans(spans, words)
    tags = encode_tags(visible, words, schema)
    return tags, replace(repairs, empty=repairs.empty + n_lost)
