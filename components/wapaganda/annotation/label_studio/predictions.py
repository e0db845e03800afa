"""The predictions in a file of Label Studio tasks: what a model proposed, never labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.label_studio.answers import read_answer
from wapaganda.annotation.label_studio.label_config import LabelConfig
from wapaganda.annotation.label_studio.several import precedence
from wapaganda.annotation.label_studio.task_text import read_text
from wapaganda.annotation.proposals import with_proposal
from wapaganda.annotation.read_report import READ_KEY, Finding, is_unread
from wapaganda.ner import Document, repair_spans

NOTE = "why: "
"""The model version of a note begins so: a prediction without regions that says why a text was chosen."""
READING = "review: "
"""The model version of a reading begins so: what a model would mark instead of the labels of a text."""
PLACES = "term: "
"""The model version of places of a term begins so: people check them before they decide what the term is."""
REMARKS = (NOTE, READING, PLACES)
"""How the model versions of all remarks begin."""


def is_remark(prediction: Mapping[str, Any]) -> bool:
    """Whether the prediction only tells people something in Label Studio: a note, a reading, or places.

    It is no proposal for an annotator, and never a label.
    """
    return str(prediction.get("model_version") or "").startswith(REMARKS)


def remarks_of(predictions: object) -> list[Mapping[str, Any]]:
    """The remarks among the predictions of a task, as far as these are known."""
    known = predictions if isinstance(predictions, list) else ()
    return [each for each in known if isinstance(each, Mapping) and "id" in each and is_remark(each)]


def newest_prediction(task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The proposal of a task that was made last; ``None`` without one that is given in full."""
    found = task.get("predictions")
    whole = [
        each
        for each in (found if isinstance(found, list) else ())
        if isinstance(each, Mapping) and isinstance(each.get("result"), list) and not is_remark(each)
    ]
    return max(whole, key=precedence, default=None)


def with_prediction(document: Document, task: Mapping[str, Any], config: LabelConfig) -> Document:
    """An unlabelled document with the newest prediction of its task as a proposal; others as they are.

    A prediction that is not understood whole is left out, and ``meta`` says so.
    """
    if document.spans is not None or is_unread(document) or document.meta.get("skipped"):
        return document
    prediction = newest_prediction(task)
    if prediction is None:
        return document
    by = str(prediction.get("model_version") or "")
    try:
        regions = [each for each in prediction["result"] if isinstance(each, Mapping)]
        answer = read_answer(regions, read_text(task["data"], config), config)
    except FormatError as error:
        return _left_out(document, str(error))
    spans, repairs = repair_spans(document.text, answer.spans)
    if answer.problems or repairs.out_of_range:
        reason = answer.problems[0].message if answer.problems else repairs.describe()
        return _left_out(document, f"{by or 'a prediction'}: {reason}")
    return with_proposal(document, spans, by)


def _left_out(document: Document, reason: str) -> Document:
    read = document.meta.get(READ_KEY, {})
    place = f"task {document.id}" if document.id else ""
    found = [*read.get("found", ()), asdict(Finding("prediction-not-read", 1, place, reason))]
    return replace(document, meta={**document.meta, READ_KEY: {**read, "found": found}})
