"""Decisions on terms: places of which a person has said what they are, without reading each of them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wapaganda.ner import Span


@dataclass(frozen=True, slots=True)
class DecidedPlace:
    """A place ``start`` to ``end`` of a text that the decision ``number`` covers.

    ``label``: what it is; ``None``: no entity. ``score``: the probability that this is right, 0 to 1.
    """

    start: int
    end: int
    label: str | None
    score: float
    number: int


def text_key(text: str) -> str:
    """64 bits of the SHA-256 of a text, in hex: a decision covers exactly the texts that were looked at."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class DecidedTerms:
    """The places that decisions cover, by the key of their text (``text_key``)."""

    places: Mapping[str, Sequence[DecidedPlace]] = field(default_factory=dict)

    def at(self, text: str) -> tuple[DecidedPlace, ...]:
        """The places in a text, without overlaps: the longest win, of equally long ones the last decision."""
        kept: list[DecidedPlace] = []
        found = self.places.get(text_key(text), ()) if self.places else ()
        for each in sorted(found, key=lambda place: (place.start - place.end, -place.number)):
            if not any(_overlap(each, other) for other in kept):
                kept.append(each)
        return tuple(sorted(kept, key=lambda place: place.start))

    def applied(self, text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
        """The spans of a model in a text, with what was decided about its terms.

        A term with a label takes the place of every span that it overlaps. A term that is no entity removes
        spans that lie within it; a longer one, or one that only overlaps it, is another entity and stays.
        """
        places = self.at(text)
        if not places:
            return tuple(spans)
        kept = [span for span in spans if not any(_gives_way(span, place) for place in places)]
        made = [
            Span(each.start, each.end, each.label, each.score) for each in places if each.label is not None
        ]
        return tuple(sorted((*kept, *made), key=lambda span: (span.start, span.end)))

    def made(self, text: str, spans: Iterable[Span]) -> tuple[bool, ...]:
        """Whether a decision has made each of the spans of a text."""
        own = {(each.start, each.end, each.label) for each in self.at(text)}
        return tuple((span.start, span.end, span.label) in own for span in spans)


def _overlap(left: DecidedPlace | Span, right: DecidedPlace) -> bool:
    return left.start < right.end and right.start < left.end


def _gives_way(span: Span, place: DecidedPlace) -> bool:
    if place.label is None:
        return place.start <= span.start and span.end <= place.end
    return _overlap(span, place)
