"""The table of file formats, and how a new format is registered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.label_studio.label_config import LabelConfig
from wapaganda.annotation.read_options import ReadOptions
from wapaganda.annotation.records import NumberedRecord, parse_json, parse_lines
from wapaganda.ner import Document
from wapaganda.plugins import Registry

_LINE_END = re.compile(r"\r\n|\n|\r(?!\n)")
_JSON_START = re.compile(r'\s*(\{\s*["}\w]|\[\s*[\[\]{"0-9])')

ASPECTS = ("ids", "order", "meta", "scores", "unlabelled texts", "white space", "proposals", "provenance")
"""What a format can keep besides texts and spans.

``proposals``: what a model proposed comes back as that. ``provenance``: it is said who gave each span, and a
machine's labels are written beside those of people."""


@dataclass(eq=False)
class Source:
    """A file or folder to read. Content, lines and JSON records are read once, when a format asks for them.

    ``config`` is the label config of Label Studio tasks, if the caller knows it; ``options``: what the user
    says about the file.
    """

    path: Path
    config: LabelConfig | None = None
    options: ReadOptions = field(default_factory=ReadOptions)

    @cached_property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.path.is_dir()

    @cached_property
    def content(self) -> bytes:
        """The bytes of a file; empty for a folder."""
        return b"" if self.is_folder else self.path.read_bytes()

    @cached_property
    def text(self) -> str:
        """The file as UTF-8, without a byte-order mark.

        Raises:
            FormatError: it is not UTF-8.
        """
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line, byte = self.content.count(b"\n", 0, error.start) + 1, self.content[error.start]
            raise FormatError(f"Expected UTF-8, was: byte 0x{byte:02x}", self.path, line) from None

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends. Line feeds and carriage returns end a line, U+2028 does not."""
        lines = _LINE_END.split(self.text)
        return lines if lines[-1] else lines[:-1]

    @cached_property
    def records(self) -> list[NumberedRecord]:
        """The JSON records: one object, an array, or one object per line.

        Raises:
            FormatError: it is not JSON.
        """
        try:
            whole: Any = parse_json(self.text)
        except json.JSONDecodeError as error:
            first = next((line for line in self.lines if line.strip()), "")
            if first.lstrip().startswith("[") or first.strip() == "{":
                raise FormatError(f"Expected JSON, was: {error.msg}", self.path, error.lineno) from None
            return parse_lines(self.lines)
        is_pair = isinstance(whole, list) and len(whole) == 2 and isinstance(whole[0], str)
        many = whole if isinstance(whole, list) and not is_pair else None
        return [(1, whole)] if many is None else [(None, record) for record in many]

    @property
    def looks_like_json(self) -> bool:
        """Whether the file starts like JSON."""
        return not self.is_folder and _JSON_START.match(self.text) is not None

    def objects(self) -> Iterable[Mapping[str, Any]]:
        """The JSON objects among the records; none if the file does not start like JSON."""
        records = self.records if self.looks_like_json else []
        return (record for _, record in records if isinstance(record, Mapping))


@dataclass(frozen=True, slots=True)
class Format:
    """A file format for documents.

    ``name``: in ``--formats`` and ``read_documents``. ``title``: in help texts. ``suffixes``: of file names;
    the first one is written. ``sniff``: how likely the source has this format, from 0 to 1. ``read``: adds
    the documents to the collector, which repairs and counts spans. ``write``: writes to a path that does not
    exist or is an empty folder, and returns one sentence for each text that it left out; ``None``: the
    format is read-only. ``keeps``: the ``ASPECTS`` that survive writing and reading. ``layout``: how to load
    it, for the data card. ``index``: completes a folder of splits.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Source], float]
    read: Callable[[Source, Collector], None]
    write: Callable[[Sequence[Document], Path], Sequence[str]] | None = None
    keeps: frozenset[str] = field(default_factory=frozenset)
    is_folder: bool = False
    layout: str = ""
    index: Callable[[Path, Sequence[str]], None] | None = None


_REGISTRY: Registry[Format] = Registry("format", "wapaganda.formats", "wapaganda.annotation.formats")


def register(format: Format) -> Format:
    """Register a format. Every module in the folder ``annotation/formats`` is imported, and every module that
    another package names by an entry point of the group ``wapaganda.formats``.

    Raises:
        ValueError: the name is taken, or ``keeps`` has a value that is not in ``ASPECTS``.
    """
    if format.keeps - set(ASPECTS):
        raise ValueError(f"Expected aspects out of {', '.join(ASPECTS)}, was: {format}")
    _REGISTRY.add(format.name, format, format.read.__module__)
    return format


def all_formats() -> dict[str, Format]:
    """All formats by name: files first, then folders, sorted by title."""
    return dict(sorted(_REGISTRY.items(), key=lambda item: (item[1].is_folder, item[1].title.lower())))


def by_suffix(path: Path, *, writable: bool = False) -> Format | None:
    """The format with the longest suffix that the file name ends in."""
    found = [
        (len(suffix), each)
        for each in all_formats().values()
        for suffix in (each.suffixes[:1] if writable else each.suffixes)
        if path.name.lower().endswith(suffix) and (each.write is not None or not writable)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def writable_suffixes() -> tuple[str, ...]:
    """The suffixes of files and folders that ``write_documents`` can write."""
    return tuple(each.suffixes[0] for each in all_formats().values() if each.write is not None)


def format_titles() -> str:
    """The titles of all formats in one phrase, for help texts and messages."""
    *most, last = (each.title for each in all_formats().values())
    return f"{', '.join(most)} or {last}"


def format_table() -> str:
    """The table of formats as Markdown, for the docs."""
    rows = ["| Format | Name | Suffixes | Does not keep |", "|---|---|---|---|"]
    for each in all_formats().values():
        suffixes = " ".join(f"`{suffix}`" for suffix in each.suffixes)
        kept = [aspect for aspect in ASPECTS if aspect in each.keeps]
        lost = [aspect for aspect in ASPECTS if aspect not in each.keeps]
        missing = f"all but {', '.join(kept)}" if 0 < len(kept) < 3 else ", ".join(lost) or "nothing"
        rows.append(
            f"| {each.title} | `{each.name}` | {suffixes} | {missing if each.write else '(read only)'} |"
        )
    return "\n".join(rows) + "\n"
