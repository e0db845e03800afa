"""CoNLL columns: a word a line, its tag in the last column, a blank line between texts."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.tagging import TagReader, is_prefixed
from wapaganda.ner import Document, LabelSchema, encode_tags, word_offsets

_COMMENT = re.compile(r"# (id|sent_id|text|newdoc|newpar)\b")
_DOCUMENT_START = "-DOCSTART-"
_BLANKS = re.compile(r"[ \t]+")
_TOKEN = re.compile(r"[^ \t\r\n]+")


@dataclass(slots=True)
class _Block:
    """The lines of one text; ``problem`` is the first line that is not what it should be."""

    last_line: int = 0
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    problem: tuple[int, str] | None = None


def columns_of(line: str) -> list[str]:
    """The columns of a line, divided by tabs if it has any, else by blanks."""
    return [part.strip(" ") for part in line.split("\t")] if "\t" in line else _BLANKS.split(line.strip(" "))


def read_conll(lines: list[str], collector: Collector) -> None:
    """Collects the texts; a text with a malformed line is skipped and the line reported."""
    blocks = list(_blocks(lines))
    reader = TagReader.of([tag for block in blocks for tag in block.tags])
    readable: list[list[str]] = []
    for block in blocks:
        problem = block.problem or _bad_tag(block, reader)
        if problem:
            collector.skip(*problem)
            continue
        spans = reader.spans(block.words, block.tags)
        collector.add(Document(collector.default_id(), " ".join(block.words), spans))
        readable.append(block.tags)
    if readable:
        collector.note(f"tags are {reader.scheme(readable)}")


def looks_like_conll(lines: Iterable[str]) -> bool:
    """Whether these lines have two to four columns each and ``O`` or prefixed tags in the last."""
    rows = [columns_of(line) for line in lines if line.strip() and not _COMMENT.match(line)]
    shapes = {len(row) for row in rows if row[0] != _DOCUMENT_START}
    tagged = any(row[-1] == "O" or is_prefixed(row[-1]) for row in rows)
    return tagged and len(shapes) == 1 and shapes <= {2, 3, 4}


def _blocks(lines: list[str]) -> Iterator[_Block]:
    width = _usual_width(lines)
    block = _Block()
    for number, line in enumerate(lines, start=1):
        columns = columns_of(line)
        if not line.strip(" \t") or columns[0] == _DOCUMENT_START:
            if block.words or block.problem:
                yield block
            block = _Block()
        elif block.words or not _COMMENT.match(line):
            _take(block, number, line, columns, width)
    if block.words or block.problem:
        yield block


def _usual_width(lines: list[str]) -> int:
    """The number of columns that most lines have, from two to four; 0 when no line does."""
    widths = Counter(len(columns_of(line)) for line in lines if line.strip(" \t"))
    return max((2, 3, 4), key=lambda width: widths[width]) if widths.keys() & {2, 3, 4} else 0


def _take(block: _Block, number: int, line: str, columns: list[str], width: int) -> None:
    if len(columns) != width or not columns[0] or not columns[-1]:
        wanted = f"{width} columns" if width else "2 to 4 columns"
        block.problem = block.problem or (number, f"Expected {wanted} (word … tag), was: {line[:80]!r}")
    else:
        block.words.append(columns[0])
        block.tags.append(columns[-1])
        block.last_line = number


def _bad_tag(block: _Block, reader: TagReader) -> tuple[int, str] | None:
    first = block.last_line - len(block.tags) + 1
    for number, tag in enumerate(block.tags, start=first):
        try:
            reader.split(tag)
        except ValueError as error:
            return number, str(error)
    return None


def write_conll(
    documents: Iterable[Document], path: Path, *, split_punctuation: bool = False
) -> tuple[str, ...]:
    """Writes labelled documents as ``word TAB tag`` in IOB2; returns why others were left out, a sentence each.

    Words are divided at blanks and at the ends of spans, so that texts that came from CoNLL are written as
    they were; with ``split_punctuation`` every word of ``word_offsets`` gets a line. Reading joins words with
    one blank: other white space is not kept. Documents without labels and without words cannot be expressed
    and are left out.

    Raises:
        FormatError: the spans of a document overlap or end in white space: repair them first.
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
    if _DOCUMENT_START in document.text:
        return f"a word is {_DOCUMENT_START}"
    return None if len(words) else "no words"


def _rows(document: Document, words: NDArray[np.int32]) -> Iterator[tuple[str, str]]:
    if not document.spans:
        return ((document.text[start:end], "O") for start, end in words.tolist())
    schema = LabelSchema.of([document])
    try:
        tags = encode_tags(document.spans, words, schema)
    except ValueError as error:
        raise FormatError(f"Document {document.id}: {error}") from None
    return (
        (document.text[start:end], schema.tags[tag])
        for (start, end), tag in zip(words.tolist(), tags.tolist(), strict=True)
    )


def _tokens(document: Document) -> NDArray[np.int32]:
    """Runs without blanks, cut at the ends of spans. Shape: (n_tokens, 2)."""
    cuts = sorted({edge for span in document.spans or () for edge in (span.start, span.end)})
    tokens: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(document.text):
        start, end = match.span()
        tokens += pairwise([start, *cuts[bisect_right(cuts, start) : bisect_left(cuts, end)], end])
    return np.array(tokens, dtype=np.int32).reshape(-1, 2)
