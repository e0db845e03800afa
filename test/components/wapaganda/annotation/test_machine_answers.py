"""Annotations that Label Studio copied from predictions, and those at which a person has looked."""

import json

import pytest

from wapaganda.annotation import (
    LabelConfig,
    ReadReport,
    has_machine_answer,
    is_machine_answer,
    read_documents,
    read_task,
    write_jsonl,
)

CONFIG = LabelConfig(("LOC", "PER"))
TEXT = "Ada met Bob"


def region(start: int, end: int, label: str = "PER", **others: object) -> dict:
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": [label]}
    return {"from_name": "label", "to_name": "text", "type": "labels", "value": value, **others}


PREDICTION = {"id": 7, "model_version": "al-001", "result": [region(0, 3, id="a", score=0.4)]}
COPY = {"id": 1, "parent_prediction": 7, "lead_time": None, "result": PREDICTION["result"]}


def task(*annotations: dict, predictions: object = ()) -> dict:
    return {"id": 3, "data": {"text": TEXT}, "annotations": list(annotations), "predictions": predictions}


@pytest.mark.parametrize(
    ("changes", "predictions", "expected"),
    [
        ({}, None, True),
        ({}, [7], True),  # an export with the numbers only
        ({}, [PREDICTION], True),
        ({"parent_prediction": {"id": 7}}, [PREDICTION], True),
        ({"lead_time": 0}, None, True),
        ({"result": [region(0, 3, id="b", origin="prediction")]}, [PREDICTION], True),
        ({"lead_time": 2.5}, None, False),
        ({"ground_truth": True}, None, False),
        ({"parent_prediction": None}, None, True),  # the prediction was deleted, its scores are there
        ({"parent_prediction": None, "result": [region(0, 3)]}, None, False),
        ({"parent_prediction": None, "result": [region(0, 3, score=0.4), region(8, 11)]}, None, False),
        ({"parent_prediction": None, "result": []}, None, False),
        ({"parent_prediction": None, "lead_time": 2.0}, None, False),
        ({"result": [region(0, 3, origin="prediction-changed")]}, None, False),
        ({"result": [region(0, 3), region(8, 11)]}, [PREDICTION], False),
        ({"result": [region(0, 3, "LOC")]}, [PREDICTION], False),
        ({"result": []}, [PREDICTION], False),
    ],
)
def test_a_copy_without_lead_time_is_a_machines(changes, predictions, expected):
    assert is_machine_answer(COPY | changes, predictions) is expected


def test_a_text_with_a_copy_only_is_unlabelled_and_counted():
    read = read_task(task(COPY), CONFIG)
    assert read.document.spans is None
    assert has_machine_answer(read.document)
    assert not read.document.meta.get("skipped")
    report = read.report
    assert (report.n_labelled, report.n_unlabelled, report.n_not_read) == (0, 1, 0)
    (line,) = report.lines()
    assert line.startswith("1 text without an answer: the annotation is an unchanged prediction that nobody")
    assert "task 3: annotation 1 is prediction 7 unchanged" in line
    report.check()


def test_a_skip_beside_a_copy_is_still_a_skip():
    document = read_task(task(COPY, {"id": 2, "was_cancelled": True, "result": []}), CONFIG).document
    assert document.meta["skipped"]


def test_the_annotation_of_a_person_wins_over_a_later_copy():
    person = {"id": 0, "lead_time": 4.0, "result": [region(8, 11)], "updated_at": "2026-01-01T00:00:00Z"}
    read = read_task(task(person, COPY | {"updated_at": "2026-02-01T00:00:00Z"}), CONFIG)
    assert [(span.start, span.end) for span in read.document.spans or ()] == [(8, 11)]
    assert "answers" not in " ".join(read.document.meta)
    assert not has_machine_answer(read.document)
    assert [each.kind for each in read.report.findings] == ["machine-copy"]


def test_an_export_of_label_studio_keeps_the_two_apart(tmp_path):
    path = tmp_path / "export.json"
    confirmed = COPY | {"id": 2, "lead_time": 1.5}
    tasks = [task(COPY), task(confirmed) | {"id": 4}]
    path.write_text(json.dumps(tasks))
    result = read_documents(path)
    assert [document.is_labelled for document in result.documents] == [False, True]
    assert result.report.n_labelled == 1
    assert "machine-answer" in {each.kind for each in result.report.findings}
    write_jsonl(result.documents, tmp_path / "again.jsonl")
    again = read_documents(tmp_path / "again.jsonl").report
    assert (again.n_labelled, again.n_unlabelled) == (1, 1)
    assert ReadReport.of(result.documents).n_unlabelled == 1
