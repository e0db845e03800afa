"""Read a Label Studio task, exported or from the API, as a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.label_studio.label_config import LabelConfig
from wapaganda.annotation.read_report import READ_KEY, Finding, ReadReport, unread
from wapaganda.annotation.records import checked_score, checked_text, offset, shown
from wapaganda.ner import Document, Span, repair_spans


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why the answer is not understood: the kind, a sentence, and the labels that are lost by it."""

    kind: str
    message: str
    labels: tuple[str, ...]


_ANNOTATION_KEYS = ("updated_at", "lead_time", "parent_prediction")


@dataclass(frozen=True, slots=True)
class TaskReading:
    """The document of a task, whose ``meta`` holds what was found while reading, and the report of it."""

    document: Document

    @property
    def report(self) -> ReadReport:
        """The report of this one task; ``ReadReport.of`` makes that of many documents at once."""
        return ReadReport.of([self.document])


def document_from_task(task: Mapping[str, Any], config: LabelConfig) -> Document:
    """The document of a task with repaired spans; see ``read_task`` for the rules.

    Raises:
        FormatError: the task lacks its text, or annotations are not given in full.
    """
    return read_task(task, config).document


def read_task(task: Mapping[str, Any], config: LabelConfig) -> TaskReading:
    """Reads the regions of the config's ``<Labels>`` on its ``<Text>``.

    A text is read when all regions that mark a part of something are understood. With a region of another
    tag, field or type, with an unknown label or outside the text it is not read (``is_unread``): it then
    has no spans. Choices, ratings, texts and relations are ignored.

    Cancelled (skipped) annotations do not count. Of several others one is used: a ground truth first, then
    the latest change, then the highest id. Without any the document is unlabelled. ``meta["skipped"]`` is
    true if it has cancelled ones. Predictions and drafts are never used as labels.

    ``meta`` holds the other fields of ``data`` and, as present: ``annotation_id``, ``updated_at``,
    ``lead_time``, ``parent_prediction``, ``ground_truth``, ``annotators`` (ids), ``annotators_agree`` (with
    several annotations), ``skipped``, and what the report counts.

    Raises:
        FormatError: the task lacks its text, or annotations are not given in full.
    """
    data = task.get("data")
    if not isinstance(data, Mapping):
        raise FormatError(f"Expected a task with data, was: {shown(task)}")
    text = checked_text(text_of(data, config.data_key))
    own = (config.data_key.split(".")[0], READ_KEY)
    others = {key: value for key, value in data.items() if key not in own}
    document_id = str(task["id"]) if task.get("id") is not None else ""
    annotations = _annotations(task)
    valid = [annotation for annotation in annotations if not annotation.get("was_cancelled")]
    if not valid:
        meta = others | ({"skipped": True} if annotations else {})
        return TaskReading(Document(document_id, text, None, meta))
    chosen = max(valid, key=_precedence)
    raw, problems = _spans(_result(chosen), text, config)
    document = Document(document_id, text, tuple(raw), others | _meta(chosen, valid, text, config))
    return TaskReading(_read_whole(document, problems))


def _read_whole(document: Document, problems: Sequence[_Problem]) -> Document:
    """The document with repaired spans and the counts of it; without spans if there is a problem."""
    raw = document.spans or ()
    spans, repairs = repair_spans(document.text, raw)
    if not problems and repairs.refused and (repairs.out_of_range or not spans):
        message = f"Expected spans inside the text, was: {repairs.describe()}"
        problems = [_Problem("span-outside", message, ())]
    if problems:
        marked = [span.label for span in raw] + [label for each in problems for label in each.labels]
        place = f"task {document.id}" if document.id else ""
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        finding = Finding(problems[0].kind, 1, place, problems[0].message + more)
        return unread(document, finding, marked)
    read: dict[str, Any] = {}
    if repairs.total:
        read["repairs"] = {kind: count for kind, count in asdict(repairs).items() if count}
    if repairs.refused:
        read["lost"] = dict(Counter(span.label for span in raw) - Counter(span.label for span in spans))
    meta = {**document.meta, READ_KEY: read} if read else document.meta
    return Document(document.id, document.text, spans, meta)


def text_of(data: Mapping[str, Any], key: str) -> object:
    """The field ``key`` of ``data``; dots select fields of nested objects.

    Raises:
        FormatError: there is no such field.
    """
    if key in data:
        return data[key]
    value: object = data
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise FormatError(
                f"Expected the text in data[{key!r}], was: data with {', '.join(map(str, data)) or 'nothing'}"
            )
        value = value[part]
    return value


def _annotations(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = task.get("annotations", task.get("completions")) or []
    if not isinstance(found, Sequence) or not all(isinstance(item, Mapping) for item in found):
        raise FormatError(f"Expected annotations with their results (fields=all), was: {shown(found)}")
    return list(found)


def _result(annotation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "result" not in annotation:
        raise FormatError(f"Expected an annotation with its result (fields=all), was: {shown(annotation)}")
    result = annotation["result"] or []
    if not isinstance(result, list) or not all(isinstance(region, Mapping) for region in result):
        raise FormatError(f"Expected a result that is a list of regions, was: {shown(result)}")
    return result


def _precedence(annotation: Mapping[str, Any]) -> tuple[bool, float, int]:
    changed = annotation.get("updated_at") or annotation.get("created_at")
    number = annotation.get("id")
    return bool(annotation.get("ground_truth")), _seconds(changed), number if isinstance(number, int) else -1


def _seconds(moment: object) -> float:
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return float("-inf")


def _meta(
    chosen: Mapping[str, Any], valid: Sequence[Mapping[str, Any]], text: str, config: LabelConfig
) -> dict[str, Any]:
    meta = {key: chosen[key] for key in _ANNOTATION_KEYS if chosen.get(key) is not None}
    if chosen.get("id") is not None:
        meta["annotation_id"] = chosen["id"]
    if chosen.get("ground_truth"):
        meta["ground_truth"] = True
    annotators = [_annotator(annotation) for annotation in valid]
    if known := [annotator for annotator in annotators if annotator is not None]:
        meta["annotators"] = known
    if len(valid) > 1:
        answers = {frozenset(_spans(_result(annotation), text, config)[0]) for annotation in valid}
        meta["annotators_agree"] = len(answers) == 1
    return meta


def _annotator(annotation: Mapping[str, Any]) -> object:
    by = annotation.get("completed_by")
    return by.get("id") if isinstance(by, Mapping) else by


def _spans(
    result: Sequence[Mapping[str, Any]], text: str, config: LabelConfig
) -> tuple[list[Span], list[_Problem]]:
    """The spans of the regions that are understood, and a problem for each other one that marks something."""
    spans: list[Span] = []
    problems: list[_Problem] = []
    for region in result:
        if not is_labels_region(region, config.from_name, config.to_name):
            if marks_something(region):
                problems.append(_Problem("region-tag", _foreign(region, config), labels_of(region)))
            continue
        try:
            start, end, names = region_parts(region)
        except FormatError as error:
            problems.append(_Problem("region-form", str(error), labels_of(region)))
            continue
        for name in names:
            label = config.canonical(name)
            if label is None:
                message = f"Expected a label of the config ({', '.join(config.labels)}), was: {name!r}"
                problems.append(_Problem("region-label", message, (name,)))
            else:
                spans.append(Span(start, end, label, checked_score(region.get("score"))))
    return spans, problems


def marks_something(region: Mapping[str, Any]) -> bool:
    """Whether the region marks a part of something, as opposed to a choice, a rating or a relation."""
    value = region.get("value")
    has_place = isinstance(value, Mapping) and ("start" in value or "end" in value)
    return has_place or str(region.get("type", "")).endswith("labels")


def labels_of(region: Mapping[str, Any]) -> tuple[str, ...]:
    """The label names of a region of any type."""
    value = region.get("value")
    fields = value.items() if isinstance(value, Mapping) else ()
    lists = [names for key, names in fields if str(key).endswith("labels") and isinstance(names, list)]
    return tuple(name for names in lists for name in names if isinstance(name, str))


def _foreign(region: Mapping[str, Any], config: LabelConfig) -> str:
    return (
        f"Expected regions of type 'labels' by {config.from_name!r} over {config.to_name!r}, was: one of "
        f"type {region.get('type')!r} by {region.get('from_name')!r} over {region.get('to_name')!r}"
    )


def is_labels_region(region: Mapping[str, Any], from_name: str, to_name: str) -> bool:
    """Whether this ``<Labels>`` made the region on this ``<Text>``."""
    made_by = (region.get("type"), region.get("from_name"), region.get("to_name"))
    return made_by == ("labels", from_name, to_name)


def region_parts(region: Mapping[str, Any]) -> tuple[int, int, list[str]]:
    """Start, end and label names of a region.

    Raises:
        FormatError: one of them is missing or has the wrong type.
    """
    value = region.get("value")
    if not isinstance(value, Mapping) or "start" not in value or "end" not in value:
        raise FormatError(f"Expected a region with start and end, was: {shown(value)}")
    names = value.get("labels")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise FormatError(f"Expected a region with labels, was: {shown(value)}")
    return offset(value["start"], value), offset(value["end"], value), names
