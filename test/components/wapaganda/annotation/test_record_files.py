import json

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

from wapaganda.annotation import (
    FormatError,
    is_unread,
    read_documents,
    write_datasets_folder,
    write_documents,
    write_jsonl,
)
from wapaganda.annotation.proposals import as_proposal
from wapaganda.ner import Document, Repairs, Span, considered_labels

DOCUMENTS = [
    Document(
        "a", "😀 Anna\r\nmet", (Span(2, 6, "PER", 0.25),), {"source": "x", "n": 1, "deep": {"y": [1, None]}}
    ),
    Document("b", "nobody \u2028 here", ()),
    Document("c", "not looked at"),
    Document("d", "", ()),
]


@pytest.fixture
def read(tmp_path):
    def read(*lines, name="x.jsonl", **options):
        path = tmp_path / name
        path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
        return read_documents(path, **options)

    return read


def test_jsonl_goes_round(tmp_path):
    write_jsonl(DOCUMENTS, tmp_path / "x.jsonl")
    assert read_documents(tmp_path / "x.jsonl").documents == [as_proposal(each) for each in DOCUMENTS]
    assert len((tmp_path / "x.jsonl").read_bytes().splitlines()) == 4


def test_a_datasets_folder_goes_round(tmp_path):
    write_datasets_folder(DOCUMENTS, tmp_path / "folder")
    assert read_documents(tmp_path / "folder").documents == [as_proposal(each) for each in DOCUMENTS]
    with pytest.raises(FileExistsError, match="Expected an empty or no folder"):
        write_datasets_folder(DOCUMENTS, tmp_path / "folder")


def test_an_empty_dataset_is_a_dataset(tmp_path):
    write_datasets_folder([], tmp_path / "folder")
    assert read_documents(tmp_path / "folder").documents == []


def test_splits_with_tokens_and_numbered_tags(tmp_path):
    tags = ClassLabel(names=["O", "B-PER", "I-PER"])
    features = Features({"tokens": List(Value("string")), "ner_tags": List(tags)})
    rows = {"tokens": [["Anna", "Bell", "ran"], ["no"]], "ner_tags": [[1, 2, 0], [0]]}
    dataset = Dataset.from_dict(rows, features=features)
    DatasetDict(train=dataset, test=dataset.select([0])).save_to_disk(str(tmp_path / "folder"))
    documents = read_documents(tmp_path / "folder").documents
    assert [document.id for document in documents] == ["folder-000001", "folder-000002", "folder-000003"]
    assert [document.meta["split"] for document in documents] == ["train", "train", "test"]
    assert documents[0] == Document(
        "folder-000001", "Anna Bell ran", (Span(0, 9, "PER"),), {"split": "train"}
    )
    assert documents[1].spans == ()


def test_any_other_folder_is_refused(tmp_path):
    with pytest.raises(FormatError, match="Expected a folder saved by datasets"):
        read_documents(tmp_path)


@pytest.mark.parametrize(
    ("record", "spans"),
    [
        ({"text": "Anna ran"}, None),
        ({"text": "Anna ran", "spans": None}, None),
        ({"text": "Anna ran", "spans": []}, ()),
        (
            {"text": "Anna ran", "spans": [{"start": 0, "end": 4, "label": "P", "token_start": 0}]},
            (Span(0, 4, "P"),),
        ),
        ({"text": "Anna ran", "entities": [[0, 4, "P"]]}, (Span(0, 4, "P"),)),
        ({"text": "Anna ran", "label": [[0, 4, "P"], [5, 8, "V"]]}, (Span(0, 4, "P"), Span(5, 8, "V"))),
        ({"text": "Anna ran", "labels": [["0", 4.0, "P"]]}, (Span(0, 4, "P"),)),
        ({"tokens": ["Anna", "ran"], "ner_tags": ["B-P", "O"]}, (Span(0, 4, "P"),)),
        ({"tokens": ["Anna", "ran"]}, None),
    ],
)
def test_the_forms_a_record_may_have(read, record, spans):
    (document,) = read(record).documents
    assert (document.id, document.text, document.spans, document.meta) == ("x-000001", "Anna ran", spans, {})


def test_other_fields_are_kept_as_meta(read):
    (document,) = read({"id": 7, "text": "a", "spans": [], "source": "s", "meta": {"page": 3}}).documents
    assert (document.id, document.meta) == ("7", {"source": "s", "page": 3})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{broken", "Expected a JSON object"),
        ("[1, 2]", "Expected a JSON object"),
        ('{"spans": []}', "Expected a record with a text"),
        ('{"text": 3}', "Expected a text, was: 3"),
        ('{"text": "\\ud83d"}', "half a surrogate pair"),
        ('{"text": "a", "spans": {}}', "to be a list of spans or null"),
        ('{"text": "a", "label": "good"}', "Expected label to be a list"),
        ('{"text": "a", "spans": [], "entities": [[0, 1, "P"]]}', "under one key"),
        ('{"text": "a", "spans": [[0, 1]]}', "start, end and label, was: [0, 1]"),
        ('{"text": "a", "spans": [{"start": 0, "end": 1}]}', "start, end and label"),
        ('{"text": "a", "spans": [["x", 1, "P"]]}', "whole numbers"),
        ('{"text": "a", "spans": [[true, 1, "P"]]}', "whole numbers"),
        ('{"text": "a", "spans": [[0.5, 1, "P"]]}', "whole numbers"),
        ('{"text": "a", "spans": [[NaN, 1, "P"]]}', "whole numbers"),
        ('{"text": "a", "spans": [[0, 1, ""]]}', "a label that is a string"),
        ('{"text": "a", "spans": [[0, 1, 5]]}', "a label that is a string"),
        ('{"text": "a", "spans": [], "meta": 3}', "meta to be an object"),
        ('{"text": "a", "spans": [], "answer": "reject"}', "Expected an accepted record"),
        ('{"tokens": ["a"], "ner_tags": ["B-P", "O"]}', "one tag for each of 1 words"),
        ('{"tokens": ["a"], "ner_tags": [1]}', "tags that are strings"),
        ('{"tokens": ["a"], "ner_tags": ["P"]}', "Expected O for words outside of entities"),
    ],
)
def test_a_malformed_record_is_skipped_and_reported_with_its_line(read, line, complaint):
    result = read({"text": "fine"}, "", line, {"text": "fine too"})
    read_ones = [document.id for document in result.documents if not is_unread(document)]
    assert read_ones == ["x-000001", "x-000003"]
    assert result.report.n_unlabelled == 2
    (reason,) = result.skipped
    assert "x.jsonl:3: " in reason
    assert complaint in reason
    with pytest.raises(FormatError, match=r"x\.jsonl:3: "):
        read({"text": "fine"}, "", line, strict=True)


def test_spans_are_repaired_and_the_repairs_counted(read):
    result = read({"text": "Anna ran", "spans": [[0, 5, "P"], [0, 2, "P"], [3, 3, "P"]]})
    assert result.documents[0].spans == (Span(0, 4, "P"),)
    assert result.repairs == Repairs(trimmed=1, widened=1, empty=1, duplicate=1)
    assert result.report.lost == {"P": 2}


@pytest.mark.parametrize("spans", [[[0, 4, "P"], [5, 99, "Q"]], [[3, 3, "P"]], [[4, 5, "P"]]])
def test_a_text_with_a_span_that_means_nothing_is_not_read(read, spans):
    result = read({"text": "fine", "spans": []}, {"text": "Anna ran", "spans": spans})
    assert [document.spans for document in result.documents] == [(), None]
    assert (result.report.n_labelled, result.report.n_empty, result.report.n_not_read) == (1, 1, 1)
    assert result.report.lost == {label: 1 for _, _, label in spans}
    assert "x.jsonl:2: Expected spans inside the text" in result.skipped[0]


def test_ids_are_made_distinct_and_it_is_said(read):
    result = read({"id": "a", "text": "1"}, {"id": "a", "text": "2"})
    assert [document.id for document in result.documents] == ["a", "a#2"]
    assert [(each.kind, each.example) for each in result.report.findings] == [("same-id", "'a' is now 'a#2'")]


def test_json_arrays_and_misnamed_files(read):
    assert [d.text for d in read([{"text": "a"}, {"text": "b"}], name="x.json").documents] == ["a", "b"]
    assert [d.text for d in read({"text": "a"}, {"text": "b"}, name="x.json").documents] == ["a", "b"]
    assert [d.text for d in read({"text": "a"}, {"text": "b"}, name="x.txt").documents] == ["a", "b"]
    with pytest.raises(FormatError, match=r"x\.json:2: Expected JSON"):
        read("[", "{]", name="x.json")


@pytest.mark.parametrize("key", ["labels_considered", "schema"])
def test_a_record_names_the_labels_that_its_annotators_could_choose_from(tmp_path, key):
    path = tmp_path / "a.jsonl"
    rows = [
        {"text": "Anna", "spans": [], key: ["PER"]},
        {"text": "Bob", "spans": [], "meta": {key: ["PER", "LOC"]}},
        {"text": "Oslo", "spans": []},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    documents = read_documents(path).documents
    assert [considered_labels(each) for each in documents] == [{"PER"}, {"PER", "LOC"}, None]
    again = tmp_path / "b.jsonl"
    write_documents(documents, again)
    written = read_documents(again).documents
    assert [considered_labels(each) for each in written] == [{"PER"}, {"PER", "LOC"}, None]


def test_a_schema_of_another_kind_stays_in_meta_and_labels_considered_must_be_a_list(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [
        {"text": "Anna", "spans": [], "schema": {"version": 2}},
        {"text": "Bob", "spans": [], "labels_considered": "PER"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read_documents(path)
    assert [dict(each.meta) for each in found.documents if each.is_labelled] == [{"schema": {"version": 2}}]
    assert "labels_considered" in found.skipped[0]
