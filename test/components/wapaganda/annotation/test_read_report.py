"""The report of a reading: counts, sums, lines, JSON, and when it refuses."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapaganda.annotation import (
    KINDS,
    Effect,
    Finding,
    ReadReport,
    is_unread,
    unread,
    without_labels,
)
from wapaganda.errors import InputError
from wapaganda.ner import Document, Repairs, Span

DOCS = Path(__file__).parents[4] / "docs" / "data.md"
LABELLED = Document("a", "Anna ran", (Span(0, 4, "PER"),))
LOST = unread(LABELLED, Finding("span-outside", 1, "x.jsonl:2", "Expected spans"), ["PER", "LOC"])

counts = st.dictionaries(st.sampled_from(["PER", "LOC"]), st.integers(1, 9))
reports = st.builds(
    ReadReport,
    st.integers(0, 99),
    st.integers(0, 9),
    st.integers(0, 99),
    st.lists(
        st.builds(Finding, st.sampled_from(sorted(KINDS)), st.integers(1, 9), st.text(), st.text()),
        max_size=4,
        unique_by=lambda each: each.kind,
    ).map(tuple),
    st.builds(Repairs, *[st.integers(0, 9)] * 6),
    st.lists(st.text(), max_size=2, unique=True).map(tuple),
    counts,
    counts,
)


def test_documents_carry_their_reading():
    report = ReadReport.of([LABELLED, Document("b", "Bob", ()), Document("c", "c"), LOST])
    assert (report.n_labelled, report.n_empty, report.n_unlabelled, report.n_not_read) == (2, 1, 1, 1)
    assert (report.spans, report.lost, report.n_texts) == ({"PER": 1}, {"PER": 1, "LOC": 1}, 4)
    assert report.labels_gone == ("LOC",)
    assert report.findings == (Finding("span-outside", 1, "x.jsonl:2", "Expected spans"),)


def test_a_text_that_was_not_read_is_neither_labelled_nor_unlabelled():
    assert (LOST.spans, is_unread(LOST), LOST.text) == (None, True, "Anna ran")
    assert not is_unread(LABELLED)
    assert not is_unread(Document("c", "c"))
    assert without_labels(LOST) == Document("a", "Anna ran")


@given(reports)
def test_a_report_survives_json(report):
    assert ReadReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


@given(reports, reports)
def test_the_counts_of_a_sum_are_the_sums_of_the_counts(one, other):
    both = one + other
    for name in ("n_labelled", "n_empty", "n_unlabelled", "n_not_read", "n_texts"):
        assert getattr(both, name) == getattr(one, name) + getattr(other, name)
    assert both.repairs == one.repairs + other.repairs
    assert sum(both.lost.values()) == sum(one.lost.values()) + sum(other.lost.values())
    assert {each.kind for each in both.findings} == {each.kind for each in one.findings + other.findings}


@given(reports)
def test_every_loss_and_repair_has_a_line_with_its_page(report):
    lines = report.lines()
    for each in report.findings:
        assert any(line.endswith(f"docs/data.md#{each.kind}") and f"{each.count}" in line for line in lines)
    assert any("docs/data.md#repairs" in line for line in lines) == bool(report.repairs.total)
    for label, count in report.lost.items():
        assert any(f"{count} {label}" in line for line in lines)


@pytest.mark.parametrize(
    ("read", "unread_texts", "refused"), [(90, 10, False), (89, 11, True), (0, 1, True), (1, 0, False)]
)
def test_more_than_a_tenth_not_read_is_refused(read, unread_texts, refused):
    finding = (Finding("region-tag", unread_texts, "task 3", "by 'label'"),) if unread_texts else ()
    report = ReadReport(read, findings=finding)
    report.check(lenient=True)
    if not refused:
        report.check()
        return
    with pytest.raises(InputError, match=f"{unread_texts} of {read + unread_texts} ") as error:
        report.check()
    assert "task 3: by 'label'" in str(error.value)
    assert "docs/data.md#region-tag" in str(error.value)
    assert KINDS["region-tag"].hint in error.value.hint
    assert "--lenient" in error.value.hint


def test_a_label_of_which_nothing_is_read_is_refused():
    finding = (Finding("region-label", 1, "task 3", "'LOC'"),)
    report = ReadReport(99, findings=finding, spans={"PER": 5}, lost={"PER": 1, "LOC": 2})
    with pytest.raises(InputError, match=r"no span of 'LOC' \(of 2\)"):
        report.check()
    report.check(lenient=True)


def test_texts_without_an_answer_are_no_reason_to_refuse():
    report = ReadReport(1, findings=(Finding("rejected", 50), Finding("beside", 70)))
    report.check()
    assert (report.n_not_read, report.n_texts) == (0, 1)


def test_the_labels_of_a_pool_do_not_matter():
    report = ReadReport.of([LABELLED, LOST]).with_findings(Finding("malformed", 2, "x:9", "no JSON"))
    pool = report.as_pool()
    assert (pool.n_unlabelled, pool.n_not_read, pool.lost) == (2, 0, {})
    assert [(each.kind, each.count) for each in pool.findings] == [("pool-malformed", 2)]
    pool.check()


def test_a_kind_of_a_later_version_counts_as_not_read():
    later = ReadReport.from_dict({"findings": [{"kind": "of-later", "count": 3}]})
    assert later.n_not_read == 3
    assert "of-later" in later.lines()[1]


def test_every_kind_has_its_section_in_the_docs():
    sections = re.findall(r"^## ([a-z-]+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(sections) == {*KINDS, "refused", "repairs"}
    assert len(sections) == len(set(sections))
    assert all(kind.hint for kind in KINDS.values() if kind.effect is Effect.NOT_READ)
