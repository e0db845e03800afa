"""The documents of a data set: the people's part and the machine part, each text with its origin."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wapaganda.annotation import (
    MODEL,
    PROVENANCE,
    SPANS_BY,
    TERM,
    Provenance,
    states_provenance,
    without_labels,
)
from wapaganda.dataset.model_labels import ModelLabels
from wapaganda.dataset.provenance import LabelHistory, with_origins
from wapaganda.dataset.request import ExportRequest
from wapaganda.ner import Document, Repairs, encode_spans, repaired

_WHO = frozenset(
    (
        *("annotators", "annotator", "completed_by", "_answers"),
        *("_annotator_id", "_session_id", "annotation_approver", "user_id", "username"),
    )
)
"""The keys in ``Document.meta`` that say who an annotator was."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The documents of a data set in their order, and how many texts were left out, by the reason.

    ``people``: the labelled documents among them as they were read, with the answers of several annotators.
    """

    documents: tuple[Document, ...]
    people: tuple[Document, ...]
    repairs: Repairs
    left_out: Mapping[str, int]

    def by_machine(self) -> list[Document]:
        """The documents that a machine has labelled."""
        return [each for each in self.documents if is_by_machine(each)]


def is_by_machine(document: Document) -> bool:
    """Whether the labels of a gathered document are a machine's."""
    return bool(document.meta.get(PROVENANCE) == Provenance.MACHINE)


def gather(
    documents: Iterable[Document],
    machine: ModelLabels | None,
    history: LabelHistory,
    request: ExportRequest,
) -> Gathered:
    """The documents to write, in their order. A label of a person always wins over one of a machine.

    Labels of people are written without scores, which would mark them as a machine's. A text that changed
    since the machine labelled it counts as unlabelled.
    """
    offered = {} if machine is None else {each.id: each for each in machine.documents}
    kept, people, repairs = [], [], Repairs()
    reasons: dict[str, int] = {"unlabelled": 0, "provenance": 0, "confidence": 0}
    for document in documents:
        answer = offered.get(document.id)
        if document.is_labelled:
            good, found = repaired(document)
            plain = good.with_spans(replace(span, score=None) for span in good.spans or ())
            (made,) = with_origins([_freed(plain)], history)
        elif answer is not None and machine is not None and answer.text == document.text:
            good, found = repaired(document.with_spans(answer.spans))
            made = _by_machine(good, machine)
        else:
            reasons["unlabelled"] += 1
            continue
        why = _why_not(made, request)
        if why:
            reasons[why] += 1
            continue
        repairs += found
        people += [document] if document.is_labelled else []
        kept.append(made if request.annotators else _anonymous(made))
    return Gathered(tuple(kept), tuple(people), repairs, reasons)


def fingerprint(documents: Iterable[Document], splits: Sequence[str]) -> str:
    """SHA-256 of ids, texts, spans, provenances and splits, 64 hex digits; the order does not matter."""
    lines = sorted(
        json.dumps(
            [each.id, each.text, encode_spans(each.spans or (), scores=True), split]
            + [each.meta.get(key) for key in (PROVENANCE, SPANS_BY, MODEL)]
        )
        for each, split in zip(documents, splits, strict=True)
    )
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _why_not(document: Document, request: ExportRequest) -> str:
    if document.meta[PROVENANCE] not in request.only:
        return "provenance"
    if is_by_machine(document):
        least = min((span.score or 0.0 for span in document.spans or ()), default=1.0)
        return "confidence" if least < request.min_confidence else ""
    return ""


def _by_machine(document: Document, machine: ModelLabels) -> Document:
    spans, decided = document.spans or (), machine.by_term.get(document.id, frozenset())
    said: dict[str, Any] = {
        PROVENANCE: Provenance.MACHINE.value,
        SPANS_BY: [TERM if span in decided else Provenance.MACHINE.value for span in spans],
        MODEL: machine.model,
    }
    others = without_labels(document).meta
    meta = {(f"{key}_in_source" if key in said else key): value for key, value in others.items()}
    return replace(document, meta=meta | said)


def _freed(document: Document) -> Document:
    """A document of people whose own field ``provenance`` means something else, which gets another name."""
    if PROVENANCE not in document.meta or states_provenance(document.meta):
        return document
    meta = {key: value for key, value in document.meta.items() if key != PROVENANCE}
    return replace(document, meta=meta | {f"{PROVENANCE}_in_source": document.meta[PROVENANCE]})


def _anonymous(document: Document) -> Document:
    if _WHO.isdisjoint(document.meta):
        return document
    return replace(document, meta={key: each for key, each in document.meta.items() if key not in _WHO})
