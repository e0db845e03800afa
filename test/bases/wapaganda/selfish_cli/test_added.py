"""selfish status and review --added: texts that were labelled before a type existed."""

import json

import pytest

from wapaganda.annotation import read_documents
from wapaganda.ledger import Ledger
from wapaganda.model_store import Manifest, ModelStore
from wapaganda.ner import Span
from wapaganda.pipeline.training.evaluation import write_out_of_fold


@pytest.fixture
def project(tmp_path, files):
    """A ledger whose texts were all labelled before DATE existed, but for the last."""
    documents = read_documents(files.data).documents
    ledger = Ledger(tmp_path / "kept" / "default" / "ledger.sqlite")
    ledger.set_labels(["LOC", "PER"], {})
    ledger.upsert_documents(documents[:-1], "label-studio", ["LOC", "PER"])
    ledger.set_labels(["LOC", "PER", "DATE"], {})
    ledger.upsert_documents(documents[-1:], "label-studio", ["LOC", "PER", "DATE"])
    return documents


def test_status_offers_the_texts_for_a_second_look(project, selfish):
    number = len(project) - 1
    outcome = selfish("status")
    assert outcome.code == 0, outcome.stderr
    assert f"{number} texts were labelled before 'DATE' existed:" in " ".join(outcome.stdout.split())
    found = selfish("status", "--json").json
    assert [(each["label"], each["texts"]) for each in found["later_types"]] == [("DATE", number)]
    assert found["later_types"][0]["hours"] > 0
    assert found["second_look"][0].startswith(f"{number} texts were labelled before 'DATE' existed:")


def test_the_texts_are_listed_those_where_the_model_finds_the_type_first(project, selfish, tmp_path):
    (draft := tmp_path / "draft").mkdir()

    class Answer:
        def __init__(self, *spans):
            self.spans = spans

    found = Answer(Span(0, len(project[3].text.split()[0]), "DATE", 0.9), Span(0, 1, "PER", 0.9))
    write_out_of_fold(draft, project, [found if number == 3 else Answer() for number in range(len(project))])
    store = ModelStore(tmp_path / "models" / "default")
    store.promote(store.publish(draft, Manifest(("DATE", "LOC", "PER"), "none", "0" * 8, 1)).name)
    out = tmp_path / "lists" / "look.jsonl"
    listed = selfish("review", "--added", "DATE", "--limit", 5, "--out", out, "--json")
    assert listed.code == 0, listed.stderr
    assert listed.json["texts"] == len(project) - 1
    assert [each["rank"] for each in listed.json["added"]] == [1, 2, 3, 4, 5]
    assert listed.json["added"][0] == {
        "rank": 1,
        "document_id": project[3].id,
        "model": [project[3].text.split()[0]],
        "text": project[3].text,
    }
    assert [json.loads(line) for line in out.read_text().splitlines()] == listed.json["added"]
    shown = selfish("review", "--added", "DATE").stdout
    assert f"20 of {len(project) - 1} texts labelled before DATE existed" in " ".join(shown.split())


def test_files_name_the_labels_of_a_record_themselves(selfish, tmp_path):
    rows = [
        {"id": "a", "text": "Anna in May", "spans": [], "labels_considered": ["PER"]},
        {"id": "b", "text": "Bob in May", "spans": [{"start": 7, "end": 10, "label": "DATE"}]},
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = selfish("review", "--added", "DATE", "--data", path, "--json").json
    assert [each["document_id"] for each in found["added"]] == ["a"]


def test_a_type_that_all_texts_could_have_is_refused(project, selfish):
    outcome = selfish("review", "--added", "LOC")
    assert outcome.code == 2
    assert "(DATE), was: 'LOC'" in outcome.stderr
