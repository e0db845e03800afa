"""The offer of one decision for all places of a term."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from wapaganda.errors import InputError
from wapaganda.terms import Answer, text_key

PlaceKey = tuple[str, int, int]
"""The key of a text (``terms.text_key``), start and end."""
NO_ENTITY = "no entity"
_AROUND = 40
"""Characters that are shown before and after a place."""


@dataclass(frozen=True, slots=True)
class OfferedPlace:
    """A place ``text[start:end]`` of a term. ``why`` it looks different; empty: it does not."""

    document_id: str
    text: str
    start: int
    end: int
    why: str = ""

    @property
    def key(self) -> PlaceKey:
        """By which the place is found again."""
        return text_key(self.text), self.start, self.end

    def excerpt(self) -> str:
        """The text around the place on one line, the place in brackets."""
        before, after = self.text[: self.start][-_AROUND:], self.text[self.end :][:_AROUND]
        if self.start > _AROUND:
            before = "…" + (before.partition(" ")[2] or before)
        if len(self.text) - self.end > _AROUND:
            after = (after.rpartition(" ")[0] or after) + "…"
        return " ".join(f"{before}[{self.text[self.start : self.end]}]{after}".split())


@dataclass(frozen=True, slots=True)
class TermOffer:
    """What the decision that ``term`` is ``label`` (``None``: no entity) would cover.

    ``model``: the version that has read the places; empty: there was none. ``places``: in the open texts.
    ``sample``: rows of the places to check, of which ``size`` were wanted. ``labelled``: what people have
    said at places of the term.
    """

    term: str
    label: str | None
    model: str
    places: tuple[OfferedPlace, ...]
    sample: tuple[int, ...]
    size: int
    labelled: Mapping[Answer, int] = field(default_factory=dict)

    @property
    def alike(self) -> int:
        """The places that look alike."""
        return sum(not each.why for each in self.places)

    @property
    def answer(self) -> str:
        """The label, or ``no entity``."""
        return self.label or NO_ENTITY

    def to_check(self) -> list[OfferedPlace]:
        """The places to check, in their order."""
        return [self.places[row] for row in self.sample]

    def describe(self) -> str:
        """The offer in one sentence."""
        n, different = len(self.places), len(self.places) - self.alike
        places = f"{n:,} place{'s' if n != 1 else ''}"
        differing = f"{different:,} look{'s' if different == 1 else ''} different"
        parts = (places, f"{self.alike:,} alike", differing, f"{len(self.sample):,} to check")
        return f"{self.term} = {self.answer}: {', '.join(parts)}."

    def stored(self) -> dict[str, Any]:
        """JSON-ready, without the texts."""
        return {
            "label": self.label,
            "model": self.model,
            "places": [[each.document_id, *each.key, each.why] for each in self.places],
            "sample": list(self.sample),
            "size": self.size,
            "labelled": [[answer, number] for answer, number in self.labelled.items()],
        }

    @classmethod
    def restored(cls, term: str, values: Mapping[str, Any], texts: Mapping[str, str]) -> Self:
        """The offer of ``stored``; ``texts`` by document id. A place whose text has changed or is gone has an
        empty text."""
        places = []
        for document_id, key, start, end, why in values["places"]:
            text = texts.get(document_id, "")
            places.append(OfferedPlace(document_id, text if text_key(text) == key else "", start, end, why))
        return cls(
            term,
            values["label"],
            values["model"],
            tuple(places),
            tuple(values["sample"]),
            values["size"],
            {answer: number for answer, number in values["labelled"]},
        )


def shown_record(place: OfferedPlace, offer: TermOffer) -> dict[str, Any]:
    """A place to check as a JSON object, for people who fill in ``right``."""
    key, start, end = place.key
    return {
        "term": offer.term,
        "label": offer.label,
        "excerpt": place.excerpt(),
        "why": place.why,
        "right": None,
        "id": place.document_id,
        "text_key": key,
        "start": start,
        "end": end,
    }


def checks_of(records: Sequence[Mapping[str, Any]], offer: TermOffer) -> dict[PlaceKey, bool]:
    """The checked places in such objects, those with ``right`` true or false; ``null``: not checked.

    Raises:
        InputError: the places of another term or label.
        KeyError, TypeError, ValueError: another object.
    """
    found = {}
    for each in records:
        if (each["term"], each["label"]) != (offer.term, offer.label):
            raise InputError(
                f"Expected places of {offer.term} = {offer.answer}, was: {each['term']} = "
                f"{each['label'] or NO_ENTITY}."
            )
        if each["right"] is not None and not isinstance(each["right"], bool):
            raise ValueError(f"right is {each['right']!r}, not true, false or null")
        if each["right"] is not None:
            found[str(each["text_key"]), int(each["start"]), int(each["end"])] = each["right"]
    return found
