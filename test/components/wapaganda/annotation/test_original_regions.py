"""What was repaired while reading goes out as it was marked, beside the spans that are learnt."""

import json

import pytest

from wapaganda.annotation import (
    LabelConfig,
    all_formats,
    read_documents,
    read_task,
    task_from_document,
    write_documents,
)
from wapaganda.ner import Span

TEXT = "Mira met Bob in Oslo"
NESTED = [
    {"start": 0, "end": 12, "label": "PAIR"},
    {"start": 9, "end": 12, "label": "PER"},
    {"start": 15, "end": 19, "label": "LOC"},
]


@pytest.fixture
def marked(tmp_path):
    path = tmp_path / "marked.jsonl"
    records = [{"id": "a", "text": TEXT, "spans": NESTED}, {"id": "b", "text": TEXT, "spans": NESTED[:1]}]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return read_documents(path)


def test_spans_of_a_file_are_kept_as_they_were_marked(marked, tmp_path):
    assert marked.documents[0].spans == (Span(0, 12, "PAIR"), Span(16, 20, "LOC"))
    write_documents(marked.documents, tmp_path / "out.jsonl")
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert first["meta"] == {"original_regions": NESTED}
    assert "meta" not in second


@pytest.mark.parametrize(
    "name", [each.name for each in all_formats().values() if each.write and "meta" in each.keeps]
)
def test_they_pass_through_every_format_that_has_meta(marked, name, tmp_path):
    chosen = all_formats()[name]
    path, again = (tmp_path / f"{each}{chosen.suffixes[0]}" for each in ("once", "twice"))
    write_documents(marked.documents, path, name)
    result = read_documents(path)
    assert result.report.findings == ()
    write_documents(result.documents, again, name)
    for found in (result, read_documents(again)):
        assert found.documents[0].spans == marked.documents[0].spans
        assert found.documents[0].meta["original_regions"] == NESTED


def test_an_import_into_label_studio_brings_them_along(marked):
    config = LabelConfig(("LOC", "PAIR", "PER"))
    first, second = (task_from_document(each, config) for each in marked.documents)
    assert first["data"] == {"text": TEXT, "original_regions": NESTED}
    assert second["data"] == {"text": TEXT}
    assert len(first["annotations"][0]["result"]) == 2
    read = read_task({"id": 1, **first}, config).document
    assert (read.spans, read.meta["original_regions"]) == (marked.documents[0].spans, NESTED)


def test_regions_of_label_studio_are_kept_whole(tmp_path):
    value = {"start": 0, "end": 4, "text": "Mira", "labels": ["PER", "LOC"]}
    region = {"id": "r", "from_name": "label", "to_name": "text", "type": "labels", "value": value}
    relation = {"type": "relation", "from_id": "r", "to_id": "r", "direction": "right"}
    task = {"id": 1, "data": {"text": TEXT}, "annotations": [{"id": 1, "result": [region, relation]}]}
    (tmp_path / "tasks.json").write_text(json.dumps([task]))
    write_documents(read_documents(tmp_path / "tasks.json").documents, tmp_path / "out.jsonl")
    (record,) = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert [span["label"] for span in record["spans"]] == ["LOC"]
    assert record["meta"]["original_regions"] == [region, relation]
