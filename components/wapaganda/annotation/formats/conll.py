"""CoNLL columns: one word per line, its tag in the last column, an empty line between texts."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation.collecting import Collector, FormatError, valid_spans
from wapaganda.annotation.columns import MAX_COLUMNS, Layout, Rows, recognise
from wapaganda.annotation.format import Format, Source, register
from wapaganda.annotation.proposals import marked_spans, with_proposal
from wapaganda.annotation.tag_schemes import TagReader, labels_in
from wapaganda.ner import Document, LabelSchema, Span, encode_tags, word_offsets

_COMMENT = re.compile(r"# (id|sent_id|text|newdoc|newpar)\b")
DOCUMENT_START = "-DOCSTART-"
_BLANKS = re.compile(r"[ \t]+")
_TOKEN = re.compile(r"[^ \t\r\n]+")
_BREAKS = re.compile(r"[\t\r\n]")
_HEADER = frozenset(
    ("word", "words", "token", "tokens", "form", "text", "tag", "tags", "ner", "label", "labels")
)
_HEADER |= {"pos", "chunk", "id", "index", "#"}
_PROPOSED = "# proposed by "
"""The comment before a text whose tags are a model's. Whoever has checked them deletes the line."""
_BOM = "\ufeff"
_SNIFFED = 200


@dataclass(slots=True)
class _Block:
    """The rows of one text and the number of its first line; ``problem`` is the first malformed line.

    ``comments``: rows before the first word that begin with ``#``; whether it is a word, its tag decides.
    ``by``: the model that proposed the tags.
    """

    first_line: int = 0
    rows: list[list[str]] = field(default_factory=list)
    comments: list[list[str]] = field(default_factory=list)
    problem: tuple[int, str] | None = None
    by: str | None = None


def columns_of(line: str) -> list[str]:
    """The columns of a line, separated by tabs if it has any, else by spaces.

    Empty columns at the end of the line are no columns.
    """
    if "\t" not in line:
        return _BLANKS.split(line.strip(" "))
    columns = line.split("\t")
    if " " in line:
        columns = [part.strip(" ") for part in columns]
    while len(columns) > 1 and not columns[-1]:
        columns.pop()
    return columns


def read_conll(lines: list[str], collector: Collector) -> None:
    """Collects the texts; a text with a malformed line or tag is not read, and the line reported.

    Raises:
        FormatError: it is not plausible which columns hold the words and the tags.
    """
    blocks = list(_blocks(lines))
    sound = [block for block in blocks if not block.problem]
    texts = [block.rows for block in sound if block.rows] or [block.comments for block in sound]
    if not texts:
        for block in blocks:
            if block.problem:
                collector.skip(*block.problem)
        return
    layout = recognise(texts, collector.options)
    readable: list[list[str]] = []
    for block in blocks:
        if block.problem:
            collector.skip(*block.problem)
            continue
        rows = [*_words_among(block.comments, layout, texts), *block.rows]
        if not rows:
            continue
        words, tags = [row[layout.word] for row in rows], [row[layout.tag] for row in rows]
        document = Document(collector.default_id(), " ".join(words))
        try:
            spans = layout.reader.spans(words, tags)
        except FormatError as error:
            wrong = next(at for at, tag in enumerate(tags) if not layout.reader.reads(tag))
            line = block.first_line + wrong - len(rows) + len(block.rows)
            collector.unread(document, error.kind, str(error), line, labels_in(layout.reader, tags))
            continue
        if block.by is None:
            document = document.with_spans(spans)
        else:
            document = with_proposal(document, spans, block.by)
        collector.add(document, line=block.first_line)
        readable.append(tags)
    _report(layout, readable, texts, collector)


def _words_among(comments: list[list[str]], layout: Layout, texts: Sequence[Rows]) -> list[list[str]]:
    """The rows beginning with ``#`` that are words: the last column that all texts have as tags fits."""
    if not comments:
        return []
    reader, at = layout.reader, layout.tag
    known = {row[at] for rows in texts for row in rows} if reader.form == "bare" else set()
    return [row for row in comments if reader.reads(row[at]) and (not known or row[at] in known)]


def _report(layout: Layout, readable: list[list[str]], texts: Sequence[Rows], collector: Collector) -> None:
    """What was recognised, and the tag columns that were not read."""
    if readable:
        collector.note(f"{layout.describe()}; tags are {layout.reader.scheme(readable)}")
    for other in layout.others:
        columns = [[row[other] for row in rows] for rows in texts]
        reader = TagReader.of(Counter(tag for tags in columns for tag in tags), "auto")
        count = sum(len(labels_in(reader, tags)) for tags in columns)
        if count:
            collector.found("tag-column", f"column {other}, counted from 0", count)


def looks_like_conll(lines: Sequence[str]) -> bool:
    """Whether these lines have the same number of columns each and ``O`` or prefixed tags in one of them."""
    blocks = list(_blocks(lines))
    texts = [block.rows for block in blocks if block.rows]
    if not texts or any(block.problem for block in blocks):
        return False
    try:
        layout = recognise(texts)
    except FormatError:
        return False
    tags = [row[layout.tag] for rows in texts for row in rows]
    has_outside = "O" in tags and layout.tag == layout.width - 1
    return has_outside or (layout.reader.form not in ("bare", "plain") and any(tag != "O" for tag in tags))


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    """The texts of a file: blank lines and ``-DOCSTART-`` end a text, comments may stand before one."""
    split = [columns_of(line.removeprefix(_BOM)) for line in lines]
    width = _usual_width(split)
    block = _Block()
    rows = block.rows
    for number, (line, columns) in enumerate(zip(lines, split, strict=True), start=1):
        if rows and len(columns) == width and columns[0] and DOCUMENT_START not in line:
            rows.append(columns)
        elif columns == [""] or (DOCUMENT_START in line and DOCUMENT_START in columns):
            if block.rows or block.problem or block.comments:
                yield block
            block = _Block()
            rows = block.rows
        else:
            _take(block, number, line, columns, width)
    if block.rows or block.problem or block.comments:
        yield block


def _take(block: _Block, number: int, line: str, columns: list[str], width: int) -> None:
    """Take a line at the beginning of a text, or one of another width."""
    if not block.rows and line.startswith(_PROPOSED) and "\t" not in line:
        block.by = line.removeprefix(_PROPOSED)
    elif len(columns) == width and columns[0]:
        if not block.rows and line.startswith("#"):
            if not _COMMENT.match(line):
                block.comments.append(columns)
        elif block.rows or not _is_header(columns, number):
            block.first_line = block.first_line or number
            block.rows.append(columns)
    elif block.rows or block.problem or not line.startswith("#"):
        wanted = f"{width} columns" if width else "2 columns or more"
        block.problem = block.problem or (number, f"Expected {wanted} (word … tag), was: {line[:80]!r}")


def _is_header(columns: Sequence[str], number: int) -> bool:
    """Whether the first line names the columns."""
    return number == 1 and all(column.lower() in _HEADER for column in columns)


def _usual_width(split: Sequence[Sequence[str]]) -> int:
    """The number of columns that most lines have; 0 when most have one or very many."""
    widths = Counter(map(len, split))
    usual = (width for width in widths if 1 < width <= MAX_COLUMNS)
    return max(usual, key=lambda width: (widths[width], -width), default=0)


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
        for each in documents:
            spans, proposal = marked_spans(each)
            document = each.with_spans(spans)
            words = word_offsets(document.text) if split_punctuation else _tokens(document)
            problem = _inexpressible(document, words)
            if problem:
                left_out.append(f"{document.id}: CoNLL cannot express it ({problem})")
                continue
            if proposal is not None:
                by = " ".join(proposal.by.split()) or "a model"
                file.write(f"{_PROPOSED}{by}\n")
            file.write("".join(f"{word}\t{tag}\n" for word, tag in _rows(document, words)) + "\n")
    return tuple(left_out)


def _inexpressible(document: Document, words: NDArray[np.int32]) -> str | None:
    if document.spans is None:
        return "not labelled"
    if DOCUMENT_START in document.text:
        return f"a word is {DOCUMENT_START}"
    if _BOM in document.text and any(document.text[start] == _BOM for start, _ in words.tolist()):
        return "a word begins with a byte-order mark"
    wrong = next((span.label for span in document.spans if not _is_writable(span.label)), None)
    if wrong is not None:
        return f"the label {wrong!r} would be read as something else"
    return None if len(words) else "no words"


def _is_writable(label: str) -> bool:
    """Whether the tag ``B-label`` is read as it was written."""
    tag = f"B-{label}"
    if _BREAKS.search(label) or label.endswith(" ") or _BOM in label:
        return False
    try:
        return TagReader.of({"O": 1, tag: 1}).split(tag) == ("B", label)
    except FormatError:
        return False


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
    return 0.4 if not source.is_folder and looks_like_conll(source.lines[:_SNIFFED]) else 0.0


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
        keeps=frozenset({"order", "proposals"}),
        layout="`conll/<split>.conll`: one word and its IOB2 tag a line, a blank line between texts. White "
        "space inside a text is not kept; the other formats keep it.",
    )
)
