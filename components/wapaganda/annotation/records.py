"""JSON records with a text and its spans, one per line (JSONL) or in an array."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.proposals import (
    MODEL,
    PROPOSED,
    PROVENANCE,
    SPANS_BY,
    TERM,
    Proposal,
    Provenance,
    as_proposal,
    states_machine,
    states_provenance,
    with_proposal,
    without_machine,
)
from wapaganda.annotation.read_report import READ_KEY
from wapaganda.annotation.record_spans import (
    MACHINE_KEYS,
    SPAN_KEYS,
    TAG_KEYS,
    checked_meta,
    checked_text,
    labels_among,
    looks_like_labels,
    looks_like_tags,
    placed_spans,
    shown,
    spans_of,
)
from wapaganda.annotation.tag_schemes import TagReader
from wapaganda.ner import CONSIDERED, Document, Span, label_names, span_to_dict, with_considered

#: A line number, if known, and the record or the error at that line.
NumberedRecord = tuple[int | None, Any]
TEXT_KEYS = ("text", "data", "sentence", "content")
"""The keys of the text; the first present one counts."""
WORD_KEYS = ("tokens", "words")
"""The keys of the words of a text."""
_OWN_KEYS = frozenset(("id", "text", "tokens", "meta", "answer"))
_REJECTED = frozenset(("reject", "ignore", "discarded", "rejected"))
_CONFIRMED = frozenset(("accept", "validated", "submitted", "completed"))
_ANSWERED = "answered"
"""The key by which a person says that what a model proposed is right, without a copy of it."""
_YES = (True, 1, "1", "true", "yes", "x")
_BATCH_KEYS = frozenset(("rank", "uncertainty", "drawn"))
_LABEL_KEYS = SPAN_KEYS.union(TAG_KEYS, MACHINE_KEYS)
_NO_TAG = (-1, -100, None)


def parse_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value; an object with the same key twice becomes a ``FormatError`` in its place.

    Raises:
        json.JSONDecodeError: it is not JSON.
    """
    doubled: list[str] = []
    try:
        value = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, doubled))
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", text, 0) from None
    return _with_errors(value) if doubled else value


class _Doubled(dict[str, Any]):
    """An object with the key ``again`` twice."""

    again: str = ""


def _object(pairs: list[tuple[str, Any]], doubled: list[str]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen = _Doubled(found)
    seen.again = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
    doubled.append(seen.again)
    return seen


def _with_errors(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The records of a value, those with a doubled key as errors."""
    if isinstance(value, list):
        return [_with_errors(each) for each in value]
    again = _doubled_in(value)
    if again is None:
        return value
    return FormatError(f"Expected each key once, was: {again!r} twice in {shown(value)}", kind="doubled-key")


def _doubled_in(value: object) -> str | None:
    if isinstance(value, _Doubled):
        return value.again
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((again for each in inner if (again := _doubled_in(each)) is not None), None)


def parse_lines(lines: list[str]) -> list[NumberedRecord]:
    """The records of a JSONL file, with an error in place of each line that is not JSON."""
    records: list[NumberedRecord] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            records.append((number, parse_json(line)))
        except (json.JSONDecodeError, RecursionError) as error:
            problem = FormatError(f"Expected a JSON object, was: {shown(line)} ({error})")
            records.append((number, problem))
    return records


def read_records(
    records: Iterable[NumberedRecord], collector: Collector, where: Mapping[int, str] | None = None
) -> None:
    """Collects the documents; a record that cannot be read is reported. All records have the same tag scheme.

    What a model found is no label: see `Reading.machine`. ``where``: the places of the records by number, if
    these are not the lines of the file.
    """
    records = list(records)
    reader = RecordReader.of([record for _, record in records], collector.options.scheme)
    readings: list[tuple[int | None, Reading]] = []
    for line, record in records:
        try:
            readings.append((line, reader.read(record, "")))
        except FormatError as error:
            if where is not None and line is not None:
                error = FormatError(f"{where[line]}: {error}", kind=error.kind)
            readings.append((line, Reading(_known_text(record), error=error, record=record)))
    # A file of a model has texts without entities as well, which carry no score that could tell.
    is_by_machine = any(each.machine and each.has_scores for _, each in readings) and not any(
        each.document is not None and each.document.spans and not each.machine for _, each in readings
    )
    for line, reading in readings:
        _collect(reading, line if where is None else None, collector, is_by_machine)
    for counting in reader.countings:
        collector.found("offsets-mended", counting)
    for note in reader.notes:
        collector.note(note)


def _collect(reading: Reading, line: int | None, collector: Collector, is_by_machine: bool) -> None:
    document, error = reading.document, reading.error
    if document is None or (error is not None and error.kind == "rejected"):
        assert error is not None
        collector.skip(line, str(error), error.kind, labels_of(reading.record))
        return
    if not document.id:
        document = Document(collector.default_id(), document.text, document.spans, document.meta)
    if error is not None:
        collector.unread(document, error.kind, str(error), line, labels_of(reading.record))
        return
    if document.spans is not None and (
        reading.machine or (is_by_machine and not document.spans and not reading.is_answer)
    ):
        by = str(document.meta.get(MODEL, "")) if states_machine(document) else ""
        plain = replace(document, meta=without_machine(document.meta))
        document = with_proposal(plain, document.spans, by)
    for key in reading.others:
        collector.found("other-labels", f"{key!r}", line=line)
    for key in reading.mended:
        collector.found("meta-number", f"{key!r}", line=line)
    collector.add(document, line=line, is_answer=reading.is_answer)


@dataclass(slots=True)
class Reading:
    """A record as it was read.

    ``machine``: its spans are a model's, which the record itself says by scores or by the marks of a batch.
    ``has_scores``: it is the scores that say so. ``others``: keys that hold other labels, which are not read.
    ``mended``: fields of ``meta`` with a number that is no JSON. ``is_answer``: the record says that a person
    answered. ``error``: why the record is not read; ``document`` is then its text, if that is known.
    """

    document: Document | None
    machine: bool = False
    has_scores: bool = False
    others: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    is_answer: bool = False
    error: FormatError | None = None
    record: object = None


@dataclass(slots=True)
class RecordReader:
    """Reads the records of one file, whose tags all have one scheme; ``problem``: why they have none.

    ``countings``: takes how the offsets were counted where they had to be mended.
    """

    tags: TagReader = field(default_factory=TagReader)
    problem: str = ""
    notes: tuple[str, ...] = ()
    countings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, records: Iterable[object], scheme: str = "auto") -> RecordReader:
        """The reader for these records."""
        counts: Counter[str] = Counter()
        for record in records:
            if isinstance(record, Mapping) and not record.keys().isdisjoint(WORD_KEYS):
                found = _tags_of(record)
                if found and isinstance(found[1], list) and all(isinstance(tag, str) for tag in found[1]):
                    counts.update(found[1])
        if not counts:
            return cls()
        try:
            reader = TagReader.of(counts, scheme)
        except FormatError as error:
            return cls(problem=f"{error}; name the scheme by --scheme")
        unusual = reader.form != "B-PER" or "O" not in reader.outside
        return cls(reader, "", (f"tags are {reader.scheme([list(counts)])}",) if unusual else ())

    def read(self, record: object, default_id: str) -> Reading:
        """The reading of a record in any form that the docs list (docs/data.md#json).

        Raises:
            FormatError: the record has another form.
        """
        if isinstance(record, FormatError):
            raise record
        record = _plain_form(record)
        status = _status(record)
        if status in _REJECTED:
            raise FormatError(f"Expected an accepted record, was: answer {status!r}", kind="rejected")
        text, spans, used = self._answer(record)
        known_id = record.get("id")
        mended: list[str] = []
        meta = _with_origin(_meta(record, used, mended), record)
        proposed = _take_proposal(record, meta)
        others = _others(record, used, text)
        if others and spans is None and proposed is None:
            raise FormatError(
                f"Expected labels under spans or ner_tags, was: {others[0]!r}, which is not read",
                kind="unknown-key",
            )
        document_id = default_id if known_id is None else checked_text(str(known_id))
        if spans is None and proposed is not None and _says_answered(record):
            spans = tuple(replace(span, score=None) for span in proposed.spans)
            meta.pop(_ANSWERED, None)
        document = Document(document_id, text, spans, meta)
        if spans is None:
            document = document if proposed is None else with_proposal(document, proposed.spans, proposed.by)
            return Reading(document, False, False, others, tuple(mended))
        confirmed = status in _CONFIRMED or bool(record.get("annotation_approver"))
        if proposed is not None or confirmed:
            answered = {key: value for key, value in without_machine(meta).items() if key != PROPOSED}
            answer = Document(document_id, text, spans, answered)
            return Reading(answer, others=others, mended=tuple(mended), is_answer=True)
        machine = _is_machine(spans, meta)
        is_stated = PROPOSED in meta or states_provenance(meta)
        has_scores = machine and bool(spans) and not is_stated
        return Reading(document, machine, has_scores, others, tuple(mended))

    def _answer(self, record: Mapping[str, Any]) -> tuple[str, tuple[Span, ...] | None, set[str]]:
        """The text, the spans, and the keys where they stood."""
        key = next((key for key in TEXT_KEYS if isinstance(record.get(key), str)), None)
        if key is None and "text" in record:
            checked_text(record["text"])
        if key is None or (record.get("tokens") and not record.keys() & {"spans", "entities", "ents"}):
            words = _words(record)
            if words is not None and (key is None or _tags_of(record) is not None):
                return self._tagged(record, words, key)
        if key is None:
            raise FormatError(
                f"Expected a record with a text (or with tokens and ner_tags), was: {shown(record)}"
            )
        spans, used = _spans(record)
        text = checked_text(record[key])
        if spans:
            spans, counting = placed_spans(spans, _inner(record[used[0]]), text)
            self.countings += [counting] if counting else []
        return text, spans, {key, *used}

    def _tagged(
        self, record: Mapping[str, Any], words: Sequence[str], text_key: str | None
    ) -> tuple[str, tuple[Span, ...] | None, set[str]]:
        text, used = checked_text(" ".join(words)), {*WORD_KEYS}
        found = _tags_of(record)
        if found is None:
            return text, None, used
        used.add(found[0])
        if isinstance(found[1], list) and all(tag in _NO_TAG for tag in found[1]):
            return text, () if not words and not found[1] else None, used
        spans = self._read_tags(words, found[1])
        if text_key is None:
            return text, spans, used
        whole = checked_text(record[text_key])
        return *_placed(whole, words, text, spans), used | {text_key}

    def _read_tags(self, words: Sequence[str], tags: object) -> tuple[Span, ...]:
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            hidden = isinstance(tags, list) and any(tag in _NO_TAG for tag in tags)
            numbers = isinstance(tags, list) and all(isinstance(tag, int) for tag in tags)
            kind = "hidden-tags" if hidden else "label-numbers" if numbers else "malformed"
            raise FormatError(f"Expected tags that are strings, was: {shown(tags)}", kind=kind)
        if self.problem:
            raise FormatError(self.problem, kind="tag")
        return self.tags.spans(words, tags)


def document_from_record(record: object, default_id: str) -> Document:
    """A document from one record, see `RecordReader`.

    Raises:
        FormatError: the record has another form.
    """
    document = RecordReader.of([record]).read(record, default_id).document
    assert document is not None
    return document


def _plain_form(record: object) -> Mapping[str, Any]:
    """The record with text and labels at the top: pairs of spaCy and records of Argilla are unpacked."""
    if isinstance(record, list | tuple) and len(record) == 2 and isinstance(record[1], Mapping):
        return {"text": record[0], **record[1]}
    if not isinstance(record, Mapping):
        raise FormatError(f"Expected a JSON object, was: {shown(record)}")
    fields = record.get("fields")
    if isinstance(fields, Mapping) and isinstance(record.get("responses", {}), Mapping):
        return _argilla(record, fields)
    if any(isinstance(key, str) and key.endswith(".responses") for key in record):
        return _argilla_columns(record)
    return record


def _argilla(record: Mapping[str, Any], fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The form of Argilla 2's ``to_json``: ``fields``, ``responses`` and ``suggestions`` by question."""
    texts = [value for value in fields.values() if isinstance(value, str)]
    if "text" not in fields and len(texts) != 1:
        raise FormatError(f"Expected one field with the text, was: {', '.join(map(str, fields)) or 'none'}")
    plain: dict[str, Any] = {"text": fields.get("text", texts[0] if texts else None)}
    plain |= {key: record[key] for key in ("id", "status", "metadata") if record.get(key) is not None}
    answers = [
        each.get("value")
        for question in (record.get("responses") or {}).values()
        for each in (question if isinstance(question, list) else [question])
        if isinstance(each, Mapping) and each.get("status", "submitted") == "submitted"
    ]
    found = [each for each in (record.get("suggestions") or {}).values() if isinstance(each, Mapping)]
    return plain | _answered(answers) | ({"suggestion": found[0].get("value")} if found else {})


def _argilla_columns(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The form of Argilla 2's ``to_datasets``: columns such as ``span.responses`` and ``span.suggestion``."""
    plain = {key: value for key, value in record.items() if "." not in key and not key.startswith("_")}
    answers: list[Any] = []
    for key, value in record.items():
        if key.endswith(".responses"):
            states = record.get(f"{key}.status") or ["submitted"] * len(value or [])
            pairs = zip(value or [], states, strict=False)
            answers += [each for each, state in pairs if state == "submitted"]
        elif key.endswith(".suggestion") and value is not None:
            plain["suggestion"] = value
    plain.pop("status", None)
    return plain | _answered(answers)


def _answered(answers: Sequence[Any]) -> dict[str, Any]:
    if not answers:
        return {}
    if any(each != answers[0] for each in answers[1:]):
        raise FormatError(
            f"Expected answers that agree, was: {len(answers)} that differ", kind="answers-differ"
        )
    return {"spans": answers[0]}


def _spans(record: Mapping[str, Any]) -> tuple[tuple[Span, ...] | None, tuple[str, ...]]:
    """The spans and the keys where they stand.

    Raises:
        FormatError: they have another form, or several keys hold different ones.
    """
    present = [key for key in record if key.lower() in SPAN_KEYS and record[key] is not None]
    if len(present) > 1:
        present = [key for key in present if _may_be_spans(record[key])] or present[:1]
    if not present:
        return None, ()
    found = [spans_of(_inner(record[key]), key) for key in present]
    if any(set(each) != set(found[0]) for each in found[1:]):
        raise FormatError(f"Expected the spans under one key, was: {', '.join(present)}", kind="several-keys")
    return found[0], tuple(present)


def _may_be_spans(value: object) -> bool:
    """Whether it is not the class of a whole text, such as ``"label": "sports"``."""
    if not isinstance(value, list | tuple | Mapping):
        return False
    return not value or not all(isinstance(each, str) for each in value) or looks_like_tags(value)


def _inner(value: object) -> object:
    """The list below ``{"entities": […]}``, as spaCy's training data have it."""
    if isinstance(value, Mapping) and len(value) == 1 and "entities" in value:
        return value["entities"]
    return value


def _status(record: Mapping[str, Any]) -> str:
    """The answer of Prodigy or the status of Argilla, in lower case."""
    of_argilla = not record.keys().isdisjoint(("annotation", "prediction", "suggestion", "responses"))
    return str(record.get("answer") or (record.get("status") if of_argilla else "") or "").lower()


def _says_answered(record: Mapping[str, Any]) -> bool:
    """Whether the record has the mark that a person has accepted what a model proposed."""
    mark = record.get(_ANSWERED)
    yes = (mark.strip().lower() if isinstance(mark, str) else mark) in _YES
    return yes or str(record.get("answer") or "").lower() == "accept"


def _words(record: Mapping[str, Any]) -> list[str] | None:
    words = next((record[key] for key in WORD_KEYS if record.get(key) is not None), None)
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return words
    return None


def _tags_of(record: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The key and the tags of a record with tokens."""
    lower = {key if key.islower() else key.lower(): key for key in record}
    for name in TAG_KEYS:
        key = lower.get(name)
        if key is not None and record[key] is not None:
            return key, record[key]
    return None


def _placed(
    text: str, words: Sequence[str], joined: str, spans: tuple[Span, ...]
) -> tuple[str, tuple[Span, ...]]:
    """The spans over ``joined`` moved into ``text``; the joined words if these are not the words of it."""
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    at = before = 0
    for word in words:
        found = text.find(word, at)
        if found < 0 or text[at:found].strip():
            return joined, spans
        starts[before], ends[before + len(word)] = found, found + len(word)
        at, before = found + len(word), before + len(word) + 1
    return text, tuple(Span(starts[each.start], ends[each.end], each.label) for each in spans)


def _meta(record: Mapping[str, Any], used: set[str], mended: list[str]) -> dict[str, Any]:
    """The other fields and those of ``meta``; ``mended``: takes the keys of numbers that are no JSON."""
    meta = record.get("meta") or {}
    if not isinstance(meta, Mapping):
        raise FormatError(f"Expected meta to be an object, was: {shown(meta)}")
    others = {
        key: value
        for key, value in record.items()
        if not (key in _OWN_KEYS or key in used or (value is None and key.lower() in _LABEL_KEYS))
    }
    checked = {
        checked_text(key): checked_meta(value, key, mended)
        for key, value in (others | dict(meta)).items()
        if key != READ_KEY
    }
    return _with_schema(checked)


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


def _with_origin(meta: dict[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """``meta`` with the provenance of each span, if it states that of the text and the spans have it."""
    items = record.get("spans")
    if not items or not states_provenance(meta) or not isinstance(items, list):
        return meta
    by = [item.get("by") if isinstance(item, Mapping) else None for item in items]
    return meta | {SPANS_BY: by} if all(way in (*Provenance, TERM) for way in by) else meta


def _take_proposal(record: Mapping[str, Any], meta: dict[str, Any]) -> Proposal | None:
    """What a model proposed for the text, at the top of the record; it is taken out of ``meta``."""
    for key in [key for key in meta if key in record and key.lower() in MACHINE_KEYS]:
        value, by = meta[key], ""
        if isinstance(value, Mapping) and "spans" in value:
            by, value = str(value.get("by", "")), value["spans"]
        elif not value:
            continue
        try:
            spans = spans_of(value, key)
        except FormatError:
            continue
        del meta[key]
        return Proposal(spans, by)
    return None


def _is_machine(spans: tuple[Span, ...], meta: Mapping[str, Any]) -> bool:
    """Whether the spans are a model's: all have a score, or there are none in a batch to be answered, or the
    record says it."""
    if meta.get(PROVENANCE) == Provenance.MACHINE:
        return True
    if spans:
        return all(span.score is not None for span in spans)
    return meta.keys() >= _BATCH_KEYS


def _others(record: Mapping[str, Any], used: set[str], text: str) -> tuple[str, ...]:
    """The keys that hold labels and are not read."""
    unknown = [key for key in record if key not in used and key not in _OWN_KEYS]
    if not unknown:
        return ()
    words = _words(record)
    n_words = len(words) if words is not None else len(text.split())
    return tuple(
        key
        for key in unknown
        if key.lower() not in MACHINE_KEYS and looks_like_labels(key, record[key], n_words)
    )


def labels_of(record: object) -> list[str]:
    """The labels in a record that was not read, as far as they can be found."""
    if isinstance(record, Mapping):
        fields = (v for k, v in record.items() if k not in _OWN_KEYS and str(k).lower() not in MACHINE_KEYS)
        return [label for value in fields for label in labels_among(value)]
    return list(labels_among(record)) if isinstance(record, list | tuple) else []


def _known_text(record: object) -> Document | None:
    """The text of a record that is not read, if it is known."""
    try:
        plain = _plain_form(record)
        key = next((key for key in TEXT_KEYS if isinstance(plain.get(key), str)), None)
        words = None if key is not None else _words(plain)
        text = plain[key] if key is not None else " ".join(words) if words else None
        known = plain.get("id")
        return Document("" if known is None else checked_text(str(known)), checked_text(text))
    except FormatError:
        return None


def record_from_document(document: Document) -> dict[str, Any]:
    """The record: ``id``, ``text``, ``spans`` (``null`` if unlabelled), and ``proposed``, ``meta`` if any.

    Of a labelled text that states its provenance it holds ``provenance`` and ``model``, and of each span
    ``by``.
    """
    if document.spans is not None and states_provenance(document.meta):
        return _record_with_provenance(document, document.spans)
    document = as_proposal(document)
    spans = None if document.spans is None else [span_to_dict(span) for span in document.spans]
    record: dict[str, Any] = {"id": document.id, "text": document.text, "spans": spans}
    meta = dict(document.meta)
    if PROPOSED in meta and document.spans is None:
        record[PROPOSED] = meta.pop(PROPOSED)
    return record | ({"meta": meta} if meta else {})


def _record_with_provenance(document: Document, spans: Sequence[Span]) -> dict[str, Any]:
    meta = dict(document.meta)
    provenance, by = meta.pop(PROVENANCE), meta.pop(SPANS_BY, None)
    model = {MODEL: meta.pop(MODEL, "")} if provenance == Provenance.MACHINE else {}
    ways = by if isinstance(by, list | tuple) and len(by) == len(spans) else [provenance] * len(spans)
    marked = [span_to_dict(span) | {"by": way} for span, way in zip(spans, ways, strict=True)]
    own: dict[str, Any] = {"id": document.id, "text": document.text, "spans": marked}
    return own | {PROVENANCE: provenance} | model | ({"meta": meta} if meta else {})


def write_jsonl(documents: Iterable[Document], path: Path) -> None:
    """Writes one JSON object per line.

    ``{"id", "text", "spans": [{"start", "end", "label"}] | null, "proposed"?, "meta"?}``
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            file.write(json.dumps(record_from_document(document), ensure_ascii=False) + "\n")
