"""selfish terms on files: one decision for all places of a term, with a tiny encoder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from wapaganda.annotation import read_documents
from wapaganda.ledger import Ledger
from wapaganda.selfish_cli.commands.terms import checking

pytestmark = pytest.mark.real


@pytest.fixture
def where(selfish, files) -> tuple[object, ...]:
    """A project of files after its first round."""
    found = ("--data", files.data, "--pool", files.pool)
    assert selfish("update", *found, "--size", 4, "--json").code == 0
    return found


def filled(path: Path, right: Callable[[dict[str, Any]], bool]) -> Path:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
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
    assert (ledger.term_decisions(), ledger.decided_terms().places, ledger.value("terms shown")) == (
        [],
        {},
        {},
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


def test_a_term_that_is_nowhere_and_a_label_that_the_project_lacks(selfish, where):
    nowhere = selfish("terms", "show", "zebra", "--label", "LOC", *where)
    assert (nowhere.code, "Expected 'zebra' in a text without labels" in nowhere.stderr) == (2, True)
    unknown = selfish("terms", "show", "anna", "--label", "ANIMAL", *where)
    assert (unknown.code, "Expected one of the labels LOC, PER, was: ANIMAL" in unknown.stderr) == (2, True)
