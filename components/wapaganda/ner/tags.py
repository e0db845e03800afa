"""Spans to IOB2 tag ids over words, and back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner.document import LabelSchema, Span


def encode_tags(spans: Iterable[Span], words: NDArray[np.int32], schema: LabelSchema) -> NDArray[np.int64]:
    """The IOB2 tag id of every word. Shapes: words (n_words, 2), result (n_words,).

    Raises:
        ValueError: a span does not begin and end at words (call ``repaired`` first), overlaps another, or
            has a label that the schema does not know.
    """
    tags = np.zeros(len(words), dtype=np.int64)
    starts = {int(start): index for index, start in enumerate(words[:, 0])}
    ends = {int(end): index + 1 for index, end in enumerate(words[:, 1])}
    for span in spans:
        first, last = starts.get(span.start), ends.get(span.end)
        if first is None or last is None or first >= last:
            raise ValueError(f"Expected a span from the start of a word to the end of one, was: {span}")
        if tags[first:last].any():
            raise ValueError(f"Expected spans that do not overlap, was: {span} over another")
        begin = schema.begin(span.label)
        tags[first:last] = begin + 1
        tags[first] = begin
    return tags


def decode_tags(
    tag_ids: NDArray[np.integer], words: NDArray[np.int32], schema: LabelSchema
) -> tuple[Span, ...]:
    """The spans of valid IOB2 tag ids, in text order. Shapes: (n_words,), (n_words, 2).

    Raises:
        ValueError: an id is unknown, the lengths differ, or an ``I-k`` does not follow ``B-k`` or ``I-k``.
    """
    tags = np.asarray(tag_ids)
    if tags.shape != (len(words),):
        raise ValueError(f"Expected one tag for each of {len(words)} words, was: shape {tags.shape}")
    _check_iob2(tags, schema)
    firsts = np.flatnonzero(tags % 2 == 1)
    inside = (tags > 0) & (tags % 2 == 0)
    # An entity ends at an entity word that is not followed by an I- word.
    lasts = np.flatnonzero((tags > 0) & ~np.append(inside[1:], False))
    return tuple(
        Span(int(words[first, 0]), int(words[last, 1]), schema.labels[tags[first] // 2])
        for first, last in zip(firsts, lasts, strict=True)
    )


def _check_iob2(tags: NDArray[np.integer], schema: LabelSchema) -> None:
    n_tags = 1 + 2 * len(schema.labels)
    if tags.size and (tags.min() < 0 or tags.max() >= n_tags):
        raise ValueError(
            f"Expected tag ids from 0 to {n_tags - 1}, was: {int(tags.min())} to {int(tags.max())}"
        )
    previous = np.concatenate([[0], tags[:-1]])
    wrong = (tags > 0) & (tags % 2 == 0) & (previous != tags) & (previous != tags - 1)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        before = "the start" if at == 0 else schema.tags[int(tags[at - 1])]
        tag = schema.tags[int(tags[at])]
        raise ValueError(f"Expected {tag} to follow its own B- or I-, was: after {before} (word {at})")
