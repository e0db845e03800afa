"""Predictions in a file of Label Studio tasks: proposals, counted, never labels."""

import json

import pytest

from wapaganda.annotation import (
    LabelConfig,
    ReadOptions,
    proposal_of,
    read_documents,
    task_from_document,
    with_proposal,
    write_documents,
)
from wapaganda.ner import Document, Span

TEXT = "Ada met Bob"


def region(start: int, end: int, label: str, **others: object) -> dict:
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": [label]}
    return {"from_name": "label", "to_name": "text", "type": "labels", "value": value, **others}


def prediction(*regions: dict, number: int = 7, by: str = "al-001") -> dict:
    return {"id": number, "model_version": by, "result": list(regions)}


def task(number: int, *predictions: object, **others: object) -> dict:
    data = {"text": TEXT, "note": "from a file"}
    return {"id": number, "data": data, "annotations": [], "predictions": list(predictions), **others}


@pytest.fixture
def read(tmp_path):
    def read(*tasks: dict, **options: object):
        path = tmp_path / "tasks.json"
        path.write_text(json.dumps(tasks))
        return read_documents(path, **options)

    return read


ADA = region(0, 3, "PER", score=0.5)


@pytest.mark.parametrize("config", [None, LabelConfig(("PER", "LOC"))])
def test_the_newest_prediction_is_a_proposal_and_counted(read, config):
    older = prediction(region(8, 11, "LOC"), number=3, by="al-000")
    result = read(task(1, prediction(ADA), older), task(2), config=config)
    first, second = result.documents
    proposal = proposal_of(first)
    assert (first.spans, proposal.by, proposal.spans) == (None, "al-001", (Span(0, 3, "PER", 0.5),))
    assert (second.spans, proposal_of(second)) == (None, None)
    (finding,) = result.report.findings
    assert (finding.kind, finding.count) == ("machine", 1)
    assert (result.report.n_labelled, result.report.n_unlabelled) == (0, 2)


def test_an_answer_or_a_skip_stands_whatever_was_predicted(read):
    answer = {"id": 1, "lead_time": 2.0, "result": [region(8, 11, "PER")]}
    labelled = task(1, prediction(ADA), annotations=[answer])
    skipped = task(2, prediction(ADA), annotations=[{"id": 2, "was_cancelled": True, "result": []}])
    result = read(labelled, skipped)
    assert [each.spans for each in result.documents] == [(Span(8, 11, "PER"),), None]
    assert [proposal_of(each) for each in result.documents] == [None, None]
    assert result.report.findings == ()


def test_a_label_that_only_predictions_have_is_proposed(read):
    answer = {"id": 1, "lead_time": 2.0, "result": [region(8, 11, "PER")]}
    proposed = read(task(1, annotations=[answer]), task(2, prediction(region(0, 3, "PET")))).documents[1]
    assert proposal_of(proposed).spans == (Span(0, 3, "PET"),)


@pytest.mark.parametrize(
    "wrong",
    [
        region(0, 3, "PET"),
        region(0, 99, "PER"),
        region(0, 3, "PER", to_name="other"),
        {**region(0, 3, "PER"), "value": {"labels": ["PER"]}},
        {**region(0, 3, "PER"), "value": {"start": 0, "end": 3, "text": "Bob", "labels": ["PER"]}},
    ],
)
def test_a_prediction_that_is_not_understood_is_left_out_and_said(read, wrong):
    result = read(task(1, prediction(ADA, wrong)), config=LabelConfig(("PER",)))
    (document,) = result.documents
    assert (document.spans, proposal_of(document)) == (None, None)
    (finding,) = result.report.findings
    assert (finding.kind, finding.count) == ("prediction-not-read", 1)
    assert finding.line().startswith("Ignored 1 times: predictions that are not understood (")
    result.report.check()  # nothing of an annotator is lost


def test_numbers_of_predictions_and_half_answers_say_nothing(read):
    result = read(task(1, 7, 8), task(2, {"id": 3}, {"result": None}), options=ReadOptions(text_field="text"))
    assert [proposal_of(each) for each in result.documents] == [None, None]
    assert result.report.findings == ()


def test_what_we_write_for_label_studio_comes_back_as_a_proposal(tmp_path):
    path = tmp_path / "out.json"
    spans = (Span(0, 3, "PER", 0.5), Span(8, 11, "PER", 0.25))
    write_documents([with_proposal(Document("a", TEXT), spans, "v0001")], path)
    (document,) = read_documents(path).documents
    assert proposal_of(document).spans == spans
    assert proposal_of(document).by == "v0001"


def test_scored_spans_are_imported_as_a_prediction_until_a_person_has_confirmed_them():
    config, document = LabelConfig(("PER",)), Document("a", TEXT, (Span(0, 3, "PER", 0.5),))
    assert "annotations" not in task_from_document(document, config)
    (made,) = task_from_document(document, config)["predictions"]
    assert made["result"][0]["score"] == 0.5
    confirmed = Document("a", TEXT, document.spans, {"lead_time": 3.0})
    (answer,) = task_from_document(confirmed, config)["annotations"]
    assert "score" not in answer["result"][0]
