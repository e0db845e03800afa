"""selfish complete on files: from a model to an accepted data set, with a tiny encoder."""

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

PEOPLE = ("anna", "bob", "carla", "dieter", "emil", "fatima")
PLACES = ("oslo", "rome", "paris", "lima", "cairo")


def gold(text: str) -> list[dict[str, object]]:
    """The entities of a toy text."""
    words = [(each.group(), each.span()) for each in re.finditer(r"\w+", text)]
    labels = dict.fromkeys(PEOPLE, "PER") | dict.fromkeys(PLACES, "LOC")
    return [{"start": a, "end": b, "label": labels[word]} for word, (a, b) in words if word in labels]


def test_complete_audits_and_accepts_the_labels_of_a_pool(selfish, files, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TARGET_F1", "0.3")
    where = ("--data", files.data, "--pool", files.pool)
    first = selfish("complete", *where, "--json").json
    assert first["state"] == "no-model"
    assert selfish("update", *where, "--size", 4, "--json").code == 0

    hopeless = selfish("complete", *where, "--target-f1", 0.99)
    assert (
        "cannot be proved while the labels of people are taken to have F1 98.0 (PEOPLE_F1)" in hopeless.stdout
    )
    monkeypatch.setenv("PEOPLE_F1", "1")
    strict = selfish("complete", *where, "--target-f1", 1.0)
    assert strict.code == 0, strict.stderr
    assert "review" in strict.stdout
    released = selfish("complete", *where, "--target-f1", 1.0, "--review", "--size", 3, "--json").json
    assert released["round"]["batch"] == "review-002"

    opened = selfish("complete", *where, "--confidence", 0.6, "--json").json
    assert (opened["state"], opened["campaign"]["number"]) == ("audit", 1)
    state = opened
    while state["state"] == "audit":
        name = state["campaign"]["audits"][-1]["name"]
        batch = (tmp_path / "kept" / "default" / "batches" / f"{name}.jsonl").read_text().splitlines()
        texts = [json.loads(line) for line in batch]
        assert all(not each.get("proposed") and not each.get("spans") for each in texts)
        with files.data.open("a") as data:
            for each in texts:
                data.write(json.dumps({"text": each["text"], "spans": gold(each["text"])}) + "\n")
        shown = selfish("complete", *where)
        assert shown.code == 0, shown.stderr
        assert "F1 of the file is at least" in shown.stdout
        state = selfish("complete", *where, "--json").json
    assert state["state"] in ("accepted", "closed")
    assert state["certificate"]["n_audited"] >= opened["audit"]["released"]

    wrong = selfish("complete", *where, "--undo", "--again")
    assert (wrong.code, "Expected --undo alone" in wrong.stderr) == (2, True)
    assert selfish("complete", *where, "--undo").code == 1
