"""Remarks are predictions for people to read: never labels, never proposals; and what a new project says."""

import pytest

from wapaganda.annotation import (
    NOTE,
    READING,
    default_label_config,
    instruction,
    marks_whole_words,
    parse_label_config,
    proposal_of,
    read_documents,
    read_task,
)
from wapaganda.ner import Document, Span
from wapaganda.storage import write_json

CONFIG = parse_label_config(default_label_config(["PER", "LOC"]))
REGION = {
    "id": "a",
    "from_name": "label",
    "to_name": "text",
    "type": "labels",
    "value": {"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]},
}


def prediction(number: int, version: str, result: list) -> dict:
    return {"id": number, "model_version": version, "result": result, "created_at": f"2026-01-0{number}"}


def test_an_export_of_a_project_has_the_proposal_of_the_batch_and_not_the_remarks(tmp_path):
    predictions = [
        prediction(1, "al-001-ab", [REGION]),
        prediction(2, f"{NOTE}rare", []),
        prediction(3, f"{READING}Ada = LOC (marked PER)", []),
    ]
    task = {"id": 1, "data": {"text": "Ada met Bob"}, "annotations": [], "predictions": predictions}
    labelled = [{**REGION, "value": {**REGION["value"], "labels": ["LOC"]}}]
    other = {"id": 2, "data": {"text": "Bob left"}, "annotations": [{"id": 9, "result": labelled}]}
    write_json(tmp_path / "export.json", [task, other])
    (document, _) = read_documents(tmp_path / "export.json").documents
    proposal = proposal_of(document)
    assert (proposal.by, proposal.spans) == ("al-001-ab", (Span(0, 3, "PER"),))


@pytest.mark.parametrize("version", ["al-001-ab", f"{READING}Ada = LOC"])
def test_an_answer_that_was_copied_from_a_reading_did_not_begin_as_a_proposal(version):
    answer = {"id": 7, "result": [REGION], "lead_time": 4.0, "parent_prediction": 3}
    task = {"id": 1, "data": {"text": "Ada met Bob"}, "annotations": [answer]}
    task |= {"predictions": [prediction(3, version, [REGION])]}
    document = read_task(task, CONFIG).document
    assert document.spans == (Span(0, 3, "PER"),)
    assert ("parent_prediction" in document.meta) == (version == "al-001-ab")


@pytest.mark.parametrize(
    ("text", "span", "whole"),
    [
        ("Ada's 😀 friend", (0, 3), True),
        ("EU-Kommission", (0, 2), True),
        ("Samsungin puhelin", (0, 7), False),
        ("小泉は来た", (0, 2), False),
        ("삼성은 왔다", (0, 2), False),
    ],
)
def test_whole_words_are_enough_when_no_label_ends_within_one(text, span, whole):
    assert marks_whole_words([Document("1", text, (Span(*span, "PER"),))]) == whole
    assert not marks_whole_words([Document("1", text)])  # nothing is known about the language


def test_a_new_config_has_hot_keys_and_the_instruction_names_the_labels():
    xml = default_label_config([f"L{number}" for number in range(12)], whole_words=True)
    assert '<Label value="L0" hotkey="1"/>' in xml
    assert '<Label value="L9" hotkey="0"/>' in xml
    assert '<Label value="L10"/>' in xml
    assert 'granularity="word"' in xml
    assert "<b>A&amp;B</b>" in instruction(["A&B"])
    assert "A model has marked" not in instruction(["A"], with_proposals=False)
