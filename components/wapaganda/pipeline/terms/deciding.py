"""A decision on a term: by its checked places, stored with a bound, undone without a trace."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wapaganda.errors import InputError
from wapaganda.ledger import Ledger, TermDecision
from wapaganda.ner import Document
from wapaganda.pipeline.selection.waiting import is_waiting
from wapaganda.pipeline.terms.offer import OfferedPlace, PlaceKey, TermOffer
from wapaganda.terms import CONFIDENCE, most_wrong, text_key

MOST_WRONG = 0.25
"""The share of wrong places that a decision may have at most, by its bound. Twelve right places prove it."""
_SHOWN = "term shown: "
"""Begins the key in the ledger for the offer of a term that is being checked, with the answers so far."""


@dataclass(frozen=True, slots=True)
class CheckedOffer:
    """An offer after its check.

    ``checked`` and ``wrong``: of the places that look alike. ``different`` and ``accepted``: checked places
    that look different, and those of them that are right. ``at_most_wrong``: the share of the covered places
    that may be wrong, 0 to 1, with 95% confidence. ``covered``: the places that the decision covers.
    """

    offer: TermOffer
    checked: int
    wrong: int
    different: int
    accepted: int
    at_most_wrong: float
    covered: tuple[PlaceKey, ...]

    @property
    def score(self) -> float:
        """The probability that a covered place is right (rule of succession)."""
        return (self.checked - self.wrong + 1.0) / (self.checked + 2.0)

    def facts(self) -> dict[str, Any]:
        """What the decision was made by, JSON-ready."""
        own = {name: value for name, value in asdict(self).items() if name not in ("offer", "covered")}
        return {
            "model": self.offer.model,
            "places": len(self.offer.places),
            "alike": self.offer.alike,
            **own,
            "at_most_wrong": round(self.at_most_wrong, 4),
            "confidence": CONFIDENCE,
        }


def check_offer(
    offer: TermOffer, checks: Mapping[PlaceKey, bool], open_texts: frozenset[str]
) -> CheckedOffer:
    """What a decision covers after these ``checks`` (whether the answer is right at a place).

    Covered are the places that look alike, and the checked ones among the others that are right; not those
    that were found wrong, nor texts that are not among ``open_texts`` (keys) any more. The bound counts the
    wrong ones that a random sample of the alike places does not rule out.
    """
    asked = set(offer.sample)
    checked = wrong = different = accepted = 0
    covered = []
    for row, place in enumerate(offer.places):
        said = checks.get(place.key) if row in asked else None
        if place.why:
            different += said is not None
            accepted += said is True
        else:
            checked += said is not None
            wrong += said is False
        if (said or (said is None and not place.why)) and place.text and place.key[0] in open_texts:
            covered.append(place.key)
    left = most_wrong(wrong, checked, offer.alike) - wrong
    share = min(1.0, left / len(covered)) if covered else 0.0
    return CheckedOffer(offer, checked, wrong, different, accepted, share, tuple(covered))


def accept_offer(ledger: Ledger, found: CheckedOffer, most: float = MOST_WRONG) -> TermDecision:
    """Store the decision.

    Raises:
        InputError: too many places may be wrong, none is left, or the offer is not the one that is being
            checked now.
    """
    if not _is_shown(ledger, found.offer):
        raise InputError(
            f"Expected the places of {found.offer.term!r} that were checked, was: a term that was decided, "
            "undone or shown anew meanwhile.",
            "selfish terms list shows the decisions, selfish terms show the places.",
        )
    if not found.covered:
        raise InputError(f"Expected a place of {found.offer.term!r} in an open text, was: none left.")
    if found.at_most_wrong > most:
        raise InputError(
            f"Expected at most {most:.0%} wrong places, was: up to {found.at_most_wrong:.0%} by "
            f"{found.checked} checked places, {found.wrong} of them wrong.",
            "Check more places by --check, or allow more by --most-wrong.",
        )
    offer = found.offer
    number = ledger.decide_term(offer.term, offer.label, found.score, found.facts(), found.covered)
    forget_offer(ledger, offer.term)
    return next(each for each in ledger.term_decisions() if each.number == number)


def remember_offer(ledger: Ledger, offer: TermOffer) -> None:
    """Keep an offer while its places are checked; answers to an earlier one for the same label stay."""
    known = _shown(ledger, offer.term)
    answers = known.get("answers", []) if known.get("label") == offer.label else []
    ledger.set_value(_SHOWN + offer.term, {**offer.stored(), "answers": answers})


def remember_answers(ledger: Ledger, offer: TermOffer, checks: Mapping[PlaceKey, bool]) -> None:
    """Keep what was said of the places of an offer until the decision, if it is still being checked."""
    if _is_shown(ledger, offer):
        known = _shown(ledger, offer.term)
        answers = [[*place, right] for place, right in (_answers(known) | dict(checks)).items()]
        ledger.set_value(_SHOWN + offer.term, {**known, "answers": answers})


def forget_offer(ledger: Ledger, term: str) -> None:
    """Forget an offer and the answers."""
    if _shown(ledger, term):
        ledger.set_value(_SHOWN + term, None)


def _shown(ledger: Ledger, term: str) -> dict[str, Any]:
    return dict(ledger.value(_SHOWN + term) or {})


def _answers(values: Mapping[str, Any]) -> dict[PlaceKey, bool]:
    return {(key, start, end): right for key, start, end, right in values.get("answers", [])}


def _is_shown(ledger: Ledger, offer: TermOffer) -> bool:
    """Whether an offer is the one that is being checked. The texts of its places may have changed."""
    known = _shown(ledger, offer.term)
    return bool(known) and _identity(known) == _identity(offer.stored())


def _identity(values: Mapping[str, Any]) -> tuple[Any, ...]:
    places = [(document_id, *place) for document_id, _, *place in values["places"]]
    return values["label"], values["model"], values["sample"], values["size"], places


def remembered_offer(ledger: Ledger, term: str) -> TermOffer | None:
    """The offer of a term that is being checked."""
    values = _shown(ledger, term)
    if not values:
        return None
    ids = [each[0] for each in values["places"]]
    return TermOffer.restored(term, values, {each.id: each.text for each in ledger.find(ids)})


def answered(ledger: Ledger, offer: TermOffer) -> dict[PlaceKey, bool]:
    """The places to check of which people have said whether the answer is right, by answers or by labels."""
    asked = {place.key for place in offer.to_check()}
    said = {place: right for place, right in _answers(_shown(ledger, offer.term)).items() if place in asked}
    held = {each.id: each for each in ledger.find([place.document_id for place in offer.to_check()])}
    return said | {
        place.key: _is_right(place, offer.label, document)
        for place in offer.to_check()
        if (document := held.get(place.document_id)) is not None and document.is_labelled and place.text
    }


def _is_right(place: OfferedPlace, label: str | None, document: Document) -> bool:
    marked = [
        each.label for each in document.spans or () if (each.start, each.end) == (place.start, place.end)
    ]
    return not marked if label is None else label in marked


def open_keys(ledger: Ledger) -> frozenset[str]:
    """The keys of the texts that wait for a label."""
    return frozenset(text_key(each.text) for each in ledger.documents(labelled=False) if is_waiting(each))


def covered_keys(ledger: Ledger, term: str) -> frozenset[str]:
    """The keys of the texts that the decisions on a term cover."""
    numbers = {each.number for each in ledger.term_decisions() if each.term == term}
    held = ledger.decided_terms().places.items()
    return frozenset(key for key, places in held if any(each.number in numbers for each in places))


def undo_decision(ledger: Ledger, term: str) -> list[TermDecision]:
    """Delete the decisions on a term, and the offer that is being checked; return what was deleted.

    Raises:
        InputError: there is neither.
    """
    found = [each for each in ledger.term_decisions() if each.term == term]
    if not found and remembered_offer(ledger, term) is None:
        known = ", ".join(dict.fromkeys(each.term for each in ledger.term_decisions())) or "none"
        raise InputError(f"Expected a decided term ({known}), was: {term}.")
    for each in found:
        ledger.undo_term(each.number)
    forget_offer(ledger, term)
    return found
