"""selfish review on files: the list of a version against the labels of today."""

import json
from pathlib import Path

import pytest

from wapaganda.annotation import read_documents
from wapaganda.label_errors import REVIEW_FILE, LabelIssue, text_digest, write_issues
from wapaganda.ledger import Ledger
from wapaganda.model_store import Manifest, ModelStore
from wapaganda.ner import Span


def planted(data: Path) -> list[LabelIssue]:
    """Two labels of the first texts that hold an entity, and one of a text that is gone."""
    texts = [each for each in read_documents(data).documents if each.spans]
    first, second = texts[:2]
    given = second.spans[0]
    other = Span(given.start, given.end, "LOC" if given.label == "PER" else "PER", 0.9)
    free = next(at for at in range(len(first.text)) if all(not s.start <= at < s.end for s in first.spans))
    return [
        LabelIssue(second.id, "type", given, other, 0.9, text_digest(second.text)),
        LabelIssue(first.id, "missed", None, Span(free, free + 1, "LOC", 0.8), 0.8, text_digest(first.text)),
        LabelIssue("gone", "spurious", given, None, 0.7, text_digest("gone")),
    ]


def publish(tmp_path: Path, issues: list[LabelIssue] | None) -> None:
    """A live version that holds nothing but its list."""
    (draft := tmp_path / "draft").mkdir()
    if issues is not None:
        write_issues(draft / REVIEW_FILE, issues)
    store = ModelStore(tmp_path / "models" / "default")
    store.promote(store.publish(draft, Manifest(("LOC", "PER"), "none", "0" * 8, 1)).name)


@pytest.fixture
def wrong(files, tmp_path) -> LabelIssue:
    """The worst of the planted issues; a version lists them."""
    issues = planted(files.data)
    publish(tmp_path, issues)
    return issues[0]


def test_the_list_is_shown_with_the_words_around(wrong, selfish, files):
    outcome = selfish("review", "--data", files.data)
    assert outcome.code == 0, outcome.stderr
    assert "The 2 most suspicious of 2 labels" in outcome.stdout
    assert "1 are in texts that were removed" in outcome.stdout
    text = {each.id: each.text for each in read_documents(files.data).documents}[wrong.document_id]
    name = text[wrong.given.start : wrong.given.end]
    row = next(line for line in outcome.stdout.splitlines() if "another type" in line)
    assert f"[{name}]" in row
    assert f"{name} ({wrong.given.label})" in row
    assert f"{name} ({wrong.proposed.label})" in row


def test_the_list_for_machines_is_as_long_as_it_was_asked_for(wrong, selfish, files, tmp_path):
    out = tmp_path / "lists" / "doubts.jsonl"
    found = selfish("review", "--data", files.data, "--limit", 1, "--out", out, "--json").json
    assert (found["n_doubtful"], found["n_changed"], found["n_gone"]) == (2, 0, 1)
    assert [each["kind"] for each in found["suspects"]] == ["type"]
    assert [json.loads(line) for line in out.read_text().splitlines()] == found["suspects"]
    assert len(selfish("review", "--data", files.data, "--limit", 0, "--json").json["suspects"]) == 2


def test_corrected_labels_leave_the_list(wrong, selfish, files):
    lines = [json.loads(line) for line in files.data.read_text().splitlines()]
    for line in lines:
        if line["id"] == wrong.document_id:
            line["spans"] = []
    files.data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = selfish("review", "--data", files.data, "--json").json
    assert (found["n_doubtful"], found["n_changed"]) == (1, 1)
    assert [each["kind"] for each in found["suspects"]] == ["missed"]


def test_the_texts_of_the_last_update_are_known(wrong, selfish, files, tmp_path):
    (tmp_path / "kept" / "default").mkdir(parents=True)
    ledger = Ledger(tmp_path / "kept" / "default" / "ledger.sqlite")
    ledger.upsert_documents(read_documents(files.data).documents, "file")
    assert selfish("review", "--json").json["n_doubtful"] == 2


def test_what_is_missing_is_reported_with_a_hint(selfish, files, tmp_path):
    for arguments, expected in (
        (("review",), "Expected a trained model"),
        (("review", "--view"), "Expected --project with --view"),
        (("review", "--data", files.data, "--project", 1), "Expected --data or --project"),
        (("review", "--data", files.data, "--out", tmp_path / "x.csv"), "ends in .jsonl"),
        (("review", "--data", files.data, "--out", files.data), "which is read from"),
    ):
        outcome = selfish(*arguments)
        assert outcome.code == 2
        assert expected in outcome.stderr


def test_without_texts_or_without_a_list_it_says_what_to_do(wrong, selfish):
    outcome = selfish("review")
    assert outcome.code == 2
    assert "Name them by --data" in outcome.stderr
    assert (
        "Expected a version out of v0001-00000000, was: v0007."
        in selfish("review", "--model", "v0007").stderr
    )


def test_a_version_without_a_list_says_how_to_get_one(selfish, files, tmp_path):
    publish(tmp_path, None)
    outcome = selfish("review", "--data", files.data)
    assert outcome.code == 2
    assert "FOLDS" in outcome.stderr


@pytest.mark.real
def test_a_training_makes_the_list(selfish, files, monkeypatch):
    """What a briefly trained model doubts stands in the texts as they are."""
    monkeypatch.setenv("FOLDS", "2")
    monkeypatch.setenv("TRAIN_STEPS", "30")
    trained = selfish("train", "--data", files.data, "--test", files.test, "--json")
    assert trained.code == 0, trained.stderr
    found = selfish("review", "--data", files.data, "--limit", 0, "--json").json
    assert (found["version"], found["n_changed"], found["n_gone"]) == (trained.json["version"], 0, 0)
    assert found["suspects"]
    doubts = [each["doubt"] for each in found["suspects"]]
    assert doubts == sorted(doubts, reverse=True)
