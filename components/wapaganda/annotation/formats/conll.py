"""CoNLL columns: one word per line, its tag in the last column, an empty line between texts."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation.collecting import Collector, valid_spans
from wapaganda.annotation.format import Format, Source, register
from wapaganda.annotation.tag_schemes import TagReader, is_prefixed
from wapaganda.ner import Document, LabelSchema, Span, encode_tags, word_offsets

_COMMENT = re.compile(r"# (id|sent_id|text|newdoc|newpar)\b")
DOCUMENT_START = "-DOCSTART-"
_BLANKS = re.compile(r"[ \t]+")
_TOKEN = re.compile(r"[^ \t\r\n]+")
_BREAKS = re.compile(r"[\t\r\n]")


@dataclass(slots=True)
class _Block:
    """The lines of one text; ``problem`` is the first malformed line."""

    last_line: int = 0
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    problem: tuple[int, str] | None = None


def columns_of(line: str) -> list[str]:
    """The columns of a line, separated by tabs if it has any, else by spaces."""
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
    shapes = {len(row) for row in rows if row[0] != DOCUMENT_START}
    tagged = any(row[-1] == "O" or is_prefixed(row[-1]) for row in rows)
    return tagged and len(shapes) == 1 and shapes <= {2, 3, 4}


def _blocks(lines: list[str]) -> Iterator[_Block]:
    width = _usual_width(lines)
    block = _Block()
    for number, line in enumerate(lines, start=1):
        columns = columns_of(line)
        if not line.strip(" \t") or columns[0] == DOCUMENT_START:
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
    """Write labelled documents as ``word TAB tag`` in IOB2; return one sentence per document left out.

    Texts are split at spaces and at span boundaries, so texts from CoNLL keep their words. With
    ``split_punctuation`` every word of ``word_offsets`` gets a line. Reading joins words with one space, so
    other white space is lost.

    Raises:
        FormatError: the spans of a document are not valid.
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
    if document.text.lstrip(" \t\r\n").startswith("\ufeff"):
        return "it begins with a byte-order mark"
    wrong = [span.label for span in document.spans if _BREAKS.search(span.label) or span.label.endswith(" ")]
    if wrong:
        return f"the label {wrong[0]!r} breaks a line"
    return None if len(words) else "no words"


def _rows(document: Document, tokens: NDArray[np.int32]) -> Iterator[tuple[str, str]]:
    if not document.spans:
        return ((document.text[start:end], "O") for start, end in tokens.tolist())
    spans = valid_spans(document)
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
    """Runs without spaces, split at span boundaries between words. Shape: (n_tokens, 2)."""
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


def _sniff(source: Source) -> float:
    return 0.4 if not source.is_folder and looks_like_conll(source.lines[:200]) else 0.0


def _read(source: Source, collector: Collector) -> None:
    read_conll(source.lines, collector)


register(
    Format(
        name="conll",
        title="CoNLL columns",
        suffixes=(".conll", ".bio", ".iob", ".iob2", ".bioes", ".tsv"),
        sniff=_sniff,
        read=_read,
        write=write_conll,
        keeps=frozenset({"order"}),
        layout="`conll/<split>.conll`: one word and its IOB2 tag a line, a blank line between texts. White "
        "space inside a text is not kept; the other formats keep it.",
    )
)
