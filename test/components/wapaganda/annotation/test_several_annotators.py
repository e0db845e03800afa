"""Several annotators on one text: their answers are kept, and a rule says what is learnt."""

import json

import pytest

from wapaganda.annotation import (
    AnswerRule,
    LabelConfig,
    ReadOptions,
    answers_of,
    is_unread,
    read_documents,
    read_task,
    task_from_document,
)
from wapaganda.errors import InputError
from wapaganda.ner import Span

TEXT = "Anna met Bob in Oslo"
ANNA, BOB, OSLO = Span(0, 4, "PER"), Span(9, 12, "PER"), Span(16, 20, "LOC")


def region(span):
    value = {
        "start": span.start,
        "end": span.end,
        "labels": [span.label],
        "text": TEXT[span.start : span.end],
    }
    return {"type": "labels", "from_name": "label", "to_name": "text", "value": value}


def annotation(number, by, *spans, **others):
    moment = f"2026-01-{number:02d}T00:00:00Z"
    result = [region(span) for span in spans]
    return {
        "id": number,
        "completed_by": by,
        "updated_at": moment,
        "result": result,
        "lead_time": 5.0,
    } | others


def read(rule, *annotations, reviewers=()):
    config = LabelConfig(("LOC", "PER"), answers=AnswerRule(rule, reviewers))
    return read_task({"id": 7, "data": {"text": TEXT}, "annotations": list(annotations)}, config).document


THREE = (annotation(1, 1, ANNA, BOB), annotation(2, 2, ANNA, OSLO), annotation(3, 3, ANNA, BOB, OSLO))


def test_the_newest_answer_is_learnt_by_default_and_a_ground_truth_before_it():
    assert LabelConfig(("PER",)).answers == AnswerRule("newest")
    assert read("newest", *THREE).spans == (ANNA, BOB, OSLO)
    star = THREE[1] | {"ground_truth": True}
    assert read("newest", THREE[0], star, THREE[2]).spans == (ANNA, OSLO)


def test_the_majority_are_the_spans_that_more_than_half_marked():
    assert read("majority", *THREE).spans == (ANNA, BOB, OSLO)
    assert read("majority", *THREE[:2]).spans == (ANNA,)
    assert read("majority", THREE[0], THREE[1], annotation(3, 3)).spans == (ANNA,)
    assert read("majority", THREE[0]).spans == (ANNA, BOB)
    nobody = read("majority", annotation(1, 1, BOB), annotation(2, 2, OSLO))
    assert nobody.spans == ()


def test_an_annotator_votes_once_with_the_newest_answer():
    twice = annotation(4, 1, OSLO)
    document = read("majority", *THREE[:2], twice)
    assert document.spans == (OSLO,)
    assert answers_of(document) == {"1": (OSLO,), "2": (ANNA, OSLO)}


def test_the_time_of_an_answer_that_the_majority_changed_is_not_kept():
    same = read("majority", *THREE)
    changed = read("majority", *THREE[:2])
    assert (same.meta["annotation_id"], same.meta["lead_time"]) == (3, 5.0)
    assert changed.meta["annotation_id"] == 2
    assert "lead_time" not in changed.meta


def test_a_majority_with_an_answer_that_is_not_understood_is_not_read():
    strange = annotation(2, 2) | {"result": [region(ANNA) | {"from_name": "other"}]}
    assert is_unread(read("majority", THREE[0], strange, THREE[2]))
    learnt = read("newest", THREE[0], strange, THREE[2])
    assert learnt.spans == (ANNA, BOB, OSLO)
    assert answers_of(learnt) == {"1": (ANNA, BOB), "3": (ANNA, BOB, OSLO)}


def test_only_what_was_adjudicated_is_learnt_where_annotators_disagree():
    undecided = read("adjudicated", *THREE)
    assert (undecided.spans, undecided.meta["undecided"], is_unread(undecided)) == (None, True, False)
    assert len(answers_of(undecided)) == 3
    star = THREE[0] | {"ground_truth": True}
    assert read("adjudicated", star, *THREE[1:]).spans == (ANNA, BOB)
    assert read("adjudicated", *THREE, reviewers=("2",)).spans == (ANNA, OSLO)
    boss = annotation(2, {"id": 2, "email": "Boss@example.com"}, OSLO)
    assert read("adjudicated", THREE[0], boss, THREE[2], reviewers=("boss@example.com",)).spans == (OSLO,)
    assert read("adjudicated", THREE[0]).spans == (ANNA, BOB)
    assert read("adjudicated", annotation(1, 1, BOB), annotation(2, 2, BOB)).spans == (BOB,)


def test_an_undecided_text_is_counted_and_is_no_reason_to_refuse():
    task = {"id": 7, "data": {"text": TEXT}, "annotations": list(THREE)}
    report = read_task(task, LabelConfig(("LOC", "PER"), answers=AnswerRule("adjudicated"))).report
    assert (report.n_labelled, report.n_unlabelled, report.n_not_read) == (0, 1, 0)
    assert "annotators disagree and nobody has decided" in report.lines()[0]
    report.check()


def test_answers_are_compared_after_repair():
    loose = annotation(2, 2, Span(0, 5, "PER"), BOB)  # with the blank behind Anna
    loose["result"][0]["value"]["text"] = "Anna "
    document = read("majority", THREE[0], loose)
    assert document.spans == (ANNA, BOB)
    assert answers_of(document) == {"1": (ANNA, BOB), "2": (ANNA, BOB)}


def test_the_answers_of_one_annotator_or_of_a_skip_are_no_agreement():
    assert answers_of(read("newest", THREE[0])) == {}
    assert answers_of(read("newest", THREE[0], annotation(2, 1, OSLO))) == {}
    assert answers_of(read("newest", THREE[0], THREE[1] | {"was_cancelled": True})) == {}


def test_the_kept_answers_are_no_data_of_a_task():
    config = LabelConfig(("LOC", "PER"))
    assert task_from_document(read("newest", *THREE), config)["data"] == {"text": TEXT}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("newest", (ANNA, BOB, OSLO)), ("majority", (ANNA, BOB, OSLO)), ("adjudicated", None)],
)
def test_exports_are_read_by_the_rule_of_the_options(tmp_path, rule, expected):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": 1, "data": {"text": TEXT}, "annotations": list(THREE)}]))
    (document,) = read_documents(path, options=ReadOptions.parse(answers=rule)).documents
    assert document.spans == expected
    assert set(answers_of(document)) == {"1", "2", "3"}


def test_json_min_with_a_row_for_each_annotation_has_several_annotators(tmp_path):
    rows = [
        {
            "id": 1,
            "text": TEXT,
            "annotation_id": number,
            "annotator": by,
            "updated_at": f"2026-01-0{number}T00:00:00Z",
            "label": [{"start": span.start, "end": span.end, "labels": [span.label]} for span in spans],
        }
        for number, by, spans in ((1, 5, (ANNA,)), (2, 6, (ANNA, BOB)))
    ]
    path = tmp_path / "min.json"
    path.write_text(json.dumps(rows))
    (document,) = read_documents(path).documents
    assert answers_of(document) == {"5": (ANNA,), "6": (ANNA, BOB)}


def test_an_unknown_rule_is_refused():
    with pytest.raises(InputError, match="newest, majority, adjudicated"):
        ReadOptions.parse(answers="first")
    assert ReadOptions.parse(answers="adjudicated", reviewers=" 3, Boss@Example.com ").answers == AnswerRule(
        "adjudicated", ("3", "boss@example.com")
    )
