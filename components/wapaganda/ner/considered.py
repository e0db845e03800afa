"""The entity types that the labels of a text can say: the schema under which it was labelled."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wapaganda.ner.document import Document, LabelSchema, Span

CONSIDERED = "labels_considered"
"""The key in ``Document.meta`` for the labels that the annotators of the text could choose from.

Without it they could choose from all labels."""


def considered_labels(document: Document) -> frozenset[str] | None:
    """The labels that the labels of the document can say; ``None``: all.

    A label that one of its spans has counts among them.
    """
    if CONSIDERED not in document.meta:
        return None
    named = label_names(document.meta[CONSIDERED])
    return None if named is None else frozenset(named) | {span.label for span in document.spans or ()}


def missing_types(document: Document, schema: LabelSchema) -> tuple[int, ...]:
    """The numbers of the types of ``schema`` that the labels of the document cannot say.

    Where no span is marked in such a text, there may be an entity of one of these types.
    """
    considered = considered_labels(document)
    if considered is None:
        return ()
    return tuple(number for number, label in enumerate(schema.labels) if label not in considered)


def judged_spans(
    documents: Sequence[Document], predicted: Iterable[Sequence[Span]]
) -> list[tuple[Span, ...]]:
    """The predicted spans of each document that its labels can judge: those of the types they can say."""
    return [_judged(*pair) for pair in zip(documents, predicted, strict=True)]


def _judged(document: Document, spans: Sequence[Span]) -> tuple[Span, ...]:
    considered = considered_labels(document)
    if considered is None:
        return tuple(spans)
    return tuple(span for span in spans if span.label in considered)


def label_names(value: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - any JSON value
    """``value`` as labels if it is a list of names, else ``None``."""
    names = isinstance(value, list | tuple) and all(isinstance(name, str) and name for name in value)
    return tuple(value) if names else None


def with_considered(meta: Mapping[str, Any], labels: Iterable[str] | None) -> dict[str, Any]:
    """``meta`` with these labels under ``CONSIDERED``; without the key if they are ``None``."""
    others = {key: value for key, value in meta.items() if key != CONSIDERED}
    return others if labels is None else others | {CONSIDERED: list(labels)}
