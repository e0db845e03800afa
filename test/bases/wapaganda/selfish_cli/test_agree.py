"""selfish agree on an export with several annotators."""

import json

import pytest

from wapaganda.ner import Span

TEXT = "Anna met Bob in Oslo"
ANNA, BOB, OSLO = Span(0, 4, "PER"), Span(9, 12, "PER"), Span(16, 20, "LOC")


def annotation(number, by, *spans):
    regions = [
        {
            "type": "labels",
            "from_name": "label",
            "to_name": "text",
            "value": {"start": span.start, "end": span.end, "labels": [span.label]},
        }
        for span in spans
    ]
    return {
        "id": number,
        "completed_by": by,
        "updated_at": f"2026-01-01T00:00:{number:02d}Z",
        "result": regions,
    }


@pytest.fixture
def export(tmp_path):
    answers = [
        [annotation(1, 1, ANNA, BOB), annotation(2, 2, ANNA, BOB)],
        [annotation(3, 1, ANNA), annotation(4, 2, ANNA, BOB)],
        [annotation(5, 1, ANNA, OSLO), annotation(6, 2, BOB)],
        [annotation(7, 1, ANNA)],
    ]
    tasks = [{"id": n, "data": {"text": TEXT}, "annotations": each} for n, each in enumerate(answers, 1)]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    return path


def test_the_agreement_by_pair_and_type_and_the_dearest_disagreement_first(selfish, export, tmp_path):
    out = tmp_path / "lists" / "disputed.jsonl"
    found = selfish("agree", "--data", export, "--out", out, "--json")
    assert found.code == 0, found.stderr
    result = found.json
    assert (result["texts"], result["equal"], result["n_disagreements"]) == (3, 1, 2)
    assert result["f1"] == pytest.approx(6 / 10)
    assert result["per_type"] == pytest.approx({"LOC": 0.0, "PER": 6 / 9})
    assert [pair["annotators"] for pair in result["pairs"]] == [["1", "2"]]
    assert result["interval"][0] <= result["f1"] <= result["interval"][1]
    assert [each["document_id"] for each in result["disagreements"]] == ["3", "2"]
    assert result["disagreements"][1]["disputed"] == [
        {"start": 9, "end": 12, "label": "PER", "text": "Bob", "marked_by": ["2"]}
    ]
    assert result["hours"] > 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == result["disagreements"]


def test_the_tables_for_people(selfish, export):
    shown = " ".join(selfish("agree", "--data", export, "--limit", 1).stdout.split())
    assert "all pairs 3 60.0" in shown
    assert "The 1 dearest of 2 disagreements" in shown
    assert "Oslo LOC (1)" in shown
    assert "3 texts, 1 of them the same by all" in shown


def test_without_a_second_annotator_it_says_how_to_get_one(selfish, files):
    outcome = selfish("agree", "--data", files.data)
    assert outcome.code == 0
    assert "no text has answers of two annotators" in " ".join(outcome.stdout.split())


def test_the_rule_of_the_settings_says_what_is_learnt_and_the_card_says_it(
    selfish, export, tmp_path, monkeypatch
):
    monkeypatch.setenv("ANSWERS", "majority")
    assert selfish("export", "--data", export, "--out", tmp_path / "set", "--formats", "jsonl").code == 0
    card = (tmp_path / "set" / "README.md").read_text()
    assert "3 texts were labelled by two annotators or more, 1 of them the same by all." in card
    assert "They agree with a span F1 of 60.0%" in card
    assert "the spans that more than half of the annotators marked" in card
    rows = [
        json.loads(line)
        for path in sorted((tmp_path / "set" / "jsonl").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    by_id = {row["id"]: [span["start"] for span in row["spans"]] for row in rows}
    assert by_id == {"1": [0, 9], "2": [0], "3": [], "4": [0]}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "Expected --data or --project"),
        (("--data", "x.json", "--view"), "Expected --project with --view"),
        (("--data", "x.json", "--out", "x.csv"), "ends in .jsonl"),
    ],
)
def test_wrong_usage_is_explained(selfish, arguments, expected):
    outcome = selfish("agree", *arguments)
    assert outcome.code == 2
    assert expected in outcome.stderr
