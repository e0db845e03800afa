"""Texts whose annotators disagree, the dearest first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from wapaganda.annotation import answers_of
from wapaganda.annotation_cost import Prices, count_corrections
from wapaganda.metrics import AnnotatorAgreement, annotator_agreement
from wapaganda.ner import Document, Span, reading_words


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A text whose annotators have not all marked the same.

    ``disputed``: the spans that only some have marked, with their annotators. ``seconds``: to mark and remove
    what makes one answer another, on average over the pairs of annotators. ``reading``: to read the text.
    """

    document: Document
    disputed: tuple[tuple[Span, tuple[str, ...]], ...]
    seconds: float
    reading: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        text = self.document.text
        return {
            "document_id": self.document.id,
            "seconds": round(self.seconds, 2),
            "disputed": [
                {
                    "start": span.start,
                    "end": span.end,
                    "label": span.label,
                    "text": text[span.start : span.end],
                    "marked_by": list(by),
                }
                for span, by in self.disputed
            ],
            "text": text,
        }


def agreement_of(documents: Iterable[Document]) -> AnnotatorAgreement:
    """The agreement of the annotators in the texts that several have labelled."""
    return annotator_agreement([answers for document in documents if (answers := answers_of(document))])


def disagreements(documents: Iterable[Document], prices: Prices) -> list[Disagreement]:
    """The texts whose annotators disagree: first those whose answers are the most work apart."""
    several = [(document, answers_of(document)) for document in documents]
    found = [
        _disagreement(document, answers, prices)
        for document, answers in several
        if len({frozenset(spans) for spans in answers.values()}) > 1
    ]
    return sorted(found, key=lambda each: -each.seconds)


def _disagreement(document: Document, answers: dict[str, tuple[Span, ...]], prices: Prices) -> Disagreement:
    votes = Counter(span for spans in answers.values() for span in set(spans))
    disputed = sorted(span for span, n in votes.items() if n < len(answers))
    by = [(span, tuple(name for name, spans in answers.items() if span in spans)) for span in disputed]
    pairs = list(combinations(answers.values(), 2))
    work = [count_corrections(*pair) for pair in pairs]
    each_way = prices.entity + prices.removal
    seconds = sum((done.missed + done.spurious) * each_way / 2 for done in work) / len(pairs)
    return Disagreement(document, tuple(by), seconds, reading_words(document.text) * prices.word)
