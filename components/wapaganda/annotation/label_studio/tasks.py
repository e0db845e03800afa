"""Read a Label Studio task, exported or from the API, as a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.label_studio.answers import Problem, address_problem, read_answer
from wapaganda.annotation.label_studio.label_config import LabelConfig
from wapaganda.annotation.label_studio.machine_answers import (
    MACHINE_ANSWER,
    is_machine_answer,
    machine_finding,
    parent_of,
)
from wapaganda.annotation.label_studio.predictions import remarks_of
from wapaganda.annotation.label_studio.several import (
    ANSWERS_KEY,
    Given,
    adjudicated,
    annotator_of,
    by_majority,
    kept_answers,
    latest_of_each,
    precedence,
)
from wapaganda.annotation.label_studio.task_text import is_address, read_text
from wapaganda.annotation.read_options import AnswerRule
from wapaganda.annotation.read_report import ORIGINAL, READ_KEY, Finding, ReadReport, merged, unread
from wapaganda.annotation.record_spans import shown
from wapaganda.ner import Document, with_considered

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
    """Reads the regions of the config's ``<Labels>`` on its text.

    A text is read when all regions that mark a part of something are understood. With a region of another
    tag, field or type, with an unknown label, outside the text or with other words than it says it is not
    read (``is_unread``): it then has no spans. Choices, ratings, texts, relations and the regions of tags
    that the config has beside (``LabelConfig.beside``) are ignored.

    Cancelled (skipped) annotations do not count. Of several others the rule of the config
    (``LabelConfig.answers``) chooses; by default it is a ground truth first, then the latest change, then the
    highest id. Without any the document is unlabelled. ``meta["skipped"]`` is true if it has cancelled ones,
    ``meta["undecided"]`` if several annotators disagree and nobody has decided. Predictions and drafts are
    never used as labels, nor are annotations that are predictions at which nobody has looked
    (``is_machine_answer``).

    ``meta`` holds the other fields of ``data`` and, as present: ``annotation_id``, ``updated_at``,
    ``lead_time``, ``parent_prediction``, ``ground_truth``, ``annotators`` (ids), ``annotators_agree`` (with
    several annotations), ``skipped``, ``undecided``, the answers of several annotators (``answers_of``), and
    what the report counts. ``labels_considered`` of ``data`` counts until a person has answered
    (``lead_time``).

    Raises:
        FormatError: the task lacks its text, or annotations are not given in full.
    """
    data = task.get("data")
    if not isinstance(data, Mapping):
        raise FormatError(f"Expected a task with data, was: {shown(task)}")
    text = read_text(data, config)
    own = (config.data_key.split(".")[0], READ_KEY)
    others = {key: value for key, value in data.items() if key not in own}
    document_id = str(task["id"]) if task.get("id") is not None else ""
    annotations = _annotations(task)
    uncancelled = [annotation for annotation in annotations if not annotation.get("was_cancelled")]
    machine = [each for each in uncancelled if is_machine_answer(each, task.get("predictions"))]
    valid = [each for each in uncancelled if each not in machine]
    if not valid:
        meta = others | ({"skipped": True} if len(annotations) > len(machine) else {})
        document = _with_machine(MACHINE_ANSWER, machine, Document(document_id, text.text, None, meta))
        return TaskReading(_unread(document, [address_problem(text)]) if is_address(text.text) else document)
    given = [Given.of(each, read_answer(_result(each), text, config), text.text) for each in valid]
    answers = latest_of_each(given) if len(given) > 1 else given
    chosen = _chosen(given, answers, config.answers)
    about = _meta(given, answers)
    if chosen is None:
        undecided = _undecided(Document(document_id, text.text, None, others | about), answers)
        return TaskReading(_with_machine("machine-copy", machine, undecided))
    if chosen.annotation.get("lead_time") is not None:  # a person has looked at it since it was imported
        others = with_considered(others, None)
    if not chosen.answer.spans and is_address(text.text):
        chosen.answer.problems.append(address_problem(text))
    meta = others | _meta_of(chosen.annotation, task.get("predictions")) | about
    raw = Document(document_id, text.text, tuple(chosen.answer.spans), meta)
    return TaskReading(_with_machine("machine-copy", machine, _read_whole(raw, chosen)))


def _with_machine(kind: str, machine: Sequence[Mapping[str, Any]], document: Document) -> Document:
    """The document with what was found about the annotations that are a machine's."""
    if not machine:
        return document
    read = document.meta.get(READ_KEY, {})
    found = [*read.get("found", ()), asdict(machine_finding(kind, machine, document.id))]
    return replace(document, meta={**document.meta, READ_KEY: {**read, "found": found}})


def _chosen(given: Sequence[Given], answers: Sequence[Given], rule: AnswerRule) -> Given | None:
    """The answer that is learnt; ``None``: nobody has decided."""
    if len(answers) > 1 and rule.rule == "majority":
        return by_majority(answers)
    if len(answers) > 1 and rule.rule == "adjudicated":
        return adjudicated(given, rule)
    return max(given, key=lambda each: precedence(each.annotation))


def _undecided(document: Document, answers: Sequence[Given]) -> Document:
    """The document of annotators who disagree, without labels."""
    place = f"task {document.id}" if document.id else ""
    finding = Finding("undecided", 1, place, f"{len(answers)} annotators disagree")
    return replace(
        document, meta={**document.meta, "undecided": True, READ_KEY: {"found": [asdict(finding)]}}
    )


def _read_whole(document: Document, chosen: Given) -> Document:
    """The document with repaired spans and the counts of it; without spans if there is a problem."""
    answer, spans, repairs = chosen.answer, chosen.spans, chosen.repairs
    raw, problems = answer.spans, answer.problems
    if not (problems or repairs.total or answer.found or answer.lost or answer.beside) and chosen.is_placed:
        return document if document.spans == spans else document.with_spans(spans)
    if not chosen.is_placed and not problems:
        message = f"Expected spans inside the text, was: {repairs.describe()}"
        problems = [Problem("span-outside", message, ())]
    if problems:
        return _unread(document, problems)
    if not (repairs.total or answer.found or answer.beside):
        return Document(document.id, document.text, spans, document.meta)
    lost = answer.lost + (Counter(span.label for span in raw) - Counter(span.label for span in spans))
    read: dict[str, Any] = {
        "repairs": {kind: n for kind, n in asdict(repairs).items() if n} if repairs.total else {},
        "found": [asdict(each) for each in merged(answer.found)],
        "lost": dict(lost) if repairs.refused or answer.lost else {},
        ORIGINAL: _original(chosen),
    }
    read = {key: value for key, value in read.items() if value}
    meta = {**document.meta, READ_KEY: read} if read else document.meta
    return Document(document.id, document.text, spans, meta)


def _original(chosen: Given) -> list[Mapping[str, Any]]:
    """The regions as they were marked, if the document does not say all of them."""
    repairs, answer = chosen.repairs, chosen.answer
    changed = repairs.total > repairs.trimmed or answer.found or answer.beside
    return _result(chosen.annotation) if changed else []


def _unread(document: Document, problems: Sequence[Problem]) -> Document:
    """The document as one that is not read; the first problem is the reason."""
    first = problems[0]
    marked = [span.label for span in document.spans or ()]
    marked += [label for each in problems for label in each.labels]
    names = Counter(each.name for each in problems if each.kind == first.kind and each.name)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    place = f"task {document.id}" if document.id else ""
    finding = Finding(first.kind, 1, place, first.message + more, dict(names), dict.fromkeys(names, 1))
    return unread(document, finding, marked)


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


def _meta_of(annotation: Mapping[str, Any], predictions: object) -> dict[str, Any]:
    """What the ``meta`` of a document says about the annotation that is learnt.

    It did not begin as a proposal when its parent is a remark.
    """
    meta = {key: annotation[key] for key in _ANNOTATION_KEYS if annotation.get(key) is not None}
    if any(each["id"] == parent_of(annotation) for each in remarks_of(predictions)):
        meta.pop("parent_prediction")
    if annotation.get("id") is not None:
        meta["annotation_id"] = annotation["id"]
    return meta | ({"ground_truth": True} if annotation.get("ground_truth") else {})


def _meta(given: Sequence[Given], answers: Sequence[Given]) -> dict[str, Any]:
    """What the ``meta`` of a document says about its annotators."""
    annotators = [annotator_of(each.annotation) for each in given]
    known = [annotator for annotator in annotators if annotator is not None]
    meta: dict[str, Any] = {"annotators": known} if known else {}
    if len(given) > 1:
        meta["annotators_agree"] = len({frozenset(each.answer.spans) for each in given}) == 1
    kept = kept_answers(answers) if len(answers) > 1 else []
    return meta | ({ANSWERS_KEY: kept} if len(kept) > 1 else {})
