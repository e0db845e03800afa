"""Documents as CoNLL columns."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.conll import DOCUMENT_START
from wapaganda.ner import Document, LabelSchema, Span, encode_tags, repair_spans, word_offsets

_TOKEN = re.compile(r"[^ \t\r\n]+")


def write_conll(
    documents: Iterable[Document], path: Path, *, split_punctuation: bool = False
) -> tuple[str, ...]:
    """Writes labelled documents as ``word TAB tag`` in IOB2; returns why others were left out, in sentences.

    Words are divided at blanks and where a span ends inside: texts that came from CoNLL are written as they
    were; with ``split_punctuation`` every word of ``word_offsets`` gets a line. Reading joins words with
    one blank: no other white space is kept. Documents without labels or words cannot be written.

    Raises:
        FormatError: the spans of a document are such that ``repair_spans`` would change them.
    """
    left_out = []
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            words = word_offsets(document.text) if split_punctuation else _tokens(document)
            problem = _inexpressible(document, words)
            if problem:
                left_out.append(f"{document.id}: CoNLL cannot express it ({problem})")
                continue
            file.write("".join(f"{word}\t{tag}\n" for word, tag in _rows(document, words)) + "\n")
    return tuple(left_out)


def _inexpressible(document: Document, words: NDArray[np.int32]) -> str | None:
    if document.spans is None:
        return "not labelled"
    if DOCUMENT_START in document.text:
        return f"a word is {DOCUMENT_START}"
    return None if len(words) else "no words"


def _rows(document: Document, tokens: NDArray[np.int32]) -> Iterator[tuple[str, str]]:
    if not document.spans:
        return ((document.text[start:end], "O") for start, end in tokens.tolist())
    spans, repairs = repair_spans(document.text, document.spans)
    if repairs.total:
        raise FormatError(f"Document {document.id}: expected repaired spans, was: {repairs.describe()}")
    schema = LabelSchema.of([document])
    tags = encode_tags((_snapped(span, tokens) for span in spans), tokens, schema)
    return (
        (document.text[start:end], schema.tags[tag])
        for (start, end), tag in zip(tokens.tolist(), tags.tolist(), strict=True)
    )


def _snapped(span: Span, tokens: NDArray[np.int32]) -> Span:
    """The span from the start of its first token to the end of its last."""
    first = int(np.searchsorted(tokens[:, 1], span.start, side="right"))
    last = int(np.searchsorted(tokens[:, 0], span.end, side="left")) - 1
    return replace(span, start=int(tokens[first, 0]), end=int(tokens[last, 1]))


def _tokens(document: Document) -> NDArray[np.int32]:
    """Runs without blanks, cut where a span ends and words stand on both sides. Shape: (n_tokens, 2)."""
    cuts = sorted({edge for span in document.spans or () for edge in (span.start, span.end)})
    words = word_offsets(document.text) if cuts else np.zeros((0, 2), dtype=np.int32)
    tokens: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(document.text):
        start, end = match.span()
        first = int(np.searchsorted(words[:, 0], start))
        behind = int(np.searchsorted(words[:, 0], end))
        inner = [] if behind - first < 2 else _between(cuts, int(words[first, 1]), int(words[behind - 1, 0]))
        tokens += pairwise([start, *inner, end])
    return np.array(tokens, dtype=np.int32).reshape(-1, 2)


def _between(cuts: list[int], low: int, high: int) -> list[int]:
    return cuts[bisect_left(cuts, low) : bisect_right(cuts, high)]
