"""Annotations that nobody looked at: predictions that Label Studio copied."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from wapaganda.annotation.read_report import READ_KEY, Finding
from wapaganda.ner import Document

MACHINE_ANSWER = "machine-answer"
"""The kind of the finding about a text with no other annotation."""
_BY_HAND = {"manual", "prediction-changed"}
"""The origin of regions that an annotator has drawn or changed."""


def is_machine_answer(annotation: Mapping[str, Any], predictions: object = None) -> bool:
    """Whether the annotation is a model's prediction at which no annotator has looked.

    "Create Annotations From Predictions" of the Data Manager makes such annotations: with the prediction as
    parent, its regions, and no lead time. An annotator who submits an unchanged proposal leaves a lead time.
    A ground truth (the star) counts as an annotator's. Without a parent, which is forgotten when predictions
    are deleted, an annotation is a model's when all its regions have the score of a model.

    Args:
        annotation: as exported or from the API.
        predictions: those of its task, as far as they are known. If the parent is among them with its result,
            the regions must be equal; otherwise none may be drawn or changed by hand.
    """
    if annotation.get("lead_time") or annotation.get("ground_truth"):
        return False
    parent, regions = parent_of(annotation), _regions(annotation.get("result"))
    if parent is None:
        scored = all(region.get("score") is not None for region in regions)
        return bool(regions) and scored and not any(region.get("origin") in _BY_HAND for region in regions)
    predicted = _predicted(parent, predictions)
    if predicted is not None:
        return Counter(map(_said, regions)) == Counter(map(_said, predicted))
    return not any(region.get("origin") in _BY_HAND for region in regions)


def parent_of(annotation: Mapping[str, Any]) -> object:
    """The id of the prediction that the annotator was shown; ``None`` if there was none."""
    parent = annotation.get("parent_prediction")
    return parent.get("id") if isinstance(parent, Mapping) else parent


def has_machine_answer(document: Document) -> bool:
    """Whether a text of Label Studio has only such annotations. It counts as unlabelled here and as labelled
    there, where it is served to nobody."""
    found = document.meta.get(READ_KEY, {}).get("found", ())
    return document.spans is None and any(each.get("kind") == MACHINE_ANSWER for each in found)


def machine_finding(kind: str, annotations: Sequence[Mapping[str, Any]], task: str) -> Finding:
    """The finding about the machine answers of a task, of which there is at least one."""
    first = annotations[0]
    parent = parent_of(first)
    copied = f"is prediction {parent} unchanged" if parent is not None else "has the scores of a model"
    example = f"annotation {first.get('id', '?')} {copied}, with no lead time"
    return Finding(kind, 1, f"task {task}" if task else "", example)


def _predicted(parent: object, predictions: object) -> list[Mapping[str, Any]] | None:
    for each in predictions if isinstance(predictions, list) else ():
        if isinstance(each, Mapping) and each.get("id") == parent and isinstance(each.get("result"), list):
            return _regions(each["result"])
    return None


def _regions(result: object) -> list[Mapping[str, Any]]:
    return [each for each in result if isinstance(each, Mapping)] if isinstance(result, list) else []


def _said(region: Mapping[str, Any]) -> str:
    """What a region says, without its id, score, words and origin."""
    value = region.get("value")
    said = (
        {key: each for key, each in value.items() if key != "text"} if isinstance(value, Mapping) else value
    )
    parts = [region.get(key) for key in ("from_name", "to_name", "type", "from_id", "to_id")]
    return json.dumps([*parts, said], sort_keys=True, default=str)
