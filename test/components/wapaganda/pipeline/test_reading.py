"""The report of the reading from a source through the ledger to the loop and the round's report."""

import json
from dataclasses import replace

import pytest

from wapaganda.annotation import Finding, ReadReport, is_unread, unread
from wapaganda.errors import InputError
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.pipeline import READ_REPORT, Changes, FileSource, Loop, LoopConfig, RoundLog, RoundReport
from wapaganda.progress import silent
from wapaganda.tracking import RunLog

GOOD = [Document(str(number), f"Anna {number}", (Span(0, 4, "PER"),)) for number in range(20)]


def lost(name: str) -> Document:
    document = Document(name, "Bob ran", (Span(0, 3, "PER"),))
    return unread(document, Finding("region-tag", 1, f"task {name}", "by 'old'"), ["PER"])


class Steps:
    """A source whose fetches are given one by one."""

    name = "steps"

    def __init__(self, *fetches: list[Document]) -> None:
        self.held: dict[str, Document] = {}
        self.fetches = iter(fetches)

    def fetch(self, cursor, progress):
        some = next(self.fetches)
        self.held |= {each.id: each for each in some}
        gone = [each.id for each in some if not each.is_labelled]
        report = ReadReport.of(some)
        return Changes(some, gone, len(self.held), "now", complete=cursor is None, report=report)

    def ids(self):
        return frozenset(self.held)

    def schema(self):
        return LabelSchema(("PER",))


def loop_on(source, folder, **options) -> Loop:
    store, record = ModelStore(folder / "models"), RoundLog(RunLog(folder / "runs"))
    return Loop(
        source, Ledger(folder / "ledger.sqlite"), store, LoopConfig("none", **options), record, folder
    )


def test_the_report_of_a_partial_fetch_is_that_of_the_whole_project(tmp_path):
    loop = loop_on(Steps(GOOD, [lost("1")]), tmp_path)
    assert loop.fetch().report.n_not_read == 0
    report = loop.fetch().report
    assert (report.n_labelled, report.n_not_read, report.lost) == (19, 1, {"PER": 1})
    assert ReadReport.from_dict(loop.ledger.value(READ_REPORT)) == report


def test_a_text_that_is_no_longer_understood_is_neither_learnt_nor_offered_and_its_labels_stay(tmp_path):
    loop = loop_on(Steps(GOOD, [lost("1")]), tmp_path)
    loop.fetch()
    loop.fetch()
    (document,) = loop.ledger.find(["1"])
    assert is_unread(document)
    assert loop.unlabelled() == []
    assert [past.document.spans for past in loop.ledger.history("1")] == [GOOD[1].spans]
    counts = loop.ledger.counts()
    assert (counts.documents, counts.labelled, counts.unlabelled, counts.unread) == (20, 19, 0, 1)


def test_a_fetch_refuses_until_it_is_lenient_and_still_says_what_was_read(tmp_path):
    bad = [lost(f"b{number}") for number in range(3)]
    loop = loop_on(Steps([*GOOD, *bad], []), tmp_path)
    with pytest.raises(InputError, match=r"3 of 23 \(13%\) not read.*region-tag"):
        loop.fetch()
    assert loop.ledger.value(READ_REPORT)["not_read"] == 3
    loop.config = replace(loop.config, lenient=True)
    assert loop.fetch().report.n_not_read == 3


def test_the_report_of_a_round_holds_the_reading(tmp_path):
    report = RoundReport(1, "al-001", None, None, 2, 0, read=ReadReport.of([*GOOD, lost("x")]))
    flat = json.loads(json.dumps(report.to_dict()))
    assert (flat["read"]["labelled"], flat["read"]["not_read"]) == (20, 1)
    assert RoundReport.from_dict(flat).read == report.read


def test_files_that_are_not_understood_are_not_offered_from_the_pool_either(tmp_path):
    rows = [{"text": each.text, "spans": [[0, 4, "PER"]]} for each in GOOD]
    bad = {"text": "Bob ran", "spans": [[0, 99, "PER"]]}
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, [*rows, bad])))
    (tmp_path / "pool.jsonl").write_text("\n".join(map(json.dumps, [bad, {"text": "Carl"}, {"text": 3}])))
    source = FileSource(tmp_path / "data.jsonl", tmp_path / "pool.jsonl", tmp_path / "out")
    changes = source.fetch(None, silent)
    assert [each.text for each in changes.documents if is_unread(each)] == ["Bob ran"]
    assert {each.kind: each.count for each in changes.report.findings} == {
        "span-outside": 1,
        "pool-malformed": 1,
    }
    loop = loop_on(source, tmp_path)
    loop.fetch()
    assert loop.unlabelled() == ["Carl"]
