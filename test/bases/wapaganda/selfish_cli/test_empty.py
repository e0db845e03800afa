"""selfish review --empty and selfish status: empty answers in whose texts the model expects entities."""

import json
from dataclasses import replace

import pytest

from wapaganda.annotation import read_documents
from wapaganda.label_errors import REVIEW_FILE, write_issues
from wapaganda.ledger import Ledger
from wapaganda.model_store import Manifest, ModelStore
from wapaganda.ner import Span
from wapaganda.pipeline.training.evaluation import write_out_of_fold


class Answer:
    def __init__(self, *spans):
        self.spans = spans


@pytest.fixture
def project(tmp_path, files):
    """A ledger with two empty answers; in the second one a fold found an entity, which round 1 has named."""
    documents = read_documents(files.data).documents
    documents[:2] = [each.with_spans(()) for each in documents[:2]]
    ledger = Ledger(tmp_path / "kept" / "default" / "ledger.sqlite")
    ledger.upsert_documents(documents, "files")
    report = {"number": 1, "doubted_empty": {documents[1].id: 1}}
    ledger.save_step(ledger.start_round().number, "done", report=report)
    (draft := tmp_path / "draft").mkdir()
    found = Answer(Span(0, len(documents[1].text.split()[0]), "PER", 0.9))
    write_out_of_fold(draft, documents, [Answer(), found, *[Answer()] * len(documents[2:])])
    write_issues(draft / REVIEW_FILE, [])
    store = ModelStore(tmp_path / "models" / "default")
    store.promote(store.publish(draft, Manifest(("LOC", "PER"), "none", "0" * 8, 1)).name)
    return documents


def test_review_lists_them_with_what_the_model_expects(project, selfish, tmp_path):
    out = tmp_path / "look.jsonl"
    listed = selfish("review", "--empty", "--out", out, "--json")
    assert listed.code == 0, listed.stderr
    assert (listed.json["texts"], listed.json["entities"]) == (1, 1)
    (record,) = listed.json["empty"]
    assert (record["document_id"], record["model"]) == (project[1].id, [project[1].text.split()[0]])
    assert json.loads(out.read_text()) == record
    shown = " ".join(selfish("review", "--empty").stdout.split())
    assert "1 of 1 empty answers where the model expects entities" in shown
    assert "1 answer of people is empty although the model expects 1 entity" in shown
    assert "1 answer of people is empty" in selfish("review", "--json").json["empty_answers"]


def test_status_names_them_until_they_are_answered(project, selfish, tmp_path):
    shown = " ".join(selfish("status").stdout.split())
    assert f"1 answer of people is empty although the model expects 1 entity: text {project[1].id}" in shown
    assert selfish("status", "--json").json["doubted_empty"] == {project[1].id: 1}
    ledger = Ledger(tmp_path / "kept" / "default" / "ledger.sqlite")
    ledger.upsert_documents([replace(project[1], spans=(Span(0, 3, "PER"),))], "files")
    assert selfish("status", "--json").json["doubted_empty"] == {}
    assert "answer of people is empty" not in selfish("status").stdout


def test_one_list_at_a_time(project, selfish):
    outcome = selfish("review", "--empty", "--added", "DATE")
    assert (outcome.code, "Expected --empty or --added" in outcome.stderr) == (2, True)
