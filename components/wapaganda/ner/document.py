"""The domain types: a span, a document and a label schema."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """An entity mention, ``text[start:end]``, in Unicode code points.

    ``score`` is the model's confidence in [0, 1]. It is not compared: two spans are equal if
    start, end and label are equal.
    """

    start: int
    end: int
    label: str
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its entity spans: ``None`` if it is unlabelled, ``()`` if it has no entity.

    The spans are valid: sorted, inside the text, without overlaps, from the start of a word to the end of a
    word (``word_offsets``). Every brick relies on that. Readers (``annotation``) repair spans and count the
    repairs. Call ``repaired`` for documents that you build yourself.
    """

    id: str
    text: str
    spans: tuple[Span, ...] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_labelled(self) -> bool:
        """Whether the text is labelled, with entities or without."""
        return self.spans is not None

    def with_spans(self, spans: Iterable[Span] | None) -> Self:
        """The same document with other spans."""
        return replace(self, spans=None if spans is None else tuple(spans))


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """The entity types in a fixed order, and their IOB2 tags.

    Tag ids: ``O`` is 0, ``B-k`` of type number k is ``1 + 2k``, ``I-k`` is ``2 + 2k``.
    """

    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels) or not all(self.labels):
            raise ValueError(
                f"A label schema needs at least one label, each once and none empty, was: {self.labels}"
            )

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Self:
        """The schema of the labels in ``documents``, sorted.

        Raises:
            ValueError: no document has a span.
        """
        return cls(tuple(sorted({span.label for document in documents for span in document.spans or ()})))

    @property
    def tags(self) -> tuple[str, ...]:
        """The tag names in the order of their ids; ``len(tags) == 1 + 2 * len(labels)``."""
        return ("O", *(f"{prefix}-{label}" for label in self.labels for prefix in "BI"))

    def begin(self, label: str) -> int:
        """The id of ``B-label``; ``I-label`` is the next one.

        Raises:
            ValueError: the schema does not know the label.
        """
        try:
            return 1 + 2 * self.labels.index(label)
        except ValueError:
            raise ValueError(f"Expected one of the labels {', '.join(self.labels)}, was: {label!r}") from None
