"""Which column of a file holds the words and which the tags: recognised from the whole file, or given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.read_options import ReadOptions
from wapaganda.annotation.tag_schemes import TagReader, form_of, outside_of

MAX_COLUMNS = 30
_CHUNKS = frozenset("NP VP PP ADVP ADJP SBAR PRT CONJP INTJ LST UCP NC VC PC".split())  # noqa: SIM905
_NUMBER = re.compile(r"[A-Za-z#]{0,5}[._:-]?\d+([._:-][A-Za-z]?\d+)*")
_ENOUGH, _ENOUGH_LAST = 0.9, 0.5
_COPIES = 0.5
_HINT = "name the columns by --columns word=0,tag=1 (counted from 0) and the scheme by --scheme"

Rows = Sequence[Sequence[str]]
"""The rows of one text, each with the same number of columns."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file, counted from 0, and how its tags are read; ``others``: tag columns not read."""

    width: int
    word: int
    tag: int
    reader: TagReader
    others: tuple[int, ...] = ()

    def describe(self) -> str:
        """The columns in words."""
        others = ", ".join(map(str, self.others))
        return f"word in column {self.word}, tag in column {self.tag} of {self.width} (counted from 0)" + (
            f", tags in column {others} are not read" if others else ""
        )


@dataclass(frozen=True, slots=True)
class _Columns:
    """The texts of a file, the values of each column, and how often each value occurs."""

    texts: Sequence[Rows]
    values: Sequence[Sequence[str]]
    counts: Sequence[Mapping[str, int]]

    @classmethod
    def of(cls, texts: Sequence[Rows]) -> _Columns:
        width = len(texts[0][0])
        values = [[row[at] for rows in texts for row in rows] for at in range(width)]
        return cls(texts, values, [Counter(column) for column in values])

    @property
    def width(self) -> int:
        return len(self.values)


def recognise(texts: Sequence[Rows], options: ReadOptions | None = None) -> Layout:
    """The layout of a file whose texts have these rows.

    Raises:
        FormatError: no column is plausible as the tags, or several are; the message names the options that
            decide.
    """
    options = options or ReadOptions()
    columns = _Columns.of(texts)
    try:
        if options.columns:
            return _given(columns, options)
        return _found(columns, options.scheme)
    except FormatError as error:
        raise FormatError(f"{error}; {_HINT}") from None


def _given(columns: _Columns, options: ReadOptions) -> Layout:
    word, tag = options.columns["word"], options.columns["tag"]
    if max(word, tag) >= columns.width:
        raise FormatError(f"Expected columns 0 to {columns.width - 1}, was: word={word}, tag={tag}")
    return Layout(columns.width, word, tag, TagReader.of(columns.counts[tag], options.scheme))


def _found(columns: _Columns, scheme: str) -> Layout:
    counters = [at for at in range(columns.width) if _is_no_word(columns, at)]
    prefixed = [at for at in range(columns.width) if at not in counters and _has_prefixes(columns, at)]
    if len(prefixed) + len(counters) == columns.width:
        spare = prefixed[:1] if len(prefixed) > 1 else counters[-1:]
        prefixed = [at for at in prefixed if at not in spare]
        counters = [at for at in counters if at not in spare]
    if prefixed and scheme != "bare":
        tag, others = _outer(columns, prefixed)
        reader = TagReader.of(columns.counts[tag], scheme)
    else:
        tag, reader = _bare(columns, counters, scheme)
        others = ()
    words = [at for at in range(columns.width) if at not in (tag, *others, *counters)]
    if not words:
        raise FormatError("Expected a column with words, was: tags and numbers only")
    word = max(words, key=lambda at: (len(columns.counts[at]), -at))
    return Layout(columns.width, word, tag, reader, others)


def _has_prefixes(columns: _Columns, at: int) -> bool:
    """Whether the column holds ``O`` and tags with a prefix: nearly only these, in the last column mostly."""
    counts = columns.counts[at]
    outside = outside_of(counts)
    marked = {tag: count for tag, count in counts.items() if tag not in outside}
    form = form_of(marked)
    if form == "bare":
        return False
    reader = TagReader(form, outside)
    fitting = sum(count for tag, count in counts.items() if reader.reads(tag))
    known = any(tag in ("O", "o") for tag in counts) or bool(marked)
    enough = _ENOUGH_LAST if at == columns.width - 1 else _ENOUGH
    return known and fitting >= enough * len(columns.values[at])


def _is_no_word(columns: _Columns, at: int) -> bool:
    """Whether a column of three or more holds numbers (of words, texts, offsets) or one value throughout."""
    counts = columns.counts[at]
    if columns.width < 3 or any(tag in ("O", "o") for tag in counts):
        return False
    return (len(counts) == 1 and len(columns.values[at]) > 1) or all(map(_NUMBER.fullmatch, counts))


def _outer(columns: _Columns, prefixed: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """The column with the outer entities and the other tag columns; columns of chunks are left out.

    Raises:
        FormatError: no column holds the spans of all others.
    """
    marked = {at: _types(columns.counts[at]) for at in prefixed}
    entities = [at for at in prefixed if marked[at] and not marked[at] <= _CHUNKS] or list(prefixed[-1:])
    empty = [at for at in prefixed if not marked[at]]
    if not any(marked[at] for at in entities) and len(prefixed) > 1:
        return prefixed[0], tuple(prefixed[1:])
    for at in entities:
        others = [other for other in entities if other != at]
        if all(_inside(columns, other, at) for other in others):
            return at, (*others, *(each for each in empty if each != at))
    listed = ", ".join(map(str, entities))
    raise FormatError(f"Expected one column with tags, was: several that differ (columns {listed})")


def _types(counts: Mapping[str, int]) -> set[str]:
    outside = outside_of(counts)
    marked = {tag: count for tag, count in counts.items() if tag not in outside}
    reader = TagReader(form_of(marked), outside)
    return {reader.split(tag)[1] for tag in marked if reader.reads(tag)}


def _inside(columns: _Columns, inner: int, outer: int) -> bool:
    """Whether nearly all words that are marked in ``inner`` are marked in ``outer``."""
    out_inner, out_outer = outside_of(columns.counts[inner]), outside_of(columns.counts[outer])
    both = zip(columns.values[inner], columns.values[outer], strict=True)
    within = [there not in out_outer for here, there in both if here not in out_inner]
    return sum(within) >= _ENOUGH * len(within)


def _bare(columns: _Columns, counters: Sequence[int], scheme: str) -> tuple[int, TagReader]:
    """The last column that is plausible as types without prefixes.

    Raises:
        FormatError: none is; the message says why the last one is not.
    """
    problem: FormatError | None = None
    for at in reversed([at for at in range(columns.width) if at not in counters]):
        try:
            reader = TagReader.of(columns.counts[at], scheme)
            if scheme == "auto":
                _check_types(columns, at)
        except FormatError as error:
            problem = problem or error
        else:
            return at, reader
    raise problem or FormatError("Expected a column with tags, was: none")


def _check_types(columns: _Columns, at: int) -> None:
    """Refuse types that are the words themselves.

    Raises:
        FormatError: they are.
    """
    outside = outside_of(columns.counts[at])
    for other in range(columns.width):
        if other == at:
            continue
        pairs = zip(columns.values[at], columns.values[other], strict=True)
        marked = [(tag, word) for tag, word in pairs if tag not in outside]
        copies = [tag for tag, word in marked if tag.lower() == word.lower()]
        if marked and len(copies) >= _COPIES * len(marked):
            raise FormatError(f"Expected entity types, was: words of the text such as {copies[0]!r}")
