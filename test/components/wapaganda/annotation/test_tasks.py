import json
import re

import pytest

from wapaganda.annotation import (
    FormatError,
    LabelConfig,
    default_label_config,
    document_from_task,
    is_unread,
    parse_label_config,
    read_task,
    result_from_spans,
    task_from_document,
    write_label_studio_tasks,
)
from wapaganda.ner import Document, Repairs, Span

CONFIG = LabelConfig(("PER", "LOC"), "ents", "body", "body", {"Person": "PER"})
TEXT = "👩‍👩‍👧 Anna met\r\nBob"
START = TEXT.index("Anna")
ANNA = Span(START, START + 4, "PER")


def region(start, end, *labels, **others):
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": list(labels)}
    return {"id": "r", "type": "labels", "from_name": "ents", "to_name": "body", "value": value} | others


def annotation(*result, **others):
    return {
        "id": 1,
        "result": list(result),
        "was_cancelled": False,
        "updated_at": "2026-01-01T00:00:00Z",
    } | others


def task(*annotations, **others):
    return {"id": 7, "data": {"body": TEXT}, "annotations": list(annotations)} | others


PERSON = region(*(ANNA.start, ANNA.end), "PER")
PLACE = region(ANNA.start, ANNA.end, "LOC")


def spans(*annotations, **others):
    return document_from_task(task(*annotations, **others), CONFIG).spans


def test_a_labelled_task():
    document = document_from_task(
        task(annotation(PERSON, lead_time=2.5, completed_by={"id": 3}), inner_id=1), CONFIG
    )
    assert document == Document(
        "7",
        TEXT,
        (ANNA,),
        {"annotation_id": 1, "updated_at": "2026-01-01T00:00:00Z", "lead_time": 2.5, "annotators": [3]},
    )


def test_labelled_unlabelled_and_skipped_are_three_things():
    assert spans(annotation()) == ()
    assert spans(annotation() | {"result": None}) == ()
    assert spans() is None
    assert document_from_task({"data": {"body": "a"}}, CONFIG) == Document("", "a")
    skipped = document_from_task(task(annotation(PERSON, was_cancelled=True)), CONFIG)
    assert (skipped.spans, skipped.meta) == (None, {"skipped": True})


def test_predictions_and_drafts_are_no_labels():
    assert spans(predictions=[{"result": [PERSON]}], drafts=[{"result": [PERSON]}]) is None


def test_other_tags_regions_are_not_ours():
    others = [
        {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["knows"]},
        region(0, 1) | {"type": "choices", "from_name": "mood", "value": {"choices": ["good"]}},
        {"id": "r", "type": "textarea", "from_name": "note", "to_name": "body", "value": {"text": ["hm"]}},
        {},
    ]
    reading = read_task(task(annotation(*others, PERSON)), CONFIG)
    assert (reading.document.spans, reading.report.findings) == ((ANNA,), ())


@pytest.mark.parametrize(
    ("foreign", "kind", "name"),
    [
        (region(0, 1, "PER", from_name="other"), "region-tag", "other"),
        (region(0, 1, "PER", to_name="title"), "region-tag", "title"),
        (
            region(0, 1) | {"type": "brushlabels", "value": {"brushlabels": ["PER"]}},
            "region-type",
            "brushlabels",
        ),
    ],
)
def test_a_text_with_a_region_of_another_tag_is_not_read(foreign, kind, name):
    reading = read_task(task(annotation(foreign, PERSON)), CONFIG)
    assert reading.document.spans is None
    assert is_unread(reading.document)
    (finding,) = reading.report.findings
    assert (finding.kind, finding.place) == (kind, "task 7")
    assert (finding.regions, finding.texts) == ({name: 1}, {name: 1})
    assert (reading.report.n_not_read, reading.report.n_unlabelled, reading.report.lost) == (1, 0, {"PER": 2})


def test_of_several_annotators_the_last_one_counts_and_their_disagreement_is_told():
    first = annotation(PERSON, id=1, completed_by=1, updated_at="2026-01-02T00:00:00.5Z")
    second = annotation(PLACE, id=2, completed_by=2, updated_at="2026-01-02T01:00:00+00:00")
    for order in ([first, second], [second, first]):
        document = document_from_task(task(*order), CONFIG)
        assert document.spans[0].label == "LOC"
        assert document.meta["annotation_id"] == 2
        assert sorted(document.meta["annotators"]) == [1, 2]
        assert document.meta["annotators_agree"] is False
    agreed = document_from_task(task(first, second | {"result": [PERSON]}), CONFIG)
    assert agreed.meta["annotators_agree"] is True


def test_time_zones_are_respected():
    late = annotation(PERSON, updated_at="2026-01-01T23:00:00-05:00")
    assert spans(late, annotation(PLACE, updated_at="2026-01-02T03:00:00Z")) == (ANNA,)


def test_a_ground_truth_goes_before_later_ones_and_a_cancelled_one_never_counts():
    truth = annotation(PERSON, ground_truth=True, updated_at="2020-01-01T00:00:00Z")
    assert spans(truth, annotation(PLACE)) == (ANNA,)
    assert spans(
        annotation(PERSON), annotation(PLACE, was_cancelled=True, updated_at="2027-01-01T00:00:00Z")
    ) == (ANNA,)


def test_without_times_the_highest_id_counts():
    old, new = annotation(PLACE, id=4, updated_at=None), annotation(PERSON, id=5, updated_at=None)
    assert spans(new, old) == (ANNA,)


def test_aliases_are_resolved_and_a_text_with_an_unknown_label_is_not_read():
    alias = region(ANNA.start, ANNA.end, "Person")
    assert read_task(task(annotation(alias)), CONFIG).document.spans == (ANNA,)
    reading = read_task(task(annotation(alias, region(0, 5, "ORG"))), CONFIG)
    assert reading.document.spans is None
    (finding,) = reading.report.findings
    assert finding.kind == "region-label"
    assert finding.example == "Expected a label of the config (PER, LOC), was: 'ORG'"
    assert reading.report.lost == {"PER": 1, "ORG": 1}


@pytest.mark.parametrize(
    "broken",
    [
        region(0, 5),
        {**PERSON, "value": None},
        {**PERSON, "value": {"labels": ["PER"]}},
        {**PERSON, "value": {"start": 0, "end": 5}},
        {**PERSON, "value": {"start": "a", "end": 5, "labels": ["PER"]}},
    ],
)
def test_a_text_with_a_broken_region_is_not_read(broken):
    reading = read_task(task(annotation(broken, PERSON)), CONFIG)
    assert reading.document.spans is None
    assert [each.kind for each in reading.report.findings] == ["region-form"]


def test_regions_are_repaired_and_it_is_counted():
    both = read_task(task(annotation(region(ANNA.start - 1, ANNA.end + 1, "PER", "LOC"))), CONFIG)
    assert both.document.spans == (Span(ANNA.start, ANNA.end, "LOC"),)
    assert both.report.repairs == Repairs(trimmed=2, overlapping=1)
    assert both.report.lost == {"PER": 1}


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({}, "a task with data"),
        ({"data": {"text": "a"}}, r"data\['body'\], was: data with text"),
        ({"data": {"body": None}}, "Expected a text, was: None"),
        ({"data": {"body": "a"}, "annotations": [12, 13]}, "fields=all"),
        ({"data": {"body": "a"}, "annotations": [{"id": 1}]}, "with its result"),
        ({"data": {"body": "a"}, "annotations": [{"result": "x"}]}, "a list of regions"),
        ({"data": {"body": "a"}, "annotations": 3}, "annotations with their results"),
    ],
)
def test_tasks_that_cannot_be_read_are_refused(broken, complaint):
    with pytest.raises(FormatError, match=complaint):
        document_from_task(broken, CONFIG)


def test_a_field_inside_a_field_and_a_field_with_a_dot():
    config = LabelConfig(("PER",), data_key="doc.body")
    assert document_from_task({"data": {"doc": {"body": "a"}}}, config).text == "a"
    assert document_from_task({"data": {"doc.body": "a"}}, config).text == "a"
    assert task_from_document(Document("1", "a"), config) == {"data": {"doc": {"body": "a"}}}


def test_results_have_offsets_in_code_points_and_ids_that_label_studio_can_show():
    result = result_from_spans(
        [Span(ANNA.start, ANNA.end, "Person", 0.75), Span(16, 19, "LOC")], TEXT, CONFIG
    )
    assert [part["value"]["text"] for part in result] == ["Anna", TEXT[16:19]]
    assert result[0]["value"] == {"start": ANNA.start, "end": ANNA.end, "text": "Anna", "labels": ["PER"]}
    assert (result[0]["score"], "score" in result[1]) == (0.75, False)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{10}", part["id"]) for part in result)
    assert len({part["id"] for part in result}) == 2
    assert result == result_from_spans(
        [Span(ANNA.start, ANNA.end, "Person", 0.75), Span(16, 19, "LOC")], TEXT, CONFIG
    )
    json.dumps(result)


@pytest.mark.parametrize(
    "span", [Span(0, 0, "PER"), Span(-1, 2, "PER"), Span(0, 999, "PER"), Span(0, 1, "ORG")]
)
def test_what_label_studio_would_drop_or_misplace_is_refused(span):
    with pytest.raises(ValueError, match="Expected"):
        result_from_spans([span], TEXT, CONFIG)


@pytest.mark.parametrize("labelled", [None, (), (ANNA,)])
def test_a_document_goes_round_as_a_task(labelled):
    document = Document("7", TEXT, labelled, {"source": "s", "annotation_id": 9, "skipped": True})
    made = task_from_document(document, CONFIG)
    assert made["data"] == {"body": TEXT, "source": "s"}
    assert ("annotations" in made) == (labelled is not None)
    assert labelled is None or made["annotations"][0]["ground_truth"] is False
    again = document_from_task(made | {"id": 7}, CONFIG)
    assert (again.id, again.text, again.spans, again.meta) == ("7", TEXT, labelled, {"source": "s"})


def test_every_kind_of_document_is_written_as_a_task(tmp_path):
    write_label_studio_tasks(
        [Document("a", "Anna", (Span(0, 4, "X"),)), Document("b", "x")], tmp_path / "t.json", None
    )
    tasks = json.loads((tmp_path / "t.json").read_text())
    assert [task["meta"]["document_id"] for task in tasks] == ["a", "b"]
    assert tasks[0]["annotations"][0]["result"][0]["from_name"] == "label"


def test_label_studios_own_checker_finds_nothing_wrong():
    from label_studio_sdk.label_interface import LabelInterface

    xml = default_label_config(["PER", 'a "b" & <c>'])
    config = parse_label_config(xml)
    interface = LabelInterface(xml)
    interface.validate()
    spans = [Span(ANNA.start, ANNA.end, "PER", 0.5), Span(0, 5, 'a "b" & <c>')]
    prediction = {"model_version": "al-001", "score": 0.1, "result": result_from_spans(spans, TEXT, config)}
    assert interface.validate_prediction(prediction, return_errors=True) == []


def test_the_labels_considered_of_imported_data_count_until_a_person_has_answered():
    data = {"body": TEXT, "labels_considered": ["PER"]}
    imported = document_from_task(task(annotation(PERSON)) | {"data": data}, CONFIG)
    answered = document_from_task(task(annotation(PERSON, lead_time=3.0)) | {"data": data}, CONFIG)
    assert imported.meta["labels_considered"] == ["PER"]
    assert "labels_considered" not in answered.meta
