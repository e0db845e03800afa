"""Tasks that Label Studio wrote: JSON exports, API tasks and JSON_MIN, with or without a label config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.label_studio.label_config import LabelConfig
from wapaganda.annotation.label_studio.tasks import read_task, region_parts, text_of
from wapaganda.annotation.records import NumberedRecord, shown

_BY_CONFIG = "give the project's label config"
_EXCERPT_FIELDS = ("before", "after", "excerpt_of")
"""The fields next to the text in tasks that were made with EXCERPT_WORDS, a setting of version 0.1."""
_MIN_KEYS = {"annotation_id", "annotator", "lead_time", "created_at", "updated_at", "agreement", "id"}


def is_export(record: object) -> bool:
    """Whether the record looks like a Label Studio task, in full or in the JSON_MIN form."""
    return isinstance(record, Mapping) and (isinstance(record.get("data"), Mapping) or is_min(record))


def is_min(record: Mapping[str, Any]) -> bool:
    """Whether the record looks like JSON_MIN, which has data, labels and annotation fields in one object."""
    return "data" not in record and {"annotation_id", "annotator"} <= record.keys()


def read_tasks(records: Sequence[NumberedRecord], collector: Collector, config: LabelConfig | None) -> None:
    """Collects the documents of tasks; without a ``config`` it is inferred from the regions in the file.

    Raises:
        FormatError: the tag or the text field cannot be inferred.
    """
    tasks = _in_full(records, config.to_name if config else "text")
    if config is None:
        config = infer_config([task for _, task in tasks if is_export(task)])
        collector.note(
            f"no label config given: read {config.from_name!r} over {config.to_name!r} "
            f"in data[{config.data_key!r}]"
        )
    for line, task in tasks:
        try:
            if isinstance(task, FormatError):
                raise task
            if not isinstance(task, Mapping):
                raise FormatError(f"Expected a task, was: {shown(task)}")
            reading = read_task(task, config)
        except FormatError as error:
            collector.skip(line, f"task {_task_id(task)}: {error}", error.kind)
            continue
        document = reading.document
        if not document.id:
            document = replace(document, id=_document_id(task) or collector.default_id())
        collector.take(document, f"task {document.id}", line)


def _task_id(task: object) -> str:
    return str(task.get("id", "without id")) if isinstance(task, Mapping) else "?"


def _document_id(task: Mapping[str, Any]) -> str:
    meta = task.get("meta")
    return str(meta.get("document_id", "")) if isinstance(meta, Mapping) else ""


def infer_config(tasks: Sequence[Mapping[str, Any]]) -> LabelConfig:
    """Infer the label config from the regions of these tasks.

    Raises:
        FormatError: there are labels from several tags, or not exactly one field can be the text.
    """
    regions = [(task, region) for task in tasks for region in _labels_regions(task)]
    tags = sorted({(str(region.get("from_name")), str(region.get("to_name"))) for _, region in regions})
    if len(tags) > 1:
        pairs = ", ".join(f"{from_name} over {to_name}" for from_name, to_name in tags)
        raise FormatError(f"Expected labels from one tag, was: {pairs}; {_BY_CONFIG}")
    labels: dict[str, None] = {}
    keys = _text_keys(tasks)
    for task, region in regions:
        try:
            start, end, names = region_parts(region)
        except FormatError:
            continue
        labels |= dict.fromkeys(names)
        part = region["value"].get("text")
        fitting = [key for key in keys if part and _holds(task["data"], key, start, end, part)]
        keys = fitting or keys
    if len(keys) > 1 and "text" in keys:
        keys = ["text"]
    if len(keys) != 1:
        raise FormatError(
            f"Expected one field of data with the text, was: {', '.join(keys) or 'none'}; {_BY_CONFIG}"
        )
    from_name, to_name = tags[0] if tags else ("label", "text")
    return LabelConfig(tuple(sorted(labels)), from_name, to_name, keys[0])


def _labels_regions(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for annotation in task.get("annotations", task.get("completions")) or []:
        result = annotation.get("result") if isinstance(annotation, Mapping) else None
        for region in result if isinstance(result, list) else []:
            if isinstance(region, Mapping) and region.get("type") == "labels":
                yield region


def _text_keys(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The fields that hold a string in most tasks; nested fields are written with dots.

    The fields next to the text of an ``EXCERPT_WORDS`` task are left out.
    """
    counts: dict[str, int] = {}
    for task in tasks:
        around = _EXCERPT_FIELDS if "excerpt_of" in task["data"] else ()
        for key in _string_keys(task["data"], ""):
            if key not in around:
                counts[key] = counts.get(key, 0) + 1
    return [key for key, count in counts.items() if 2 * count > len(tasks)]


def _string_keys(data: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, str):
            yield f"{prefix}{key}"
        elif isinstance(value, Mapping):
            yield from _string_keys(value, f"{prefix}{key}.")


def _holds(data: Mapping[str, Any], key: str, start: int, end: int, part: str) -> bool:
    try:
        text = text_of(data, key)
    except FormatError:
        return False
    return isinstance(text, str) and text[start:end] == part


def _in_full(records: Sequence[NumberedRecord], to_name: str) -> list[NumberedRecord]:
    """The records in full form. JSON_MIN has one row per annotation; they are grouped by task here."""
    tasks: list[NumberedRecord] = []
    seen: dict[Any, dict[str, Any]] = {}
    for line, record in records:
        if not is_export(record) or not is_min(record):
            tasks.append((line, record))
            continue
        task = _from_min(record, to_name)
        if task["id"] is not None and task["id"] in seen:
            seen[task["id"]]["annotations"] += task["annotations"]
        else:
            seen[task["id"]] = task
            tasks.append((line, task))
    return tasks


def _from_min(record: Mapping[str, Any], to_name: str) -> dict[str, Any]:
    """The full form of a JSON_MIN record; fields such as ``annotator`` move to the annotation."""
    result: list[dict[str, Any]] = []
    data: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, list) and value and all(_is_min_region(item) for item in value):
            result += [
                {"type": "labels", "from_name": key, "to_name": to_name, "value": item} for item in value
            ]
        elif key not in _MIN_KEYS:
            data[key] = value
    annotation = {
        "id": record["annotation_id"],
        "completed_by": record["annotator"],
        "result": result,
        "updated_at": record.get("updated_at"),
        "lead_time": record.get("lead_time"),
    }
    return {"id": record.get("id"), "data": data, "annotations": [annotation]}


def _is_min_region(item: object) -> bool:
    return isinstance(item, Mapping) and {"start", "end", "labels"} <= item.keys()
