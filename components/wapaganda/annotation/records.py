"""JSON records with a text and its spans, one per line (JSONL) or in an array."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.read_report import READ_KEY
from wapaganda.annotation.tag_schemes import TagReader
from wapaganda.ner import CONSIDERED, Document, Span, label_names, with_considered

#: A line number, if known, and the record or the error at that line.
NumberedRecord = tuple[int | None, Any]
_SPAN_KEYS = ("spans", "entities", "label", "labels")
_TAG_KEYS = ("ner_tags", "tags", "labels", "ner_labels", "ner")
_OWN_KEYS = {"id", "text", "tokens", "meta", "answer", *_SPAN_KEYS, *_TAG_KEYS}


def parse_lines(lines: list[str]) -> list[NumberedRecord]:
    """The records of a JSONL file, with an error in place of each line that is not JSON."""
    records: list[NumberedRecord] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            records.append((number, json.loads(line)))
        except json.JSONDecodeError as error:
            problem = FormatError(f"Expected a JSON object, was: {shown(line)} ({error})")
            records.append((number, problem))
    return records


def read_records(records: Iterable[NumberedRecord], collector: Collector) -> None:
    """Collects the documents; a record that cannot be read is skipped and reported."""
    for line, record in records:
        try:
            document = document_from_record(record, collector.default_id())
        except FormatError as error:
            collector.skip(line, str(error), error.kind)
        else:
            collector.add(document, line=line)


def document_from_record(record: object, default_id: str) -> Document:
    """A document from ``{"text", "spans", "id"?, "meta"?}`` or ``{"tokens", "ner_tags"}``.

    ``labels_considered`` or ``schema``: the labels that the annotators could choose from; by default all.
    Spans may also be called ``entities`` or ``label``. A span is ``{"start", "end", "label"}`` or
    ``[start, end, label]``. Without spans, or with ``null``, the document is unlabelled.

    Raises:
        FormatError: the record has another form.
    """
    if isinstance(record, FormatError):
        raise record
    if not isinstance(record, Mapping):
        raise FormatError(f"Expected a JSON object, was: {shown(record)}")
    if record.get("answer") in ("reject", "ignore"):
        raise FormatError(f"Expected an accepted record, was: answer {record['answer']!r}", kind="rejected")
    text, spans = _words_and_tags(record) if "text" not in record else (record["text"], _spans(record))
    known_id = record.get("id")
    meta = record.get("meta") or {}
    if not isinstance(meta, Mapping):
        raise FormatError(f"Expected meta to be an object, was: {shown(meta)}")
    others = {key: value for key, value in record.items() if key not in _OWN_KEYS}
    kept = {key: value for key, value in meta.items() if key != READ_KEY}
    known = _with_schema(others | kept)
    return Document(
        default_id if known_id is None else checked_text(str(known_id)),
        checked_text(text),
        spans,
        known,
    )


def _with_schema(meta: dict[str, Any]) -> dict[str, Any]:
    """``meta`` with the labels that the annotators could choose from, if it names them.

    Raises:
        FormatError: ``labels_considered`` is no list of labels. A ``schema`` of another form is not ours.
    """
    if meta.get(CONSIDERED) is not None:
        labels = label_names(meta[CONSIDERED])
        if labels is None:
            raise FormatError(f"Expected {CONSIDERED} to be a list of labels, was: {shown(meta[CONSIDERED])}")
        return with_considered(meta, labels)
    labels = label_names(meta.get("schema"))
    if labels is None:
        return meta
    return with_considered({key: value for key, value in meta.items() if key != "schema"}, labels)


def checked_text(text: object) -> str:
    """The text, checked.

    Raises:
        FormatError: it is not a string, or contains half of a surrogate pair, which cannot be encoded.
    """
    if not isinstance(text, str):
        raise FormatError(f"Expected a text, was: {shown(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FormatError(f"Expected whole characters, was: half a surrogate pair in {shown(text)}") from None
    return text


def shown(value: object) -> str:
    """The value as text, shortened for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _spans(record: Mapping[str, Any]) -> tuple[Span, ...] | None:
    present = [key for key in _SPAN_KEYS if record.get(key) is not None]
    if not present:
        return None
    if len(present) > 1:
        raise FormatError(f"Expected the spans under one key, was: {', '.join(present)}")
    value = record[present[0]]
    if not isinstance(value, list | tuple):
        raise FormatError(f"Expected {present[0]} to be a list of spans or null, was: {shown(value)}")
    return tuple(_span(item) for item in value)


def _span(item: object) -> Span:
    match item:
        case {"start": start, "end": end, "label": label, **others}:
            score = others.get("score")
        case {"start_offset": start, "end_offset": end, "label": label}:  # doccano
            score = None
        case [start, end, label]:
            score = None
        case _:
            raise FormatError(f"Expected a span with start, end and label, was: {shown(item)}")
    return Span(offset(start, item), offset(end, item), _label(label, item), checked_score(score))


def offset(value: object, item: object) -> int:
    """A code-point offset.

    Raises:
        FormatError: it is not a whole number.
    """
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise FormatError(f"Expected whole numbers for start and end, was: {shown(item)}")
    return value


def checked_score(value: object) -> float | None:
    """A score in [0, 1], or ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def _label(value: object, item: object) -> str:
    if not isinstance(value, str) or not value:
        raise FormatError(f"Expected a label that is a string, was: {shown(item)}")
    return checked_text(value)


def _words_and_tags(record: Mapping[str, Any]) -> tuple[str, tuple[Span, ...] | None]:
    words = record.get("tokens")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise FormatError(
            f"Expected a record with a text (or with tokens and ner_tags), was: {shown(record)}"
        )
    tags = next((record[key] for key in _TAG_KEYS if record.get(key) is not None), None)
    if tags is None:
        return " ".join(words), None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise FormatError(f"Expected tags that are strings, was: {shown(tags)}")
    return " ".join(words), _read_tags(words, tags)


def _read_tags(words: Sequence[str], tags: Sequence[str]) -> tuple[Span, ...]:
    return TagReader().spans(words, tags)


def record_from_document(document: Document) -> dict[str, Any]:
    """The JSON record: ``id``, ``text``, ``spans`` (``null`` if unlabelled) and, if not empty, ``meta``."""
    spans = None if document.spans is None else [_span_record(span) for span in document.spans]
    record: dict[str, Any] = {"id": document.id, "text": document.text, "spans": spans}
    return record | ({"meta": dict(document.meta)} if document.meta else {})


def _span_record(span: Span) -> dict[str, Any]:
    record: dict[str, Any] = {"start": span.start, "end": span.end, "label": span.label}
    return record if span.score is None else record | {"score": span.score}


def write_jsonl(documents: Iterable[Document], path: Path) -> None:
    """Writes one JSON object per line.

    ``{"id", "text", "spans": [{"start", "end", "label"}] | null, "meta"?}``
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            file.write(json.dumps(record_from_document(document), ensure_ascii=False) + "\n")
