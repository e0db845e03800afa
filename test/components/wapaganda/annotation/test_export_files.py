import json

import pytest

from wapaganda.annotation import (
    FormatError,
    LabelConfig,
    ReadOptions,
    read_documents,
    write_label_studio_tasks,
)
from wapaganda.ner import Document, Span


@pytest.fixture
def read(tmp_path):
    def read(content, name="project-1.json", **options):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return read_documents(path, **options)

    return read


def region(start, end, text, label, from_name="ents"):
    value = {"start": start, "end": end, "text": text, "labels": [label]}
    return {"id": "x", "type": "labels", "from_name": from_name, "to_name": "txt", "value": value}


def task(number, body, *results, **others):
    annotations = [
        {"id": 10 * number + at, "result": list(r), "completed_by": at} for at, r in enumerate(results)
    ]
    return {"id": number, "data": {"title": "A title", "body": body}, "annotations": annotations} | others


EXPORT = [
    task(1, "Anna met Bob", [region(0, 4, "Anna", "PER"), region(9, 12, "Bob", "PER")]),
    task(2, "Nobody here", []),
    task(3, "Not yet"),
    task(4, "Skipped", predictions=[{"result": [region(0, 7, "Skipped", "LOC")]}])
    | {"annotations": [{"id": 44, "was_cancelled": True, "result": [region(0, 7, "Skipped", "LOC")]}]},
]


@pytest.mark.parametrize("wrapping", ["array", "lines", "one"])
def test_an_export_without_its_config_tells_tag_and_field_itself(read, wrapping):
    if wrapping == "one":
        assert read(EXPORT[0]).documents[0].spans == (Span(0, 4, "PER"), Span(9, 12, "PER"))
        return
    content = EXPORT if wrapping == "array" else "\n".join(map(json.dumps, EXPORT))
    result = read(content)
    assert [(document.id, document.text, document.spans) for document in result.documents] == [
        ("1", "Anna met Bob", (Span(0, 4, "PER"), Span(9, 12, "PER"))),
        ("2", "Nobody here", ()),
        ("3", "Not yet", None),
        ("4", "Skipped", None),
    ]
    assert result.documents[3].meta == {"title": "A title", "skipped": True}
    assert "read 'ents' over 'txt' in data['body']" in result.notes[0]


def test_a_config_decides_when_it_is_given(read):
    config = LabelConfig(("LOC",), "ents", "txt", "body")
    result = read(EXPORT, config=config)
    assert result.documents[0].spans is None
    assert "task 1: Expected a label of the config (LOC), was: 'PER' (and 1 more)" in result.skipped[0]
    assert result.report.lost["PER"] == 2


def test_two_label_tags_are_one_schema_unless_they_have_the_same_label(read):
    ulm = region(0, 3, "Ulm", "LOC", from_name="places")
    content = [*EXPORT, task(5, "Ulm", [ulm])]
    assert read(content).documents[-1].spans == (Span(0, 3, "LOC"),)
    again = [*content, task(6, "Ulm", [ulm | {"from_name": "ents"}])]
    with pytest.raises(FormatError, match=r"from one tag, was: LOC from ents and from places; .*--label-tag"):
        read(again)
    chosen = read(again, options=ReadOptions(label_tag="places"))
    assert chosen.documents[-2].spans == (Span(0, 3, "LOC"),)
    assert [(each.kind, each.count) for each in chosen.report.findings] == [("other-tag", 3)]
    config = LabelConfig(("LOC",), "places", "txt", "body")
    assert read(content, config=config).documents[-1].spans == (Span(0, 3, "LOC"),)


def test_several_fields_that_could_be_the_text_need_an_option(read):
    with pytest.raises(FormatError, match="one field of data with the text, was: title, body"):
        read(EXPORT[1:3])
    assert read(EXPORT[1:3], options=ReadOptions(text_field="title")).documents[0].text == "A title"
    assert read([{"id": 1, "data": {"text": "a", "title": "b"}}]).documents[0].text == "a"


def test_a_task_that_cannot_be_read_is_skipped_and_told(read):
    result = read(
        [*EXPORT, {"id": 9, "data": {"title": "x"}, "annotations": []}, "what", task(8, "Ulm", ["no"])]
    )
    assert len(result.documents) == 4
    assert ["task 9: " in result.skipped[0], "data['body']" in result.skipped[0]] == [True, True]
    assert "Expected a task, was: 'what'" in result.skipped[1]
    assert "task 8: Expected a result that is a list of regions" in result.skipped[2]


# As Label Studio's own converter writes two annotators, an empty annotation, a choice and a text area.
JSON_MIN = [
    {
        **{"body": "Anna met Bob", "source": "a", "id": 1},
        "ents": [{"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]}],
        **{"mood": "good", "note": "hm", "annotator": 1, "annotation_id": 11},
        **{"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z", "lead_time": 2.5},
    },
    {
        **{"body": "Anna met Bob", "source": "a", "id": 1},
        "ents": [{"start": 9, "end": 12, "text": "Bob", "labels": ["PER"]}],
        **{"annotator": 2, "annotation_id": 12},
        **{"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-03T00:00:00Z", "lead_time": 2.5},
    },
    {
        **{"body": "Nobody here", "source": "b", "id": 2, "annotator": 1, "annotation_id": 13},
        **{"created_at": "x", "updated_at": "2026-01-02T00:00:00Z", "lead_time": 1},
    },
]


@pytest.mark.parametrize("config", [None, LabelConfig(("PER",), "ents", "whatever", "body")])
def test_json_min_exports_are_read(read, config):
    first, second = read(JSON_MIN, config=config).documents
    assert (first.id, first.text, first.spans) == ("1", "Anna met Bob", (Span(9, 12, "PER"),))
    assert (first.meta["annotators"], first.meta["annotators_agree"]) == ([1, 2], False)
    assert (second.id, second.spans) == ("2", ())


def test_written_tasks_are_read_back_with_their_ids(tmp_path):
    documents = [
        Document("a-1", "😀 Anna", (Span(2, 6, "PER"),)),
        Document("a-2", "x", ()),
        Document("a-3", "y"),
    ]
    write_label_studio_tasks(documents, tmp_path / "t.json")
    again = read_documents(tmp_path / "t.json").documents
    assert [(d.id, d.text, d.spans) for d in again] == [(d.id, d.text, d.spans) for d in documents]


def test_tasks_made_by_excerpt_words_are_ordinary_texts_and_their_context_is_not_taken_for_the_text(read):
    tasks = [task(number, "met Bob") for number in range(3)]
    for each in tasks:
        each["data"] = {"body": "met Bob", "before": "Anna ", "after": " .", "excerpt_of": "7"}
    found = read(tasks).documents
    assert [each.text for each in found] == ["met Bob"] * 3
    assert [each.meta["before"] for each in found] == ["Anna "] * 3


def test_what_excerpt_words_kept_beside_a_text_stays_through_a_file_of_tasks(tmp_path):
    context = {"before": "Anna ", "after": " .", "excerpt_of": "7"}
    part = Document("7[5:12]", "met Bob", (Span(4, 7, "PER"),), {"lead_time": 3, **context})
    write_label_studio_tasks([part], tmp_path / "tasks.json")
    (found,) = read_documents(tmp_path / "tasks.json").documents
    assert (found.id, found.text, found.spans) == ("7[5:12]", "met Bob", (Span(4, 7, "PER"),))
    assert {key: found.meta[key] for key in context} == context
