"""What the commands say about labels that were not read: on the terminal, in JSON, in the card."""

import json

import pytest

from wapaganda.annotation import Finding, ReadReport
from wapaganda.ledger import Ledger
from wapaganda.pipeline import READ_REPORT

GOOD = [{"text": f"Anna {number}", "spans": [[0, 4, "PER"]]} for number in range(20)]
BAD = {"text": "Bob ran", "spans": [[0, 99, "PER"]]}
LINE = "1 text not read: a span lies outside its text"


@pytest.fixture
def data(tmp_path):
    def write(*records):
        path = tmp_path / "texts.jsonl"
        path.write_text("\n".join(map(json.dumps, records)))
        return path

    return write


def test_export_says_on_the_terminal_in_json_and_in_the_card_what_it_did_not_read(selfish, data, tmp_path):
    path = data(*GOOD, BAD)
    outcome = selfish("export", "--data", path, "--out", tmp_path / "out", "--formats", "jsonl", "--json")
    assert outcome.code == 0
    assert LINE in outcome.stderr
    assert "texts.jsonl:21" in outcome.stderr
    assert outcome.json["read"]["not_read"] == 1
    assert outcome.json["read"]["findings"][0]["docs"] == "docs/data.md#span-outside"
    assert outcome.json["documents"] == 20
    assert LINE in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize("command", ["export", "train"])
def test_too_many_unread_texts_are_refused_unless_lenient(selfish, data, tmp_path, command):
    path = data(*GOOD[:2], BAD)
    out = ("--out", tmp_path / "out") if command == "export" else ()
    outcome = selfish(command, "--data", path, *out)
    assert outcome.code == 2
    assert "1 of 3 (33%) not read" in outcome.stderr
    assert "--lenient" in outcome.stderr
    assert not (tmp_path / "out").exists()


def test_lenient_goes_on(selfish, data, tmp_path):
    outcome = selfish("export", "--data", data(*GOOD[:2], BAD), "--out", tmp_path / "out", "--lenient")
    assert outcome.code == 0
    assert LINE in outcome.stderr


def test_status_and_doctor_say_what_the_last_fetch_did_not_read(selfish, tmp_path):
    report = ReadReport(9, 1, 0, (Finding("region-tag", 4, "task 3", "by 'old'"),), lost={"PER": 4})
    folder = tmp_path / "kept" / "ls-1"
    folder.mkdir(parents=True)
    Ledger(folder / "ledger.sqlite").set_value(READ_REPORT, report.to_dict())
    status = selfish("status", "--project", 1, "--json")
    assert status.json["read"]["not_read"] == 4
    assert "4 texts not read" in selfish("status", "--project", 1).stdout
    checks = selfish("doctor", "--project", 1, "--json").json["checks"]
    (check,) = [each for each in checks if each["name"] == "Labels"]
    assert check["ok"] is False
    assert "4 of 13 (31%) not read" in check["message"]
    assert "--lenient" in check["hint"]


def test_doctor_says_that_the_labels_of_a_project_were_never_read(selfish):
    checks = selfish("doctor", "--project", 1, "--json").json["checks"]
    (check,) = [each for each in checks if each["name"] == "Labels"]
    assert (check["ok"], check["message"]) == (None, "not read: no token is set")


def test_columns_and_scheme_are_options_and_settings(selfish, tmp_path, monkeypatch):
    path = tmp_path / "x.conll"
    path.write_text("Mira B-PER O\nof I-PER O\nOslo I-PER B-LOC\n")
    out = ("--out", tmp_path / "out", "--force", "--json")
    assert selfish("export", "--data", path, *out).json["read"]["spans"] == {"PER": 1}
    inner = selfish("export", "--data", path, "--columns", "word=0,tag=2", *out)
    assert inner.json["read"]["spans"] == {"LOC": 1}
    assert "tag in column 2" in inner.json["read"]["recognised"][0]
    monkeypatch.setenv("READ_COLUMNS", "word=0,tag=2")
    assert selfish("export", "--data", path, *out).json["read"]["spans"] == {"LOC": 1}
    wrong = selfish("export", "--data", path, "--columns", "tag=2", *out)
    assert (wrong.code, "Expected columns such as word=0,tag=3" in wrong.stderr) == (2, True)
