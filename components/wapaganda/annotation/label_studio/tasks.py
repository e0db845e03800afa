"""Read a Label Studio task, exported or from the API, as a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.label_studio.label_config import LabelConfig
from wapaganda.annotation.records import checked_score, checked_text, offset, shown
from wapaganda.ner import Document, Repairs, Span, repair_spans

_ANNOTATION_KEYS = ("updated_at", "lead_time", "parent_prediction")


@dataclass(frozen=True, slots=True)
class TaskReading:
    """The document of a task, the span repairs, and one sentence for each thing that was left out."""

    document: Document
    repairs: Repairs
    warnings: tuple[str, ...]


def document_from_task(task: Mapping[str, Any], config: LabelConfig) -> Document:
    """The document of a task with repaired spans; see ``read_task`` for the rules.

    Raises:
        FormatError: the task lacks its text, or annotations are not given in full.
    """
    return read_task(task, config).document


def read_task(task: Mapping[str, Any], config: LabelConfig) -> TaskReading:
    """Reads the regions of the config's ``<Labels>`` on its ``<Text>``; other regions are ignored.

    Cancelled (skipped) annotations do not count. Of several others one is used: a ground truth first, then
    the latest change, then the highest id. Without any the document is unlabelled. ``meta["skipped"]`` is
    true if it has cancelled ones. Predictions and drafts are never used as labels.

    ``meta`` holds the other fields of ``data`` and, as present: ``annotation_id``, ``updated_at``,
    ``lead_time``, ``parent_prediction``, ``ground_truth``, ``annotators`` (ids), ``annotators_agree`` (with
    several annotations), ``skipped``, ``repairs`` (counts by kind), ``left_out`` (sentences).

    Raises:
        FormatError: the task lacks its text, or annotations are not given in full.
    """
    data = task.get("data")
    if not isinstance(data, Mapping):
        raise FormatError(f"Expected a task with data, was: {shown(task)}")
    text = checked_text(text_of(data, config.data_key))
    others = {key: value for key, value in data.items() if key != config.data_key.split(".")[0]}
    document_id = str(task["id"]) if task.get("id") is not None else ""
    annotations = _annotations(task)
    valid = [annotation for annotation in annotations if not annotation.get("was_cancelled")]
    if not valid:
        meta = others | ({"skipped": True} if annotations else {})
        return TaskReading(Document(document_id, text, None, meta), Repairs(), ())
    chosen = max(valid, key=_precedence)
    raw, warnings = _spans(_result(chosen), text, config)
    spans, repairs = repair_spans(text, raw)
    meta = others | _meta(chosen, valid, text, config)
    if repairs.total:
        meta["repairs"] = {kind: count for kind, count in asdict(repairs).items() if count}
    if warnings:
        meta["left_out"] = warnings
    return TaskReading(Document(document_id, text, spans, meta), repairs, tuple(warnings))


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
) -> tuple[list[Span], list[str]]:
    spans: list[Span] = []
    unknown: Counter[str] = Counter()
    warnings: list[str] = []
    for region in result:
        if not is_labels_region(region, config.from_name, config.to_name):
            continue
        try:
            start, end, names = region_parts(region)
        except FormatError as error:
            warnings.append(str(error))
            continue
        for name in names:
            label = config.canonical(name)
            if label is None:
                unknown[name] += 1
            else:
                spans.append(Span(start, end, label, checked_score(region.get("score"))))
    for name, count in sorted(unknown.items()):
        known = ", ".join(config.labels)
        warnings.append(f"Expected a label of the config ({known}), was: {name!r} at {count} regions")
    return spans, warnings


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
