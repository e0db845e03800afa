"""Texts that were labelled before a type existed, and what a second look at them costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation_cost import Prices
from wapaganda.ner import Document, LabelSchema, missing_types, reading_words


@dataclass(frozen=True, slots=True)
class LaterType:
    """A type and the labelled texts whose annotators could not choose it; ``hours`` to look at them again."""

    label: str
    documents: tuple[Document, ...]
    hours: float

    def line(self) -> str:
        """One sentence for people."""
        number = len(self.documents)
        texts = f"{number:,} text{'s were' if number != 1 else ' was'}"
        them = "them" if number != 1 else "it"
        return (
            f"{texts} labelled before {self.label!r} existed: {_shown(self.hours)} to look at {them} again. "
            f"Until then they neither teach nor judge it (selfish review --added {_quoted(self.label)})."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without the texts."""
        return {"label": self.label, "texts": len(self.documents), "hours": round(self.hours, 3)}


def later_types(
    labelled: Sequence[Document], labels: Sequence[str] | None, prices: Prices
) -> tuple[LaterType, ...]:
    """The types of ``labels`` (by default all that occur) that some labelled texts could not have.

    A second look costs the reading of a text and the marking of the entities of the type, as many for each
    word as in the texts whose annotators could choose it.
    """
    if labels is None:
        labels = sorted({span.label for document in labelled for span in document.spans or ()})
    if not labels:
        return ()
    schema = LabelSchema(tuple(labels))
    missing = [missing_types(document, schema) for document in labelled]
    if not any(missing):
        return ()
    words = np.array([reading_words(document.text) for document in labelled])
    return tuple(
        _later_type(label, labelled, np.array([number in each for each in missing]), words, prices)
        for number, label in enumerate(schema.labels)
        if any(number in each for each in missing)
    )


def _later_type(
    label: str,
    labelled: Sequence[Document],
    lacks: NDArray[np.bool_],
    words: NDArray[np.int64],
    prices: Prices,
) -> LaterType:
    found = sum(span.label == label for document in labelled for span in document.spans or ())
    for_each_word = found / max(1, int(words[~lacks].sum()))
    seconds = int(words[lacks].sum()) * (prices.word + for_each_word * prices.entity)
    documents = tuple(document for document, lacking in zip(labelled, lacks, strict=True) if lacking)
    return LaterType(label, documents, seconds / 3600)


def _shown(hours: float) -> str:
    if hours < 0.95:
        minutes = max(1, round(60 * hours))
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
    return f"{hours:.1f} hours"


def _quoted(label: str) -> str:
    return label if label.isalnum() else f"'{label}'"
