"""Spans and documents in Label Studio's form: regions, and tasks to import."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

from wapaganda.annotation.label_studio.label_config import LabelConfig, TextForm
from wapaganda.annotation.label_studio.several import ANSWERS_KEY
from wapaganda.annotation.proposals import (
    PROPOSED,
    PROVENANCE,
    SPANS_BY,
    as_proposal,
    marked_spans,
    proposal_of,
    states_provenance,
    without_machine,
)
from wapaganda.annotation.read_report import READ_KEY, with_original
from wapaganda.errors import InputError
from wapaganda.ner import Document, Span

# Label Studio's alphabet for region ids. It does not highlight a region whose id contains a space.
_ID_ALPHABET = ascii_letters + digits + "_-"
UNKNOWN_MODEL = "proposed"
"""The version of a prediction of which nobody knows the model; Label Studio needs one."""
#: The keys that ``read_task`` adds to ``meta``; they are not part of the task's data.
_BOOKKEEPING = {
    *("annotation_id", "updated_at", "lead_time", "parent_prediction", "ground_truth"),
    *("annotators", "annotators_agree", "skipped", "undecided", ANSWERS_KEY, READ_KEY, PROPOSED),
}


def result_from_spans(spans: Iterable[Span], text: str, config: LabelConfig) -> list[dict[str, Any]]:
    """The spans as regions of a prediction or an annotation; equal spans get equal region ids.

    Raises:
        ValueError: a span is empty or out of range.
        InputError: a label is not in the config (Label Studio would drop the whole prediction), or another
            tag than ``<Text>`` shows the text.
    """
    refuse_other_forms(config)
    return [_region(span, text, config) for span in spans]


def refuse_other_forms(config: LabelConfig) -> None:
    """Check that regions can be written over the text of this config.

    Raises:
        InputError: it is no ``<Text>``.
    """
    if config.form is not TextForm.TEXT:
        raise InputError(
            f"Expected a project with <Text>, was: <{config.form}>, whose labels are read but not written."
        )


def _region(span: Span, text: str, config: LabelConfig) -> dict[str, Any]:
    if not 0 <= span.start < span.end <= len(text):
        raise ValueError(f"Expected a span inside the text (0 to {len(text)}), was: {span}")
    label = config.canonical(span.label)
    if label is None:
        raise InputError(f"Expected one of the labels {', '.join(config.labels)}, was: {span.label!r}")
    part = text[span.start : span.end]
    region: dict[str, Any] = {
        "id": _region_id(f"{span.start}:{span.end}:{label}:{part}"),
        "from_name": config.tag_of(label),
        "to_name": config.to_name,
        "type": "labels",
        "value": {"start": span.start, "end": span.end, "text": part, "labels": [label]},
    }
    return region if span.score is None else region | {"score": min(1.0, max(0.0, float(span.score)))}


def _region_id(content: str) -> str:
    digest = blake2b(content.encode(), digest_size=10).digest()
    return "".join(_ID_ALPHABET[byte % 64] for byte in digest)


def task_from_document(document: Document, config: LabelConfig, ground_truth: bool = False) -> dict[str, Any]:
    """The task to import for a document, with its annotation if it is labelled, else with what was proposed.

    Spans that all have a score are a model's: they become a prediction, unless a person has confirmed them.
    Labels that were repaired go in as they were marked, too, as ``data["original_regions"]``. ``meta`` is
    copied into ``data``, without the keys that ``read_task`` adds.

    Raises:
        ValueError: a span cannot be a region, see ``result_from_spans``.
    """
    refuse_other_forms(config)
    document = with_original(as_proposal(document))
    own = _BOOKKEEPING | ({PROVENANCE, SPANS_BY} if states_provenance(document.meta) else set())
    meta = without_machine(document.meta)
    data: dict[str, Any] = {key: value for key, value in meta.items() if key not in own}
    task: dict[str, Any] = {"data": data | _nested(config.data_key, document.text)}
    if document.spans is not None:
        result = result_from_spans(document.spans, document.text, config)
        task["annotations"] = [{"result": result, "ground_truth": ground_truth}]
    elif (proposal := proposal_of(document)) is not None:
        result = result_from_spans(proposal.spans, document.text, config)
        task["predictions"] = [{"result": result, "model_version": proposal.by or UNKNOWN_MODEL}]
    return task


def _task_meta(document: Document) -> dict[str, Any]:
    said = {PROVENANCE: document.meta[PROVENANCE]} if states_provenance(document.meta) else {}
    return {"document_id": document.id, **said}


def _nested(key: str, text: str) -> dict[str, Any]:
    first, _, rest = key.partition(".")
    return {first: _nested(rest, text) if rest else text}


def labels_used(documents: Iterable[Document]) -> tuple[str, ...]:
    """The labels of the documents and of their proposals, sorted."""
    marked = (marked_spans(document)[0] or () for document in documents)
    return tuple(sorted({span.label for spans in marked for span in spans}))


def write_label_studio_tasks(
    documents: Iterable[Document], path: Path, config: LabelConfig | None = None
) -> None:
    """Writes a JSON array of tasks to import; each task's ``meta`` holds the document id and, if the document
    states it, the provenance of its labels.

    The default ``config`` is ``default_label_config`` with all labels of the documents.

    Raises:
        ValueError: a span cannot be a region, see ``result_from_spans``.
    """
    documents = [as_proposal(document) for document in documents]
    if config is None:
        config = LabelConfig(labels_used(documents))
    tasks = [task_from_document(document, config) | {"meta": _task_meta(document)} for document in documents]
    path.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
