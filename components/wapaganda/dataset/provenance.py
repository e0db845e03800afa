"""Who gave the labels of a text, and each of its spans."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wapaganda.annotation import PROVENANCE, SPANS_BY, Provenance, states_provenance
from wapaganda.ner import Document, Span
from wapaganda.sampler import UNSCORED_REASONS

AUDIT = "audit"
"""The selection reason of texts that were drawn at random from the machine part, to be labelled blind."""
PEOPLE = tuple(each for each in Provenance if each is not Provenance.MACHINE)
"""The provenances of labels that a person gave or has seen."""


@dataclass(frozen=True, slots=True)
class LabelHistory:
    """What a project knows about its texts beside their labels, by document id.

    ``shown``: the spans that annotators were shown last. ``reasons``: why the text was offered last; a text
    that was never offered has none.
    """

    shown: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """The provenance of a text and of each of its spans, in their order."""

    text: Provenance
    spans: tuple[Provenance, ...]


def origin_of(document: Document, history: LabelHistory) -> Origin:
    """Who gave the labels of a labelled document.

    In Label Studio the annotation itself says whether it began as a prediction (``parent_prediction``); of a
    file, the stored proposals say it. When it is not known what was proposed, the labels count as confirmed,
    which claims the least of those by people. A document from a file that says its own provenance, and was
    never offered in this project, keeps it. Labels that a model gave and nobody has seen stay a machine's.

    Raises:
        ValueError: the document is not labelled.
    """
    if document.spans is None:
        raise ValueError(f"Expected a labelled document, was: {document.id!r} without labels")
    stated = stated_origin(document)
    reason, shown = history.reasons.get(document.id), history.shown.get(document.id)
    in_label_studio = "annotation_id" in document.meta
    began_as_prediction = document.meta.get("parent_prediction") is not None
    was_offered = reason is not None or shown is not None
    if stated and not in_label_studio and (stated.text is Provenance.MACHINE or not was_offered):
        return stated
    if reason == AUDIT and not (began_as_prediction and shown):  # its prediction in Label Studio is empty
        return _uniform(Provenance.AUDITED, document.spans)
    if not (began_as_prediction or (shown is not None and not in_label_studio)):
        return _uniform(Provenance.HUMAN, document.spans)
    if shown is None or set(shown) == set(document.spans):
        return _uniform(Provenance.CONFIRMED, document.spans)
    return Origin(Provenance.CORRECTED, tuple(_by(span, shown) for span in document.spans))


def stated_origin(document: Document) -> Origin | None:
    """The origin that the ``meta`` of a labelled document states; ``None`` if it states none."""
    if document.spans is None or not states_provenance(document.meta):
        return None
    stated, by = Provenance(document.meta[PROVENANCE]), document.meta.get(SPANS_BY)
    ways = by if isinstance(by, list | tuple) else ()
    if len(ways) != len(document.spans) or not all(each in tuple(Provenance) for each in ways):
        return _uniform(stated, document.spans)
    return Origin(stated, tuple(map(Provenance, ways)))


def with_origins(documents: Iterable[Document], history: LabelHistory) -> list[Document]:
    """The documents; ``meta`` of the labelled ones says who gave text and spans (``PROVENANCE``,
    ``SPANS_BY``)."""
    return [_with_origin(each, history) if each.is_labelled else each for each in documents]


def stated_draw(document: Document) -> str | None:
    """Why the text was selected, as the batches of ``selfish select`` and their answers say it."""
    drawn = document.meta.get("drawn")
    return drawn if isinstance(drawn, str) and drawn else None


def is_drawn_at_random(document: Document, history: LabelHistory) -> bool:
    """Whether no score of a model had a part in that the text was labelled.

    Texts that were never offered were labelled before the first round or outside of the loop; they count as
    drawn at random. Audited texts are drawn at random from the machine part only.
    """
    reason = history.reasons.get(document.id)
    return reason is None or reason == AUDIT or reason in UNSCORED_REASONS


def _with_origin(document: Document, history: LabelHistory) -> Document:
    origin = origin_of(document, history)
    said = {PROVENANCE: origin.text.value, SPANS_BY: [each.value for each in origin.spans]}
    return replace(document, meta={**document.meta, **said})


def _uniform(provenance: Provenance, spans: Sequence[Span]) -> Origin:
    return Origin(provenance, (provenance,) * len(spans))


def _by(span: Span, shown: Sequence[Span]) -> Provenance:
    if span in shown:
        return Provenance.CONFIRMED
    touches = any(each.start < span.end and span.start < each.end for each in shown)
    return Provenance.CORRECTED if touches else Provenance.HUMAN
