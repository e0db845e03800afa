"""Terms, offers and decisions as tables, sentences and JSON."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from wapaganda.selfish_cli.ui.tables import plain_table

if TYPE_CHECKING:
    from wapaganda.ledger import TermDecision
    from wapaganda.pipeline import CheckedOffer, TermOffer
    from wapaganda.terms import Answer, TermCandidate

NONE = "no entity"


def candidates_table(found: "Sequence[TermCandidate]") -> RenderableType:
    """The terms that are worth a decision."""
    if not found:
        return "No term has three places or more in the texts without labels."
    rows = [
        [
            each.term,
            each.answer or NONE,
            f"{each.places:,}",
            f"{each.doubt:.2f}",
            f"{each.reliability:.2f}",
            f"{each.errors:.1f}",
            _said(each.labelled),
        ]
        for each in found
    ]
    head = ["Term", "Probably", "Places", "Errors a place", "Reliable", "Errors removed", "By people"]
    return plain_table("Terms that are worth a decision", head, rows, numbers=(2, 3, 4, 5))


def decisions_table(found: "Sequence[TermDecision]") -> RenderableType:
    """The decisions that hold."""
    rows = [
        [each.term, each.label or NONE, f"{each.places:,}", _at_most(each), each.decided_at[:10]]
        for each in found
    ]
    head = ["Term", "Is", "Places", "At most wrong", "Decided"]
    return plain_table("Decided terms", head, rows, numbers=(2, 3))


def offer_parts(offer: "TermOffer", *, with_places: bool = True) -> list[RenderableType]:
    """The offer, and the places to check."""
    parts: list[RenderableType] = [offer.describe()]
    if offer.labelled:
        parts.append(f"By people: {_said(offer.labelled)}.")
    if with_places:
        rows = [[each.excerpt(), each.why] for each in offer.to_check()]
        parts.append(plain_table("To check", ["Place", "Looks different"], rows))
    return parts


def covered_facts(found: "CheckedOffer", decision: "TermDecision") -> list[tuple[str, str]]:
    """What was decided, and by what."""
    more = f", {found.accepted} of {found.different} that look different" if found.different else ""
    return [
        ("Decided", f"{decision.term} = {decision.label or NONE} at {decision.places:,} places"),
        ("Checked", f"{found.checked - found.wrong} of {found.checked} right{more}"),
        ("At most wrong", f"{found.at_most_wrong:.1%} of the places, with 95% confidence"),
        ("Undo", f"selfish terms undo {decision.term!r}"),
    ]


def offer_record(offer: "TermOffer") -> dict[str, Any]:
    """JSON-ready."""
    from wapaganda.pipeline import shown_record

    return {
        "term": offer.term,
        "label": offer.label,
        "model": offer.model or None,
        "places": len(offer.places),
        "alike": offer.alike,
        "different": len(offer.places) - offer.alike,
        "labelled": {answer or NONE: number for answer, number in offer.labelled.items()},
        "to_check": [shown_record(each, offer) for each in offer.to_check()],
    }


def record_of(each: "TermCandidate | TermDecision") -> dict[str, Any]:
    """A candidate or a decision, JSON-ready."""
    from wapaganda.ledger import TermDecision

    if isinstance(each, TermDecision):
        return {
            "number": each.number,
            "term": each.term,
            "label": each.label,
            "places": each.places,
            "decided_at": each.decided_at,
            **{name: value for name, value in each.facts.items() if name != "places"},
        }
    return {
        "term": each.term,
        "answer": each.answer,
        "places": each.places,
        "doubt": round(each.doubt, 4),
        "reliability": round(each.reliability, 4),
        "errors": round(each.errors, 2),
        "labelled": {answer or NONE: number for answer, number in each.labelled.items()},
    }


def _said(labelled: "Mapping[Answer, int]") -> str:
    most = sorted(labelled.items(), key=lambda each: -each[1])
    return ", ".join(f"{number} {answer or NONE}" for answer, number in most)


def _at_most(each: "TermDecision") -> str:
    return f"{float(each.facts.get('at_most_wrong', 1.0)):.1%}"
