"""selfish export on files: the whole data set with the labels of the live model, and who gave which."""

import json

import numpy as np
import pytest

from wapaganda.annotation import read_documents
from wapaganda.ner import Span
from wapaganda.pipeline import Campaign, CampaignFolder, MachineLabels, texts_of_files
from wapaganda.pipeline.selection.pool_scores import PoolSpans

pytestmark = pytest.mark.real


def records(folder):
    """The records of an export with all texts in one split."""
    return [json.loads(line) for line in (folder / "jsonl" / "train.jsonl").read_text().splitlines()]


@pytest.fixture
def whole(selfish, files, tmp_path):
    """Export data and pool, all into the split train."""

    def run(name, *more):
        out = ("--out", tmp_path / name, "--formats", "jsonl,conll", "--split", "1,0,0", "--json")
        return tmp_path / name, selfish("export", "--data", files.data, "--pool", files.pool, *out, *more)

    return run


def test_the_whole_file_with_a_machine_and_without(selfish, files, whole):
    n_data, n_pool = (len(read_documents(path).documents) for path in (files.data, files.pool))
    _, refused = whole("none", "--with-machine")
    assert (refused.code, "Expected a trained model" in refused.stderr) == (2, True)
    done = selfish("update", "--data", files.data, "--pool", files.pool, "--size", 4, "--json")
    assert done.code == 0, done.stderr
    out, plain = whole("plain")
    assert (plain.json["documents"], plain.json["model"]) == (n_data, None)
    n_rest = plain.json["unlabelled_left_out"]
    assert 0 < n_rest <= n_pool
    out, found = whole("all", "--with-machine")
    assert found.json["documents"] == n_data + n_rest
    assert (found.json["certificate"], found.json["model"]) == (None, done.json["live"])
    by_machine = [each for each in records(out) if each["provenance"] == "machine"]
    assert len(by_machine) == n_rest == found.json["provenance"]["machine"]["documents"]
    assert {each["model"] for each in by_machine} == {done.json["live"]}
    assert all(0 <= span["score"] <= 1 for each in by_machine for span in each["spans"])
    apart = read_documents(out / "conll" / "train-machine.conll").documents
    assert (len(apart), any(each.is_labelled for each in apart)) == (n_rest, False)
    assert "**Not certified**" in (out / "README.md").read_text()
    # What was exported is never learnt as labels of people.
    again = selfish("train", "--data", out / "jsonl" / "train.jsonl", "--steps", 2, "--json").json
    assert again["n_train"] + again["n_judged"] == n_data


def test_an_answered_batch_says_what_was_confirmed_and_what_was_corrected(selfish, files, whole, tmp_path):
    arguments = ("--data", files.data, "--pool", files.pool, "--size", 4, "--out", tmp_path / "batches")
    done = selfish("update", *arguments, "--json").json
    batch = tmp_path / "batches" / f"{done['batch']}.jsonl"
    offered = [json.loads(line) for line in batch.read_text().splitlines()]
    answers = [each | {"spans": each["proposed"]["spans"]} for each in offered]
    answers[0]["spans"] = [{"start": 0, "end": len(answers[0]["text"].split()[0]), "label": "OTHER"}]
    with files.data.open("a") as file:
        file.writelines(json.dumps(each | {"answer": "accept"}) + "\n" for each in answers)
    out, found = whole("set")
    ways = {each["text"]: each["provenance"] for each in records(out)}
    assert [ways[each["text"]] for each in answers] == ["corrected", "confirmed", "confirmed", "confirmed"]
    assert found.json["provenance"]["human"]["documents"] == len(ways) - 4
    _, people = whole("human", "--only", "human")
    assert (people.json["documents"], people.json["filtered_out"]["provenance"]) == (len(ways) - 4, 4)


def test_the_terminal_says_how_to_complete_and_what_is_wrong(selfish, files, whole, tmp_path):
    shown = selfish("export", "--data", files.data, "--pool", files.pool, "--out", tmp_path / "a")
    text = " ".join(shown.stdout.split())
    assert "texts without labels. selfish complete audits the model's labels" in text
    assert "human" in text
    _, wrong = whole("b", "--only", "gold")
    assert (wrong.code, "was: gold" in wrong.stderr) == (2, True)
    alone = selfish("export", "--project", 1, "--pool", files.pool, "--out", tmp_path / "c")
    assert (alone.code, "Expected --data with --pool" in alone.stderr) == (2, True)


def test_the_upload_needs_a_token_and_public_needs_an_upload(selfish, files, whole, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    out, refused = whole("a", "--push-to-hub", "ada/birds")
    assert (refused.code, "Expected a token of the hub" in refused.stderr, out.exists()) == (2, True, False)
    _, alone = whole("b", "--public")
    assert (alone.code, "--push-to-hub with --public" in alone.stderr) == (2, True)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "hf_of_a_test")
    sent = []

    def push(folder, name, **more):
        sent.append((folder, name, more))
        return "there"

    monkeypatch.setattr("wapaganda.dataset.push_to_hub", push)
    out, found = whole("c", "--push-to-hub", "ada/birds")
    assert (found.json["hub"], sent) == ("there", [(out, "ada/birds", {"public": False})])
    assert (out / "parquet" / "train.parquet").is_file()


def test_an_export_is_made_again_or_what_has_changed_is_said(selfish, files, whole, tmp_path):
    out, _ = whole("first", "--license", "cc-by-4.0", "--language", "en", "--title", "Birds", "--seed", 5)
    source = ("--data", files.data, "--pool", files.pool)
    assert selfish("export", *source, "--out", tmp_path / "again", "--replay", out / "export.json").code == 0
    written = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    again = tmp_path / "again"
    assert written == {
        path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()
    }
    refused = selfish("export", *source, "--out", tmp_path / "x", "--replay", out, "--license", "mit")
    assert (refused.code, "was: other options as well" in refused.stderr) == (2, True)

    lines = files.data.read_text().splitlines()
    less = json.loads(lines[0])
    less["spans"] = less["spans"][1:]
    files.data.write_text("\n".join([json.dumps(less), *lines[1:]]) + "\n")
    refused = selfish("export", *source, "--out", tmp_path / "x", "--replay", out)
    said = " ".join(refused.stderr.split())
    assert refused.code == 2
    assert "was: the labels of people changed since" in said
    assert not (tmp_path / "x").exists()
    files.data.write_text("\n".join(lines[1:]) + "\n")
    said = " ".join(selfish("export", *source, "--out", tmp_path / "x", "--replay", out).stderr.split())
    assert "was: the texts" in said
    (out / "export.json").write_text("{}")
    assert "can be made again" in selfish("export", *source, "--out", tmp_path / "x", "--replay", out).stderr


def test_the_difference_of_two_exports(selfish, files, whole, tmp_path):
    first, _ = whole("first")
    lines = files.data.read_text().splitlines()
    less = json.loads(lines[0])
    less["spans"] = less["spans"][1:]
    files.data.write_text("\n".join([json.dumps(less), *lines[2:]]) + "\n")
    second, _ = whole("second")
    told = selfish("diff", first, second, "--json").json
    gone = json.loads(lines[1])
    assert (told["equal"], told["removed"], told["added"]) == (len(lines) - 2, [gone["id"]], [])
    assert told["spans"]["removed"]["human"] == 1 + len(gone["spans"])
    shown = " ".join(selfish("diff", first, second).stdout.split())
    assert f"Equal {len(lines) - 2} texts" in shown
    assert f"{less['id']} − '" in shown
    assert selfish("diff", first, tmp_path).code == 2


def test_an_accepted_completion_is_exported_under_the_ids_of_the_files(selfish, files, whole, tmp_path):
    known = {each.text for each in read_documents(files.data).documents}
    rest = [each for each in read_documents(files.pool).documents if each.text not in known][:5]
    named = [name for name, _ in texts_of_files([], rest)]
    spans = [(Span(0, len(each.text.split()[0]), "PER", 0.8),) for each in rest]
    ones = np.ones(len(rest), dtype=np.int64)
    texts = PoolSpans.of(spans, [each.text for each in rest], ("PER",))
    counts = (5 * ones, ones, 0.8 * ones, 1.0 * ones[:, None])
    labels = MachineLabels(tuple(named), ("PER",), texts, *counts, np.arange(5))
    assert len(rest) == 5
    campaign = Campaign(1, "2026-01-01T00:00:00+00:00", "v0001-0a", 0.9, 0.95, 7, 30, 40, 60, "f", 5)
    folder = CampaignFolder.create(tmp_path / "kept" / "default", campaign, labels)
    folder.accept({"certificate": {"lower": 0.9, "confidence": 0.975, "n_audited": 2}, "audited": []})
    out, found = whole("set")
    by_machine = {each["id"]: each for each in records(out) if each["provenance"] == "machine"}
    assert by_machine.keys() == {each.id for each in rest}
    assert (found.json["campaign"], found.json["certificate"]["confidence"]) == (1, 0.95)
    shown = selfish("export", "--data", files.data, "--pool", files.pool, "--out", tmp_path / "again")
    assert "at least 90.0%, with 95% confidence" in " ".join(shown.stdout.split())
