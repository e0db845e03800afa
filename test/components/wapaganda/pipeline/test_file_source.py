import json

import pytest

from wapaganda.annotation import proposal_of, read_documents
from wapaganda.ner import Document, Span
from wapaganda.pipeline import FileSource


def silent(step, done, total):
    pass


def write(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


@pytest.fixture
def source(tmp_path):
    data = write(
        tmp_path / "data.jsonl", {"text": "Anna left", "spans": [{"start": 0, "end": 4, "label": "PER"}]}
    )
    pool = write(tmp_path / "pool.jsonl", {"text": "Bob came"}, {"text": "Anna left"}, {"text": "Bob came"})
    return FileSource(data, pool, tmp_path / "batches")


def test_a_text_of_the_pool_that_is_labelled_is_no_longer_in_the_pool(source):
    documents = source.fetch(None, silent).documents
    assert [(each.text, each.is_labelled) for each in documents] == [
        ("Anna left", True),
        ("Bob came", False),
        ("Bob came", False),
    ]
    assert len({each.id for each in documents}) == 3


def test_an_answered_text_keeps_the_id_under_which_it_was_offered(source):
    offered = next(each for each in source.fetch(None, silent).documents if each.text == "Bob came")
    write(
        source.data,
        {"text": "Anna left", "spans": [{"start": 0, "end": 4, "label": "PER"}]},
        {"id": "of my own", "text": "Bob came", "spans": []},
    )
    answered = next(each for each in source.fetch(None, silent).documents if each.text == "Bob came")
    assert answered.id == offered.id
    assert answered.is_labelled


def test_a_text_that_is_taken_out_of_the_labelled_ones_is_unlabelled_again(source):
    write(source.data, {"text": "Carla", "spans": [{"start": 0, "end": 5, "label": "PER"}]})
    changes = source.fetch(None, silent)
    names = {each.id: each.text for each in changes.documents}
    assert sorted(names[each] for each in changes.unlabelled) == ["Anna left", "Bob came", "Bob came"]


def test_a_batch_is_written_in_its_order_with_the_proposed_spans(source):
    batch = [
        Document(
            "a", "Bob came", (Span(0, 3, "PER", 0.75),), {"rank": 0, "uncertainty": 0.9, "reason": "diverse"}
        ),
        Document("b", "Carla", (), {"rank": 1, "uncertainty": 0.5}),
    ]
    sentence = source.release("al-001", batch, silent)
    written = read_documents(source.out / "al-001.jsonl").documents
    assert [each.text for each in written] == ["Bob came", "Carla"]
    assert [each.spans for each in written] == [None, None]
    assert {key: written[0].meta[key] for key in ("rank", "drawn")} == {"rank": 0, "drawn": "diverse"}
    proposals = [proposal_of(each) for each in written]
    assert [(each.spans, each.by) for each in proposals] == [((Span(0, 3, "PER"),), "al-001"), ((), "al-001")]
    assert "al-001.jsonl" in sentence


def test_the_schema_is_that_of_the_labelled_texts(source):
    assert source.schema().labels == ("PER",)


def test_repairs_of_spans_are_among_the_messages(source):
    write(source.data, {"text": "Anna left", "spans": [{"start": 0, "end": 5, "label": "PER"}]})
    changes = source.fetch(None, silent)
    assert (
        "Spans repaired while reading: 1 trimmed of white space. See docs/data.md#repairs" in changes.messages
    )


def test_a_release_that_fails_half_way_leaves_no_batch(source):
    batch = [Document("b", "Bob came", ()), Document("c", "Carla", (), {"rank": object()})]
    with pytest.raises(TypeError):
        source.release("al-001", batch, silent)
    assert list(source.out.iterdir()) == []
