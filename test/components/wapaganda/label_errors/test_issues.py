"""Suspects as values, on disk, and against the labels of today."""

import json
from dataclasses import replace

import pytest

from wapaganda.label_errors import LabelIssue, find_open_issues, read_issues, text_digest, write_issues
from wapaganda.ner import Document, Span

TEXT = "Zoë 😀 saw São Paulo"
ZOE, PLACE = Span(0, 3, "PER"), Span(10, 19, "LOC", 0.75)
DOCUMENT = Document("7", TEXT, (ZOE,))
MISSED = LabelIssue("7", "missed", None, PLACE, 0.75, text_digest(TEXT))
SPURIOUS = LabelIssue("7", "spurious", ZOE, None, 0.5, text_digest(TEXT))
TYPE = LabelIssue("7", "type", ZOE, Span(0, 3, "LOC", 0.5), 0.25, text_digest(TEXT))


def test_issues_go_to_disk_and_back_in_their_order(tmp_path):
    write_issues(tmp_path / "review.json", [MISSED, SPURIOUS, TYPE])
    again = read_issues(tmp_path / "review.json")
    assert again == [MISSED, SPURIOUS, TYPE]
    assert [each.proposed and each.proposed.score for each in again] == [0.75, None, 0.5]
    assert TEXT not in (tmp_path / "review.json").read_text("utf-8")


def test_keys_that_are_not_known_are_left_out():
    assert LabelIssue.from_dict(MISSED.to_dict() | {"later": 1}) == MISSED


@pytest.mark.parametrize("content", ["", "[]", '{"suspects": 3}', '{"suspects": [{"kind": "missed"}]}'])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "review.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"Expected a list of label issues in {path}"):
        read_issues(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "odd"}, "a kind out of missed, spurious"),
        ({"kind": "spurious"}, "spans of a spurious label"),
        ({"given": ZOE}, "spans of a missed label"),
        ({"score": 1.2}, "from 0 to 1"),
        ({"score": float("nan")}, "from 0 to 1"),
    ],
)
def test_what_is_not_an_issue_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(MISSED, **changes)


def test_the_place_to_look_at():
    assert (MISSED.place, SPURIOUS.place) == (PLACE, ZOE)


def test_a_label_stands_until_it_or_its_text_is_changed():
    assert all(each.is_open_in(DOCUMENT) for each in (MISSED, SPURIOUS, TYPE))
    marked = DOCUMENT.with_spans([ZOE, Span(14, 19, "LOC")])
    assert not MISSED.is_open_in(marked)  # an annotator has looked there
    assert SPURIOUS.is_open_in(marked)
    emptied = DOCUMENT.with_spans([])
    assert not SPURIOUS.is_open_in(emptied)
    assert not TYPE.is_open_in(DOCUMENT.with_spans([Span(0, 3, "LOC")]))
    assert not MISSED.is_open_in(replace(DOCUMENT, text=TEXT + "!"))
    assert not MISSED.is_open_in(DOCUMENT.with_spans(None))


def test_what_was_changed_or_deleted_is_counted_and_left_out():
    gone = replace(MISSED, document_id="8", text_key=text_digest("gone"))
    found = find_open_issues([MISSED, gone, SPURIOUS], [DOCUMENT.with_spans([])])
    assert found.cases == ((MISSED, DOCUMENT.with_spans([])),)
    assert (found.n_changed, found.n_gone) == (1, 1)


def test_texts_that_were_renumbered_are_found_by_their_text():
    moved = replace(DOCUMENT, id="1")
    another = Document("7", "Another text that has the number now", ())
    assert find_open_issues([SPURIOUS], [another, moved]).cases == ((SPURIOUS, moved),)


def test_of_equal_texts_the_one_with_the_id_counts():
    twin = Document("6", TEXT, ())
    assert find_open_issues([SPURIOUS], [twin, DOCUMENT]).cases == ((SPURIOUS, DOCUMENT),)


def test_json_holds_plain_values():
    assert list(MISSED.to_dict()) == ["document_id", "kind", "given", "proposed", "doubt", "text_key"]
    assert json.loads(json.dumps(MISSED.to_dict()))["proposed"] == {
        "start": 10,
        "end": 19,
        "label": "LOC",
        "score": 0.75,
    }
