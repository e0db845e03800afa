"""Which terms are worth a decision: those that should remove the most errors."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wapaganda.ner import Document
from wapaganda.terms.surface import Terms

_PRIOR = 2.0
"""Texts that the model's mean counts as, beside those that people have labelled."""

Answer = str | None
"""A label, or ``None``: no entity."""


def labelled_as(documents: Iterable[Document], terms: Terms) -> dict[str, Counter[Answer]]:
    """How often people have marked each term as each label, or not at all (``None``), at exactly its places.

    Places inside a longer span of people do not count.
    """
    found: dict[str, Counter[Answer]] = {}
    for document in documents:
        spans = document.spans or ()
        for place in terms.places(document.text):
            near = [span for span in spans if span.start < place.end and place.start < span.end]
            exact = [span for span in near if (span.start, span.end) == (place.start, place.end)]
            if exact or not near:
                label = exact[0].label if exact else None
                found.setdefault(place.term, Counter())[label] += 1
    return found


def reliability(counts: Mapping[Answer, int], answer: Answer, model: float) -> float:
    """The probability, 0 to 1, that ``answer`` is right at a place of which it was not learnt.

    ``counts``: what people have said at the places of the term. Each of these is predicted by the others, so
    no place counts for itself. ``model``: the model's mean probability of the answer; it counts
    as two places.
    """
    said, total = counts.get(answer, 0), sum(counts.values())
    agreed = said if said > 1 and said - 1 >= total - said else max(0, said - 1)
    return (agreed + _PRIOR * model) / (total + _PRIOR)


@dataclass(frozen=True, slots=True)
class TermCandidate:
    """A term that may be decided once for all its places in the pool.

    ``answer``: its most probable label, ``None``: no entity. ``places``: in the pool. ``doubt``: span errors
    that the model expects of itself at a place, on average. ``reliability``: that the answer is right, 0 to
    1. ``labelled``: what people have said at its places.
    """

    term: str
    answer: Answer
    places: int
    doubt: float
    reliability: float
    labelled: Mapping[Answer, int]

    @property
    def errors(self) -> float:
        """The span errors that a decision should remove."""
        return self.places * self.doubt * self.reliability


def ranked(candidates: Iterable[TermCandidate]) -> list[TermCandidate]:
    """The candidates, the most expected errors first."""
    return sorted(candidates, key=lambda each: (-each.errors, -each.places, each.term))


def forms_of(documents: Sequence[Document]) -> Counter[str]:
    """The forms of all spans in the documents, with their numbers."""
    return Counter(
        " ".join(document.text[span.start : span.end].split())
        for document in documents
        for span in document.spans or ()
    )
