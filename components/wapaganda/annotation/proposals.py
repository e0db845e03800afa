"""What a model proposed and nobody has confirmed: it goes through every format as such, never as a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from wapaganda.ner import Document, Span, decode_spans, repair_spans, span_to_dict

PROPOSED = "proposed"
"""The key in ``Document.meta`` and in JSON: ``{"by": "v0003-…", "spans": [{"start", "end", "label"}]}``."""

PROVENANCE = "provenance"
"""The key in ``Document.meta`` and in JSON for the provenance of a labelled text."""
SPANS_BY = "spans_by"
"""The key in ``Document.meta`` for the provenance of each span, in their order; in JSON ``by``."""
TERM = "term"
"""In ``SPANS_BY`` of a machine's text: a person has decided what the term is, for all its places."""
MODEL = "model"
"""The key in ``Document.meta`` and in JSON for the model that gave the labels of a machine's text."""


class Provenance(StrEnum):
    """Who gave the labels of a text, or one span."""

    HUMAN = "human"
    """A person, without proposals; in a corrected text: where nothing was proposed."""
    CONFIRMED = "confirmed"
    """A model proposed it, and a person kept it exactly."""
    CORRECTED = "corrected"
    """A model proposed something else, and a person changed it."""
    AUDITED = "audited"
    """A person, blind, in a random sample of what the model had labelled."""
    MACHINE = "machine"
    """A model; nobody has looked at it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The spans that a model proposed for a text, with their scores; ``by``: the version of the model."""

    spans: tuple[Span, ...]
    by: str


def with_proposal(document: Document, spans: Iterable[Span], by: str) -> Document:
    """The document as an unlabelled text with the spans that ``by`` proposes."""
    proposed = {"by": by, "spans": [span_to_dict(span) for span in spans]}
    return Document(document.id, document.text, None, {**document.meta, PROPOSED: proposed})


def proposal_of(document: Document) -> Proposal | None:
    """The proposal of an unlabelled document, with repaired spans; ``None`` if it has none."""
    value = document.meta.get(PROPOSED)
    if document.spans is not None or not isinstance(value, Mapping) or "spans" not in value:
        return None
    try:
        spans = decode_spans(value["spans"])
    except (ValueError, TypeError):
        return None
    return Proposal(repair_spans(document.text, spans)[0], str(value.get("by", "")))


def marked_spans(document: Document) -> tuple[tuple[Span, ...] | None, Proposal | None]:
    """The spans that a format writes, and the proposal if they are one: it says so next to them.

    Spans that all have a score are a model's, too, unless a person has taken time for them, and so are those
    of a text that says it.
    """
    if states_machine(document):
        return document.spans, Proposal(document.spans or (), str(document.meta.get(MODEL, "")))
    document = _confirmed(document)
    if document.spans and all(span.score is not None for span in document.spans):
        return document.spans, Proposal(document.spans, "")
    proposal = proposal_of(document)
    return (document.spans, None) if proposal is None else (proposal.spans, proposal)


def as_proposal(document: Document) -> Document:
    """The document; as an unlabelled one with a proposal if its spans are a model's."""
    document = document if states_machine(document) else _confirmed(document)
    spans, proposal = marked_spans(document)
    if proposal is None or document.spans is None:
        return document
    return with_proposal(document, spans or (), proposal.by)


def _confirmed(document: Document) -> Document:
    """The document; without scores if an annotator has submitted its spans (accepted proposals keep them)."""
    if not document.spans or not document.meta.get("lead_time"):
        return document
    return document.with_spans([replace(span, score=None) for span in document.spans])


def settled(document: Document) -> tuple[Document, Proposal | None]:
    """A document that was read with a proposal in its ``meta``, and the proposal if it stays one.

    Spans that equal the proposal are not an answer. Others are: the proposal is then dropped. Without a
    proposal the labels of a text that says that they are a model's are one.
    """
    proposal = proposal_of(document.with_spans(None))
    if proposal is None and states_machine(document):
        as_read = with_proposal(document, document.spans or (), str(document.meta.get(MODEL, "")))
        document, proposal = as_read, proposal_of(as_read)
    if proposal is None:
        return document, None
    meta = without_machine(document.meta)
    if document.spans is None or set(document.spans) == set(proposal.spans):
        return Document(document.id, document.text, None, meta), proposal
    answered = {key: value for key, value in meta.items() if key != PROPOSED}
    return Document(document.id, document.text, document.spans, answered), None


def states_provenance(meta: Mapping[str, Any]) -> bool:
    """Whether ``meta`` has one of our words for the provenance; other values are a field of the user."""
    return meta.get(PROVENANCE) in tuple(Provenance)


def states_machine(document: Document) -> bool:
    """Whether the document is labelled and says that a machine did it."""
    return document.spans is not None and document.meta.get(PROVENANCE) == Provenance.MACHINE


def without_machine(meta: Mapping[str, Any]) -> dict[str, Any]:
    """``meta`` without the statement that a machine has labelled the text, if it is there."""
    if meta.get(PROVENANCE) != Provenance.MACHINE:
        return dict(meta)
    return {key: value for key, value in meta.items() if key not in (PROVENANCE, SPANS_BY, MODEL)}
