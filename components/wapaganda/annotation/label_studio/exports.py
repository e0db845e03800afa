"""Tasks that Label Studio wrote: JSON exports, API tasks and JSON_MIN, with or without a label config."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.counting import Counted, Marked, own_words
from wapaganda.annotation.label_studio.answers import marked_labels, marks_something
from wapaganda.annotation.label_studio.label_config import REGION_TYPES, LabelConfig, TextForm
from wapaganda.annotation.label_studio.predictions import newest_prediction, with_prediction
from wapaganda.annotation.label_studio.task_text import is_address, is_dialogue, read_text
from wapaganda.annotation.label_studio.tasks import read_task
from wapaganda.annotation.read_options import ReadOptions
from wapaganda.annotation.read_report import Finding, is_unread, unread
from wapaganda.annotation.record_spans import shown
from wapaganda.annotation.records import NumberedRecord

_TaskRegion = tuple[Mapping[str, Any], Mapping[str, Any]]
_TextKeys = tuple[TextForm, list[str]]
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
    predicted = config
    if config is None:
        exported = [task for _, task in tasks if is_export(task)]
        config = infer_config(exported, collector.options)
        predicted = _with_predicted_labels(config, exported)
        tags = " and ".join(repr(name) for name in dict.fromkeys((config.from_name, *config.tags.values())))
        collector.note(
            f"no label config given: read {tags} over {config.to_name!r} in data[{config.data_key!r}]"
        )
    config = replace(config, answers=collector.options.answers)
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
        unknown = _unknown_results(task)
        if unknown and document.spans is None and not is_unread(document):
            message = f"Expected annotations, was: {unknown!r}, which is not read"
            document = unread(document, Finding("unknown-key", 1, "", message))
        document = with_prediction(document, task, predicted or config)
        collector.take(document, f"task {document.id}", line)


_TASK_KEYS = frozenset(("annotations", "completions", "predictions", "drafts", "data", "meta"))


def _unknown_results(task: Mapping[str, Any]) -> str:
    """A key of a task that is not read and holds results, as ``annotations`` does; else empty."""
    for key, value in task.items():
        some = value if isinstance(value, list) else [value]
        holds = any(isinstance(each, Mapping) and isinstance(each.get("result"), list) for each in some)
        if key not in _TASK_KEYS and holds:
            return str(key)
    return ""


def _task_id(task: object) -> str:
    return str(task.get("id", "without id")) if isinstance(task, Mapping) else "?"


def _document_id(task: Mapping[str, Any]) -> str:
    meta = task.get("meta")
    return str(meta.get("document_id", "")) if isinstance(meta, Mapping) else ""


def infer_config(tasks: Sequence[Mapping[str, Any]], options: ReadOptions | None = None) -> LabelConfig:
    """Infer the label config from the regions of these tasks; the options choose the text field or the tag.

    The regions of predictions are used when there are no others.

    Raises:
        FormatError: several texts or no text could be meant, or two tags have the same label.
    """
    options = options or ReadOptions()
    made = [(task, region) for task in tasks for region in _marking_regions(task)]
    made = made or [(task, region) for task in tasks for region in _predicted_regions(task)]
    regions = [each for each in made if str(each[1].get("type")) in REGION_TYPES]
    wanted = [each for each in regions if options.label_tag in ("", str(each[1].get("from_name")))]
    field = options.text_field
    texts = {over: _text_keys(tasks, group, field) for over, group in _by_text(wanted).items()}
    to_name, (form, key) = _chosen_text(texts or {"text": _text_keys(tasks, [], field)}, field)
    over = [region for _, region in wanted if str(region.get("to_name")) == to_name]
    tags = _labels_by_tag(over)
    first = next(iter(tags), "label")
    others = {str(region.get("from_name")) for _, region in regions} - tags.keys()
    media = {str(region.get("to_name")) for _, region in made} - {to_name} if regions else set()
    chosen = {name for names in (others if options.label_tag else (), media - texts.keys()) for name in names}
    labels = tuple(sorted({label for names in tags.values() for label in names}))
    other = {label: tag for tag, names in tags.items() for label in names if tag != first}
    beside = frozenset(chosen | (texts.keys() - {to_name}))
    return LabelConfig(labels, first, to_name, key, {}, other, beside, form)


def _marking_regions(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = task.get("annotations", task.get("completions"))
    for annotation in found if isinstance(found, list) else []:
        if isinstance(annotation, Mapping) and not annotation.get("was_cancelled"):
            yield from _regions_of(annotation)


def _predicted_regions(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    prediction = newest_prediction(task)
    if prediction is not None:
        yield from _regions_of(prediction)


def _regions_of(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    result = answer.get("result")
    for region in result if isinstance(result, list) else []:
        if isinstance(region, Mapping) and marks_something(region):
            yield region


def _with_predicted_labels(config: LabelConfig, tasks: Sequence[Mapping[str, Any]]) -> LabelConfig:
    """The config with the labels that only predictions have."""
    ours = [each for task in tasks for each in _predicted_regions(task) if config.is_ours(each)]
    labels = {label: str(region["from_name"]) for region in ours for label in marked_labels(region)}
    new = {label: tag for label, tag in labels.items() if label not in config.labels}
    other = {label: tag for label, tag in new.items() if tag != config.from_name}
    return replace(config, labels=(*config.labels, *sorted(new)), tags={**config.tags, **other})


def _by_text(regions: Sequence[_TaskRegion]) -> dict[str, list[_TaskRegion]]:
    groups: dict[str, list[_TaskRegion]] = {}
    for task, region in regions:
        groups.setdefault(str(region.get("to_name")), []).append((task, region))
    return groups


def _labels_by_tag(regions: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The labels of each tag.

    Raises:
        FormatError: two tags have the same label.
    """
    tags: dict[str, set[str]] = {}
    for region in regions:
        tags.setdefault(str(region.get("from_name")), set()).update(marked_labels(region))
    for (name, labels), (other, others) in combinations(sorted(tags.items()), 2):
        if twice := sorted(labels & others):
            raise FormatError(
                f"Expected every label from one tag, was: {', '.join(twice)} from {name} and from {other}; "
                "choose one of them by --label-tag (LABEL_TAG)"
            )
    return dict(sorted(tags.items()))


def _chosen_text(texts: Mapping[str, _TextKeys], text_field: str) -> tuple[str, tuple[TextForm, str]]:
    """The name of the tag with the text, its form and the field of data.

    Raises:
        FormatError: there is not exactly one.
    """
    if text_field:
        fitting = [name for name, (_, keys) in texts.items() if text_field in keys] or [
            name for name in texts if name == text_field
        ]
        if len(fitting) != 1:
            raise _not_one_text(texts, f"the text in data[{text_field!r}]")
        form, keys = texts[fitting[0]]
        return fitting[0], (form, text_field if text_field in keys else _only(texts, keys))
    if len(texts) > 1:
        raise _not_one_text(texts, "labels over one text")
    ((name, (form, keys)),) = texts.items()
    return name, (form, _only(texts, ["text"] if "text" in keys else keys))


def _only(texts: Mapping[str, _TextKeys], keys: Sequence[str]) -> str:
    if len(keys) != 1:
        raise _not_one_text(texts, "one field of data with the text")
    return keys[0]


def _not_one_text(texts: Mapping[str, _TextKeys], wanted: str) -> FormatError:
    keys = ", ".join(dict.fromkeys(key for _, keys in texts.values() for key in keys))
    over = f" (regions over {', '.join(texts)})" if len(texts) > 1 else ""
    how = "name it by --text-field (TEXT_FIELD)" if keys else "an address of a file is no text"
    return FormatError(f"Expected {wanted}, was: {keys or 'none'}{over}; {how}")


def _text_keys(
    tasks: Sequence[Mapping[str, Any]], regions: Sequence[_TaskRegion], text_field: str
) -> _TextKeys:
    """The form of the text, and the fields of data that can be it."""
    form = _form_of(region for _, region in regions)
    keys = _dialogue_keys(tasks) if form is TextForm.PARAGRAPHS else _string_keys_of(tasks, text_field)
    for task, region in regions:
        if len(keys) < 2:
            break
        keys = [key for key in keys if _holds(task["data"], key, form, region)] or keys
    return form, keys


def _form_of(regions: Iterable[Mapping[str, Any]]) -> TextForm:
    for region in regions:
        value = region.get("value")
        start = value.get("start") if isinstance(value, Mapping) else None
        if region["type"] == "paragraphlabels":
            return TextForm.PARAGRAPHS
        if region["type"] == "hypertextlabels" or (isinstance(start, str) and not start.isdecimal()):
            return TextForm.HYPERTEXT
    return TextForm.TEXT


def _dialogue_keys(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    counts = Counter(key for task in tasks for key, value in task["data"].items() if is_dialogue(value))
    return [key for key, count in counts.items() if 2 * count > len(tasks)]


def _string_keys_of(tasks: Sequence[Mapping[str, Any]], text_field: str) -> list[str]:
    """The fields that hold a text in most tasks; nested fields are written with dots.

    Addresses of files are no texts, except in the field that the user named. The fields next to the text of
    an ``EXCERPT_WORDS`` task are left out.
    """
    counts: Counter[str] = Counter()
    addresses: Counter[str] = Counter()
    for task in tasks:
        around = _EXCERPT_FIELDS if "excerpt_of" in task["data"] else ()
        for key, value in _strings(task["data"], ""):
            if key not in around:
                counts[key] += 1
                addresses[key] += key != text_field and is_address(value)
    return [key for key, count in counts.items() if 2 * count > len(tasks) and count > addresses[key]]


def _strings(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, str):
            yield f"{prefix}{key}", value
        elif isinstance(value, Mapping):
            yield from _strings(value, f"{prefix}{key}.")


def _holds(data: Mapping[str, Any], key: str, form: TextForm, region: Mapping[str, Any]) -> bool:
    """Whether the words of the region stand at its offsets in the field ``key``."""
    value = region.get("value")
    words = own_words(value.get("text")) if isinstance(value, Mapping) else None
    if words is None:
        return False
    try:
        text = read_text(data, LabelConfig((), data_key=key, form=form))
        start, end = text.offsets(region["value"])
    except FormatError:
        return False
    counted = text.counted or Counted.of(text.text)
    return counted.places(text.text, [Marked(start, end, words)]) is not None


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
        types = [_min_type(item) for item in value] if isinstance(value, list) else []
        if types and all(types):
            result += [
                {"type": kind, "from_name": key, "to_name": to_name, "value": item}
                for kind, item in zip(types, value, strict=True)
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


def _min_type(item: object) -> str:
    """The type of a region in JSON_MIN, which is the key of its labels; empty if it is none."""
    keys = item.keys() if isinstance(item, Mapping) else ()
    return next((str(key) for key in keys if str(key).endswith("labels")), "")
