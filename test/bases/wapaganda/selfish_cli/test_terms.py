"""selfish terms on files: one decision for all places of a term, with a tiny encoder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from filelock import FileLock

from wapaganda.annotation import read_documents
from wapaganda.ledger import Ledger
from wapaganda.selfish_cli.commands.terms import checking, group

pytestmark = pytest.mark.real


@pytest.fixture
def where(selfish, files) -> tuple[object, ...]:
    """A project of files after its first round."""
    found = ("--data", files.data, "--pool", files.pool)
    assert selfish("update", *found, "--size", 4, "--json").code == 0
    return found


def filled(path: Path, right: Callable[[dict[str, Any]], object]) -> Path:
    lines = [json.loads(line) for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    path.write_text("".join(json.dumps({**each, "right": right(each)}) + "\n" for each in lines))
    return path


def machine(selfish, where, folder: Path) -> list[dict[str, Any]]:
    """The texts of the model in an export of the whole file."""
    done = selfish("export", *where, "--with-machine", "--out", folder, "--formats", "jsonl", "--json")
    assert done.code == 0, done.stderr
    lines = [line for path in folder.rglob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    found = [each for each in map(json.loads, lines) if each.get("provenance") == "machine"]
    return sorted(found, key=lambda each: str(each["text"]))


def test_a_decision_changes_proposals_and_machine_labels_and_undone_leaves_nothing(
    selfish, files, where, tmp_path: Path
):
    ledger = Ledger(tmp_path / "kept" / "default" / "ledger.sqlite")
    people = [(each.id, each.spans) for each in ledger.documents(labelled=True)]
    before = machine(selfish, where, tmp_path / "before")
    waiting = [each["text"] for each in before]
    total = sum(text.split().count("went") for text in waiting)
    assert total > 6

    checked = tmp_path / "went.jsonl"
    went = ("went", "--label", "LOC", *where, "--check", 6)
    shown = selfish("terms", "show", *went, "--out", checked, "--json").json
    assert shown["places"] == shown["alike"] + shown["different"] == total
    assert len(shown["to_check"]) == 6
    assert ledger.term_decisions() == []
    fewer = selfish("terms", "show", "went", "--label", "LOC", *where, "--check", 4, "--json").json
    assert fewer["to_check"] == shown["to_check"]  # the sample stays until the decision
    nobody = selfish("terms", "accept", *went)
    assert (nobody.code, "--checked FILE" in nobody.stderr) == (2, True)

    filled(checked, lambda each: False)
    refused = selfish("terms", "accept", *went, "--checked", checked)
    assert (refused.code, "Expected at most 25% wrong places" in refused.stderr) == (2, True)
    filled(checked, lambda each: True)
    done = selfish("terms", "accept", *went, "--checked", checked, "--json").json
    assert done["places"] == shown["alike"] + done["accepted"] > 0
    assert (done["wrong"], done["at_most_wrong"] < 0.25) == (0, True)

    after = machine(selfish, where, tmp_path / "after")
    made = [
        (each["text"][span["start"] : span["end"]], span["label"])
        for each in after
        for span in each["spans"]
        if span["by"] == "term"
    ]
    assert made == [("went", "LOC")] * done["places"]
    batch = tmp_path / "batch.jsonl"
    assert selfish("select", "--pool", files.pool, "--data", files.data, "--out", batch, "--json").code == 0
    proposed = {each.text: each.meta["proposed"]["spans"] for each in read_documents(batch).documents}
    assert any(
        text[span["start"] : span["end"]] == "went" for text, spans in proposed.items() for span in spans
    )
    listed = selfish("terms", "list", *where, "--json").json
    assert [each["term"] for each in listed["decisions"]] == ["went"]
    assert "went" not in [each["term"] for each in listed["candidates"]]

    undone = selfish("terms", "undo", "went", "--json").json
    assert sum(each["places"] for each in undone["undone"]) == done["places"]
    assert machine(selfish, where, tmp_path / "again") == before
    assert (ledger.term_decisions(), ledger.decided_terms().places, ledger.value("term shown: went")) == (
        [],
        {},
        None,
    )
    assert [(each.id, each.spans) for each in ledger.documents(labelled=True)] == people
    assert selfish("terms", "undo", "went").code == 2


def test_the_list_ranks_by_places_doubt_and_reliability(selfish, where):
    found = selfish("terms", "list", *where, "--json").json["candidates"]
    assert found
    for each in found:
        worth = each["places"] * each["doubt"] * each["reliability"]
        assert each["errors"] == pytest.approx(worth, abs=0.02, rel=0.01)
    assert [each["errors"] for each in found] == sorted((each["errors"] for each in found), reverse=True)
    anna = next((each for each in found if each["term"] == "anna"), None)
    assert anna is None or anna["answer"] == "PER"


def test_a_person_at_the_terminal_rejects_a_term(selfish, where, monkeypatch, tmp_path: Path):
    monkeypatch.setattr(checking, "somebody_is_there", lambda: True)
    asked = []
    monkeypatch.setattr(typer, "confirm", lambda text, **_: asked.append(text) or True)
    done = selfish("terms", "reject", "anna", *where)
    assert done.code == 0, done.stderr
    assert set(asked) == {"no entity?"}
    assert "anna = no entity at" in done.stdout
    ledger = Ledger(tmp_path / "kept" / "default" / "ledger.sqlite")
    (decision,) = ledger.term_decisions()
    marked = machine(selfish, where, tmp_path / "out")
    named = [s for each in marked for s in each["spans"] if each["text"][s["start"] : s["end"]] == "anna"]
    assert len(named) <= sum(each["text"].split().count("anna") for each in marked) - decision.places


@pytest.fixture
def people(monkeypatch):
    """A person at the terminal: what `answers` says to each question, by its number."""
    for module in (checking, group):
        monkeypatch.setattr(module, "somebody_is_there", lambda: True)
    asked: list[str] = []

    def let(answers: Callable[[int], bool]) -> list[str]:
        asked.clear()
        monkeypatch.setattr(typer, "confirm", lambda text, **_: asked.append(text) or answers(len(asked)))
        return asked

    return let


def test_nobody_waits_for_a_person_who_checks_and_answers_outlast_a_training(
    selfish, where, people, tmp_path: Path
):
    lock = FileLock(tmp_path / "kept" / "default" / "round.lock")

    def a_training_starts(number: int) -> bool:
        if number == 1:
            lock.acquire(timeout=0)  # it is free while a person thinks
        return True

    asked = people(a_training_starts)
    accept = ("terms", "accept", "went", "--label", "LOC", *where, "--check", 6)
    try:
        busy = selfish(*accept)
        assert (busy.code, "Expected no other work on default" in busy.stderr) == (2, True), busy.stderr
        assert len(asked) == 6
        assert selfish("terms", "show", "went", "--label", "LOC", *where, "--check", 6).code == 0
        assert selfish("terms", "list", *where, "--json").code == 0
    finally:
        lock.release(force=True)
    done = selfish(*accept)
    assert done.code == 0, done.stderr
    assert len(asked) == 6  # nothing was asked again
    (decision,) = Ledger(tmp_path / "kept" / "default" / "ledger.sqlite").term_decisions()
    assert decision.facts["checked"] + decision.facts["different"] == 6


def test_answers_of_one_who_stops_halfway_are_kept_also_for_a_larger_sample(selfish, where, people):
    def stops(number: int) -> bool:
        if number == 4:
            raise KeyboardInterrupt
        return True

    accept = ("terms", "accept", "went", "--label", "LOC", *where, "--check")
    asked = people(stops)
    assert selfish(*accept, 6).code == 130
    assert len(asked) == 4
    asked = people(lambda number: True)
    assert selfish(*accept, 7).code == 0
    assert 4 <= len(asked) < 7


def test_a_decision_is_refused_when_the_term_was_undone_meanwhile(selfish, where, people, tmp_path: Path):
    def undone(number: int) -> bool:
        if number == 1:
            assert selfish("terms", "undo", "went", "--json").code == 0
        return True

    people(undone)
    refused = selfish("terms", "accept", "went", "--label", "LOC", *where, "--check", 6)
    assert (refused.code, "undone or shown anew meanwhile" in refused.stderr) == (2, True)
    assert Ledger(tmp_path / "kept" / "default" / "ledger.sqlite").term_decisions() == []


def test_texts_that_were_labelled_meanwhile_are_not_covered(selfish, where, people, tmp_path: Path):
    ledger = Ledger(tmp_path / "kept" / "default" / "ledger.sqlite")

    def labelled(number: int) -> bool:
        if number == 1:
            waiting = [each for each in ledger.documents(labelled=False) if "went" in each.text]
            ledger.upsert_documents([waiting[0].with_spans(())], "files", None, {})
            labelled_texts.append(waiting[0].text)
        return True

    labelled_texts: list[str] = []
    people(labelled)
    done = selfish("terms", "accept", "went", "--label", "LOC", *where, "--check", 6, "--most-wrong", 0.9)
    assert done.code == 0, done.stderr
    assert labelled_texts
    assert ledger.decided_terms().at(labelled_texts[0]) == ()
    assert ledger.decided_terms().places


def test_checked_places_that_do_not_belong_to_the_decision(selfish, where, tmp_path: Path):
    went = ("went", "--label", "LOC", *where, "--check", 6)
    checked = tmp_path / "went.jsonl"
    assert selfish("terms", "show", *went, "--out", checked).code == 0
    filled(checked, lambda each: True)
    other = selfish("terms", "reject", "went", *where, "--checked", checked)
    assert (other.code, "Expected places of went = no entity, was: went = LOC" in other.stderr) == (2, True)

    lines = checked.read_text("utf-8").splitlines()
    stray = json.dumps({**json.loads(lines[0]), "start": 3, "end": 4})
    checked.write_bytes("\r\n".join([*lines, stray, ""]).encode("utf-8-sig"))
    warned = selfish("terms", "accept", *went, "--checked", checked, "--json")
    assert warned.code == 0, warned.stderr
    assert "1 of 7 places in" in warned.stderr
    assert warned.json["checked"] + warned.json["different"] == 6
    assert selfish("terms", "undo", "went").code == 0

    assert selfish("terms", "show", *went).code == 0
    filled(checked, lambda each: "yes")
    unclear = selfish("terms", "accept", *went, "--checked", checked)
    assert (unclear.code, "right is 'yes', not true, false or null" in unclear.stderr) == (2, True)


def test_a_term_that_is_nowhere_and_a_label_that_the_project_lacks(selfish, where):
    nowhere = selfish("terms", "show", "zebra", "--label", "LOC", *where)
    assert (nowhere.code, "Expected 'zebra' in a text without labels" in nowhere.stderr) == (2, True)
    unknown = selfish("terms", "show", "anna", "--label", "ANIMAL", *where)
    assert (unknown.code, "Expected one of the labels LOC, PER, was: ANIMAL" in unknown.stderr) == (2, True)
