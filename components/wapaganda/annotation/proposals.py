"""What a model proposed and nobody has confirmed: it goes through every format as such, never as a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from wapaganda.ner import Document, Span, decode_spans, repair_spans, span_to_dict

PROPOSED = "proposed"
"""The key in ``Document.meta`` and in JSON: ``{"by": "v0003-…", "spans": [{"start", "end", "label"}]}``."""


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

    Spans that all have a score are a model's, too, unless a person has taken time for them.
    """
    document = _confirmed(document)
    if document.spans and all(span.score is not None for span in document.spans):
        return document.spans, Proposal(document.spans, "")
    proposal = proposal_of(document)
    return (document.spans, None) if proposal is None else (proposal.spans, proposal)


def as_proposal(document: Document) -> Document:
    """The document; as an unlabelled one with a proposal if all its spans have a score."""
    document = _confirmed(document)
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

    Spans that equal the proposal are not an answer. Others are: the proposal is then dropped.
    """
    proposal = proposal_of(document.with_spans(None))
    if proposal is None:
        return document, None
    if document.spans is None or set(document.spans) == set(proposal.spans):
        return document.with_spans(None), proposal
    meta = {key: value for key, value in document.meta.items() if key != PROPOSED}
    return Document(document.id, document.text, document.spans, meta), None
