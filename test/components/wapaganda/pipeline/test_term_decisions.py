"""What an offer of a term holds, what a checked one covers, and what a decision changes; without a model."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from wapaganda.errors import InputError
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.pipeline import (
    OPEN_AUDIT,
    Loop,
    OfferedPlace,
    TermOffer,
    accept_offer,
    answered,
    check_label,
    check_offer,
    checks_of,
    offer_term,
    open_keys,
    remember_answers,
    remember_offer,
    remembered_offer,
    show_decisions,
    shown_record,
)
from wapaganda.progress import silent
from wapaganda.terms import most_wrong, text_key

TEXTS = [f"saw Rome {number}" for number in range(20)]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    found = Ledger(tmp_path / "ledger.sqlite")
    found.upsert_documents([Document(str(row), text) for row, text in enumerate(TEXTS)], "test")
    return found


@pytest.fixture
def loop(ledger: Ledger, tmp_path: Path) -> Loop:
    source = SimpleNamespace(schema=lambda: LabelSchema(("CITY", "DOSE")))
    store = ModelStore(tmp_path / "models")
    return cast("Loop", SimpleNamespace(ledger=ledger, source=source, store=store, progress=silent))


def offer(*different: int, sample: tuple[int, ...] = ()) -> TermOffer:
    """Rome = CITY in all texts; the places of these rows look different."""
    places = [
        OfferedPlace(str(row), text, 4, 8, "beside “Hilton”" if row in different else "")
        for row, text in enumerate(TEXTS)
    ]
    return TermOffer("Rome", "CITY", "", tuple(places), sample or tuple(range(len(TEXTS))), 12)


def keys(*rows: int) -> set[tuple[str, int, int]]:
    return {(text_key(TEXTS[row]), 4, 8) for row in rows}


OPEN = frozenset(map(text_key, TEXTS))


def test_covered_are_the_places_alike_that_nobody_found_wrong_and_different_ones_that_are_right():
    made = offer(0, 1, 2)
    checks = {place.key: row not in (0, 5) for row, place in enumerate(made.places) if row in (0, 1, 5, 6)}
    found = check_offer(made, checks, OPEN - {text_key(TEXTS[9])})
    assert set(found.covered) == keys(*(set(range(20)) - {0, 2, 5, 9}))
    assert (found.checked, found.wrong, found.different, found.accepted) == (2, 1, 2, 1)
    assert found.at_most_wrong == pytest.approx((most_wrong(1, 2, 17) - 1) / 16)
    assert found.score == pytest.approx(2 / 4)


def test_only_answers_about_the_sample_count():
    made = offer(sample=(3, 4))
    found = check_offer(made, {place.key: True for place in made.places}, OPEN)
    assert (found.checked, found.wrong, len(found.covered)) == (2, 0, 20)
    assert found.at_most_wrong == pytest.approx(most_wrong(0, 2, 20) / 20)


def test_a_decision_needs_the_offer_that_is_shown_and_a_bound_that_is_small_enough(ledger: Ledger):
    made = offer()
    right = {place.key: True for place in made.places}
    with pytest.raises(InputError, match="undone or shown anew meanwhile"):
        accept_offer(ledger, check_offer(made, right, open_keys(ledger)))
    remember_offer(ledger, made)
    with pytest.raises(InputError, match="at most 25% wrong places, was: up to 100%"):
        accept_offer(ledger, check_offer(made, {}, open_keys(ledger)))
    remember_offer(ledger, replace(made, sample=(1, 0)))
    with pytest.raises(InputError, match="undone or shown anew meanwhile"):
        accept_offer(ledger, check_offer(made, right, open_keys(ledger)))
    remember_offer(ledger, made)
    ledger.upsert_documents([Document("3", "another text")], "test")  # such a place is only not covered
    decision = accept_offer(ledger, check_offer(made, right, open_keys(ledger)))
    assert (decision.term, decision.label, decision.places) == ("Rome", "CITY", 19)
    assert remembered_offer(ledger, "Rome") is None


def test_answers_are_kept_for_the_offer_and_labels_of_people_count_more(ledger: Ledger):
    made = offer(sample=(3, 4, 5))
    remember_offer(ledger, made)
    three, four, five = (place.key for place in made.to_check())
    remember_answers(ledger, made, {three: True, four: True})
    remember_answers(ledger, made, {five: False})
    assert answered(ledger, made) == {three: True, four: True, five: False}
    ledger.upsert_documents(
        [Document("3", TEXTS[3], ()), Document("5", TEXTS[5], (Span(4, 8, "CITY"),))], "me"
    )
    assert answered(ledger, made) == {three: False, four: True, five: True}
    larger = replace(made, sample=(3, 4, 5, 6), size=13)
    remember_offer(ledger, larger)
    assert answered(ledger, larger)[four] is True
    remember_answers(ledger, made, {four: False})  # that offer is not shown any more
    assert answered(ledger, larger)[four] is True
    none = replace(made, label=None)
    remember_offer(ledger, none)
    assert four not in answered(ledger, none)


def test_texts_of_an_open_audit_and_labelled_ones_are_not_offered(loop: Loop, ledger: Ledger):
    ledger.upsert_documents([Document("7", TEXTS[7], (Span(4, 8, "CITY"),))], "me")
    ledger.set_value(OPEN_AUDIT, ["8"])
    found = offer_term(loop, "Rome", "CITY", 12)
    assert {each.document_id for each in found.places} == {str(row) for row in range(20)} - {"7", "8"}
    assert found.labelled == {"CITY": 1}
    with pytest.raises(InputError, match="one of the labels CITY, DOSE, was: ANIMAL"):
        check_label(loop, "ANIMAL")


def test_a_place_in_a_longer_form_that_people_have_marked_elsewhere_looks_different(
    loop: Loop, ledger: Ledger
):
    marked = Document("long", "the Rome 3 hotel", (Span(4, 10, "DOSE"),))
    ledger.upsert_documents([marked], "me")
    reasons = {each.document_id: each.why for each in offer_term(loop, "Rome", "CITY", 12).places}
    assert {name for name, why in reasons.items() if why == "inside “Rome 3”"} == {"3"}


def test_a_file_of_checks_is_about_this_term_and_label():
    made = offer(sample=(0, 1, 2))
    records: list[dict[str, Any]] = [shown_record(each, made) for each in made.to_check()]
    records[0]["right"], records[1]["right"] = True, False
    assert list(checks_of(records, made).values()) == [True, False]
    with pytest.raises(InputError, match="Expected places of Rome = no entity, was: Rome = CITY"):
        checks_of(records, replace(made, label=None))
    records[2]["right"] = "true"
    with pytest.raises(ValueError, match="not true, false or null"):
        checks_of(records, made)


def test_decisions_change_the_proposals_of_open_texts_but_not_those_of_an_audit(
    ledger: Ledger, tmp_path: Path
):
    class Studio:
        changed: tuple[Document, ...] = ()

        def change_proposals(self, documents: list[Document]) -> frozenset[str]:
            self.changed = tuple(documents)
            return frozenset(each.id for each in documents)

    studio, new = Studio(), (Span(4, 8, "CITY"),)
    ledger.set_value(OPEN_AUDIT, ["1"])
    ledger.upsert_documents([Document("2", TEXTS[2], ())], "me")
    loop = SimpleNamespace(
        ledger=ledger,
        source=studio,
        store=SimpleNamespace(current=lambda: "v1"),
        proposals=lambda texts: {each.id: new for each in texts},
        directory=tmp_path,
    )
    assert show_decisions(cast("Loop", loop), {text_key(TEXTS[row]) for row in (0, 1, 2)}) == 1
    assert [(each.id, each.spans) for each in studio.changed] == [("0", new)]
