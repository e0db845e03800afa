"""Any file of texts, told apart by its name and what stands in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wapaganda.annotation.collecting import Collector, FormatError, ReadResult
from wapaganda.annotation.conll import looks_like_conll, read_conll
from wapaganda.annotation.dataset_folder import is_dataset_folder, read_dataset_folder
from wapaganda.annotation.exports import is_export, read_tasks
from wapaganda.annotation.label_config import LabelConfig
from wapaganda.annotation.records import NumberedRecord, parse_lines, read_records
from wapaganda.ner import Document

FORMATS = ("conll", "jsonl", "label-studio", "datasets", "text")
_BY_SUFFIX = {
    **dict.fromkeys((".conll", ".bio", ".iob", ".iob2", ".bioes", ".tsv"), "conll"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
}
_LINE_END = re.compile(r"\r\n|\n|\r(?!\n)")


def read_documents(
    path: Path, format: str | None = None, *, config: LabelConfig | None = None, strict: bool = False
) -> ReadResult:
    """Reads a file (or a ``datasets`` folder) of texts, labelled or not; spans are repaired, nothing vanishes
    unsaid.

    ``format`` is one of ``FORMATS``, or told by the suffix and the content: CoNLL columns; JSON or JSONL
    records with text and spans; Label Studio tasks (``config`` names the tag and the field, else they are
    told from the file); plain text, one unlabelled document a line.

    Raises:
        FormatError: the format is not recognised, nothing could be read, or ``strict`` and a record is
        malformed. FileNotFoundError: there is no such file.
    """
    if format is not None and format not in FORMATS:
        raise FormatError(f"Expected a format of {', '.join(FORMATS)}, was: {format!r}")
    collector = Collector(path, strict)
    if path.is_dir() or format == "datasets":
        if not is_dataset_folder(path):
            raise FormatError(
                "Expected a folder saved by datasets, was: something else; name one file in it", path
            )
        read_dataset_folder(path, collector)
    else:
        text = _decoded(path)
        try:
            _READERS[format or _recognise(path, text)](text, collector, config)
        except FormatError as error:
            raise error if str(error).startswith(str(path)) else FormatError(str(error), path) from error
    return collector.result()


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FormatError(f"Expected UTF-8, was: byte 0x{content[error.start]:02x}", path, line) from None


def _recognise(path: Path, text: str) -> str:
    if path.suffix.lower() in _BY_SUFFIX:
        return _BY_SUFFIX[path.suffix.lower()]
    if text.lstrip()[:1] in ("{", "["):
        return "jsonl"
    if looks_like_conll(_lines(text)[:200]):
        return "conll"
    if path.suffix.lower() == ".txt" and text.strip():
        return "text"
    raise FormatError(
        f"Expected CoNLL columns, JSON, JSONL or a datasets folder, was: {text[:60]!r}; "
        "a name that ends in .conll, .jsonl, .json or .txt says which it is",
        path,
    )


def _lines(text: str) -> list[str]:
    """The lines without their ends; only line feeds and carriage returns end one, not U+2028 or U+0085."""
    lines = _LINE_END.split(text)
    return lines if lines[-1] else lines[:-1]


def _read_conll(text: str, collector: Collector, config: LabelConfig | None) -> None:
    read_conll(_lines(text), collector)


def _read_json(text: str, collector: Collector, config: LabelConfig | None) -> None:
    """JSON in any wrapping: one object, an array, or an object a line; records or Label Studio tasks."""
    records = _json_records(text, collector)
    if records and any(is_export(record) for _, record in records):
        read_tasks(records, collector, config)
    else:
        read_records(records, collector)


def _json_records(text: str, collector: Collector) -> list[NumberedRecord]:
    try:
        whole: Any = json.loads(text)
    except json.JSONDecodeError as error:
        lines = _lines(text)
        first = next((line for line in lines if line.strip()), "")
        if first.lstrip().startswith("[") or first.strip() == "{":
            raise FormatError(f"Expected JSON, was: {error.msg}", collector.path, error.lineno) from None
        return parse_lines(lines)
    if isinstance(whole, list):
        return [(None, record) for record in whole]
    return [(1, whole)]


def _read_tasks(text: str, collector: Collector, config: LabelConfig | None) -> None:
    read_tasks(_json_records(text, collector), collector, config)


def _read_text(text: str, collector: Collector, config: LabelConfig | None) -> None:
    for line in _lines(text):
        if line.strip():
            collector.add(Document(collector.default_id(), line))
    collector.note("read as plain text, one unlabelled document a line")


_READERS: dict[str, Callable[[str, Collector, LabelConfig | None], None]] = {
    "conll": _read_conll,
    "jsonl": _read_json,
    "label-studio": _read_tasks,
    "text": _read_text,
}
