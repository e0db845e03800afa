"""selfish convert: formats in, formats out, and what was lost in words."""

import json

import pytest

from wapaganda.annotation import proposal_of, read_documents


@pytest.fixture
def here(tmp_path):
    spans = [{"start": 0, "end": 4, "label": "PER"}]
    records = [
        {"id": "a", "text": "Anna  met", "spans": spans, "meta": {"source": "x"}},
        {"id": "b", "text": "Bob", "spans": None, "proposed": {"by": "v0001", "spans": [[0, 3, "PER"]]}},
        {"id": "c", "text": "Carl", "spans": None},
    ]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    (tmp_path / "y.conll").write_text("Dora\tB-PER\nleft\tO\n")
    return tmp_path


def test_files_of_several_formats_become_one_and_what_is_lost_is_said(selfish, here):
    done = selfish(
        "convert", here / "x.jsonl", here / "y.conll", "--to", "conll", "--out", here / "all.conll"
    )
    assert done.code == 0, done.stderr
    for sentence in (
        "3 texts, 2 of them labelled",
        "what a model proposed, which is no label: 1 texts",
        "ids (2 texts)",
        "white space, so that offsets are others (1 text)",
        "other fields (1 text)",
        "c: CoNLL cannot express it (not labelled)",
    ):
        assert sentence in done.stdout
    written = read_documents(here / "all.conll").documents
    assert [each.text for each in written] == ["Anna met", "Bob", "Dora left"]
    assert [each.is_labelled for each in written] == [True, False, True]
    assert proposal_of(written[1]).by == "v0001"


def test_a_format_that_keeps_everything_loses_nothing(selfish, here):
    done = selfish("convert", here / "x.jsonl", "--out", here / "x.csv", "--json")
    found = json.loads(done.stdout)
    assert (found["written"], found["labelled"], found["proposals"], found["lost"]) == (3, 1, 1, {})
    assert selfish("convert", here / "x.csv", "--out", here / "again.jsonl").code == 0
    first, again = (read_documents(here / name).documents for name in ("x.jsonl", "again.jsonl"))
    assert first == again


def test_a_column_of_a_table_becomes_a_pool(selfish, here):
    (here / "t.csv").write_text('title,body\nx,"Anna, who\nmet Bob"\n')
    options = ("--text-field", "body", "--out", here / "pool.jsonl")
    assert selfish("convert", here / "t.csv", *options).code == 0
    (made,) = read_documents(here / "pool.jsonl").documents
    assert (made.text, made.spans, made.meta) == ("Anna, who\nmet Bob", None, {"title": "x"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x.jsonl", "--out", "x.jsonl"), "which is read from"),
        (("x.jsonl", "--to", "jsonl", "--out", "x.jsonl"), "which is read from"),
        (("x.jsonl", "--to", "text", "--out", "x.txt"), "Expected a format of conll, csv,"),
        (("x.jsonl", "--out", "x.docx"), "ends in .conll, .csv"),
        (("no.jsonl", "--out", "x.csv"), "which does not exist"),
        (("c.jsonl", "--out", "c.conll"), "Expected texts that conll can hold, was: none"),
    ],
)
def test_wrong_input_is_one_sentence_and_writes_nothing(selfish, here, arguments, message, monkeypatch):
    monkeypatch.chdir(here)
    (here / "c.jsonl").write_text('{"text": "Carl"}\n')
    before = sorted(path.name for path in here.iterdir())
    done = selfish("convert", *arguments)
    assert (done.code, message in done.stderr) == (2, True), done.stderr
    assert sorted(path.name for path in here.iterdir()) == before
