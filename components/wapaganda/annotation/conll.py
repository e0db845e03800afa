"""CoNLL columns: a word a line, its tag in the last column, a blank line between texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wapaganda.annotation.collecting import Collector
from wapaganda.annotation.tagging import TagReader, is_prefixed
from wapaganda.ner import Document

_COMMENT = re.compile(r"# (id|sent_id|text|newdoc|newpar)\b")
DOCUMENT_START = "-DOCSTART-"
_BLANKS = re.compile(r"[ \t]+")


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
