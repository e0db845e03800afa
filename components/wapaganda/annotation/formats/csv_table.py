"""CSV and TSV files: one text a row, under a column with a name."""

from __future__ import annotations

import ast
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.format import ASPECTS, Format, Source, register
from wapaganda.annotation.record_spans import MACHINE_KEYS, SPAN_KEYS, TAG_KEYS, looks_like_tags, shown
from wapaganda.annotation.records import TEXT_KEYS, WORD_KEYS, read_records, record_from_document
from wapaganda.ner import CONSIDERED, Document

_DELIMITERS = ",;\t|"
_LARGEST_CELL = 2**31 - 1
_LABELS = SPAN_KEYS.union(TAG_KEYS, MACHINE_KEYS)
_VALUES = _LABELS.union(WORD_KEYS, ("meta", CONSIDERED))
"""Columns, in lower case, whose cells hold values of JSON."""
_HEAD = ("id", "text", "spans")
_MORE = ("proposed", "provenance", "model", "meta")
"""Columns that are written if a text needs them."""
_WORDS = ("id", "answer", "answered", "provenance", "model")
"""Columns, in lower case, whose cells mean the same as in JSON."""
_NOTHING = frozenset(("", "null", "None", "NaN", "nan"))
_SNIFFED = 65_536


def _head(source: Source) -> tuple[str, list[str]]:
    """The delimiter and the names of the columns.

    The delimiter is the one that separates most names, if possible with the column of the texts among them.
    """
    found = []
    for delimiter in _DELIMITERS:
        names = next(csv.reader(io.StringIO(source.text[:_SNIFFED], newline=""), delimiter=delimiter), [])
        names = [name.strip() for name in names]
        found.append((_text_column(names, source) is not None, len(names), delimiter, names))
    _, _, delimiter, names = max(found, key=lambda each: each[:2])
    return delimiter, names


def _text_column(names: Sequence[str], source: Source) -> int | None:
    """The column of the texts: the one that the user names, else the first usual name."""
    wanted = source.options.text_field
    if wanted and tuple(names[:3]) != _HEAD:
        return names.index(wanted) if wanted in names else None
    lower = [name.lower() for name in names]
    return next((lower.index(key) for key in TEXT_KEYS if key in lower), None)


def _sniff(source: Source) -> float:
    suffix = source.path.suffix.lower()
    if suffix == ".txt" or source.looks_like_json or not source.text.strip():
        return 0.0
    delimiter, names = _head(source)
    column = _text_column(names, source)
    if suffix == ".csv":
        return 0.5
    if column is None or len(names) < 2:
        return 0.0
    # The words of CoNLL columns have no spaces, and its lines no empty header cell.
    rows = csv.reader(io.StringIO(source.text[:_SNIFFED], newline=""), delimiter=delimiter)
    cells = [row[column] for row in rows if len(row) == len(names)][1:]
    return 0.8 if cells and 2 * sum(" " in cell.strip() for cell in cells) > len(cells) else 0.0


def _read(source: Source, collector: Collector) -> None:
    if not source.text.strip():
        raise FormatError("Expected a first line with the names of the columns, was: an empty file")
    delimiter, names = _head(source)
    column = _text_column(names, source)
    if column is None:
        field = source.options.text_field
        wanted = f"a column {field!r}" if field else f"a column with the texts ({', '.join(TEXT_KEYS)})"
        raise FormatError(
            f"Expected {wanted} in the first line, was: {', '.join(names)}; name it by --text-field",
            source.path,
            1,
        )
    if twice := [name for at, name in enumerate(names) if name in names[:at]]:
        raise FormatError(f"Expected each column once, was: {twice[0]!r} twice", source.path, 1)
    others: dict[str, list[str]] = {}
    records: list[tuple[int, Any]] = []
    for line, row in _rows(source, delimiter):
        record = _record(names, row, column)
        records.append((line, record))
        if isinstance(record, Mapping):
            for name in record["meta"].keys() & set(names):
                if name.lower() in _LABELS:
                    others.setdefault(name, []).append(record["meta"][name])
    read_records(records, collector)
    for name, values in others.items():
        collector.found("other-labels", f"column {name!r}: {shown(values[0])}", len(values))
    collector.note(f"texts are in column {names[column]!r}, separated by {_named(delimiter)}")


def _named(delimiter: str) -> str:
    return {"\t": "tabs", ",": "commas", ";": "semicolons"}.get(delimiter, repr(delimiter))


def _rows(source: Source, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows behind the first, each with the number of its first line; blank ones are left out.

    Raises:
        FormatError: quotes are not closed or not doubled.
    """
    limit = csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(source.text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for number, row in enumerate(reader):
            if number and row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise FormatError(
            f"Expected cells with quotes around them, and quotes inside doubled, was: {error}",
            source.path,
            line,
        ) from None
    finally:
        csv.field_size_limit(limit)


def _record(names: Sequence[str], row: Sequence[str], column: int) -> Mapping[str, Any] | FormatError:
    """The row as a JSON record, or why it is none. Other columns are in ``meta``."""
    if len(row) != len(names):
        return FormatError(f"Expected {len(names)} cells, was: {len(row)}")
    text, meta = row[column], {}
    record: dict[str, Any] = {"text": text}
    for at, (name, cell) in enumerate(zip(names, row, strict=True)):
        key = name.lower()
        is_own = key in _VALUES or key in _WORDS
        if at == column or (is_own and cell.strip() in _NOTHING):
            continue
        if key in _WORDS:
            record[key] = cell
        elif key in TAG_KEYS and looks_like_tags(cell):
            words, tags = text.split(), cell.split()
            if len(words) != len(tags):
                return FormatError(f"Expected {len(words)} tags in the column {name!r}, was: {len(tags)}")
            record |= {"tokens": words, "ner_tags": tags}
        elif key in _VALUES and cell.lstrip()[:1] in "[{":
            try:
                record[key] = _value(cell)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                return FormatError(f"Expected JSON in the column {name!r}, was: {shown(cell)}")
        else:
            meta[name] = cell
    inner = record.get("meta", {})
    return record | {"meta": {**meta, **inner}} if isinstance(inner, dict) else record


def _value(cell: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a cell: JSON, or what ``pandas`` writes for a list."""
    try:
        return json.loads(cell)
    except json.JSONDecodeError:
        return ast.literal_eval(cell.strip())


def _write(documents: Sequence[Document], path: Path) -> Sequence[str]:
    records = [record_from_document(document) for document in documents]
    more = [name for name in _MORE if any(name in record for record in records)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)  # lines end with CR LF, so cells with either are quoted (RFC 4180)
        writer.writerow([*_HEAD, *more])
        for record in records:
            writer.writerow([_cell(record.get(name)) for name in (*_HEAD, *more)])
    return ()


def _cell(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


register(
    Format(
        name="csv",
        title="CSV or TSV with a column of texts",
        suffixes=(".csv",),
        sniff=_sniff,
        read=_read,
        write=_write,
        keeps=frozenset(ASPECTS),
        layout="`csv/<split>.csv`: the columns `id`, `text` and `spans` (JSON), and `meta` (JSON).",
    )
)
