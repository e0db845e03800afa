"""The command on a real Label Studio project: connect, update, status, select, export, doctor."""

import json
import time
from pathlib import Path

import httpx
import pytest

from wapaganda.label_errors import REVIEW_FILE, LabelIssue, text_digest, write_issues
from wapaganda.label_studio import LabelStudio

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]


@pytest.fixture
def connected(selfish, files, label_studio_server, monkeypatch):
    """A new project with the toy texts; its number."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio_server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio_server.token)
    imports = ("--import", files.data, "--import", files.pool)
    outcome = selfish("connect", "--title", "toys", *imports, "--json")
    assert outcome.code == 0, outcome.stderr
    return outcome.json


def test_connect_says_what_comes_next_and_update_joins_the_training_that_starts_by_itself(
    selfish, files, backend, label_studio_server
):
    imports = ("--import", files.data, "--import", files.pool, "--backend", backend)
    outcome = selfish("connect", "--title", "News", *imports, "--json")
    assert outcome.code == 0, outcome.stderr
    connected, project = outcome.json, outcome.json["project"]
    page = f"{backend}/projects/ls-{project}"
    assert connected["page"] == page
    assert f"A training starts by itself within 4 s. Watch it at {page}" in connected["next"]

    joined = selfish("update", "--project", project, "--json")
    assert joined.code == 0, joined.stderr
    assert "The ML backend trains this project" in joined.stderr
    assert (joined.json["number"], joined.json["joined"]) == (1, 1)
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        document = studio.next_document(project)
        assert studio.project(project).model_version == joined.json["batch"]
        studio.annotate(project, int(document.id), document.text, [], 5.0)
    end = time.monotonic() + 30
    while (now := selfish("status", "--project", project, "--json").json)["backend"]["batch"]["answered"] < 1:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert (now["title"], now["backend"]["address"]) == ("News", backend)
    assert len(now["rounds"]) == 1  # update has run no round of its own


def test_a_new_project_tells_annotators_what_to_do(connected, selfish, label_studio_server):
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    url = f"{label_studio_server.url}/api/projects/{connected['project']}/"
    found = httpx.get(url, headers=headers, timeout=60).json()
    assert found["show_instruction"]
    assert "<b>LOC</b>, <b>PER</b>" in found["expert_instruction"]
    assert "Nothing to mark?" in found["expert_instruction"]
    assert '<Label value="LOC" hotkey="1"/>' in found["label_config"]
    assert 'granularity="word"' in found["label_config"]
    own = {"expert_instruction": "<p>Ours</p>", "show_instruction": False, "description": "For\nAda"}
    httpx.patch(url, headers=headers, json=own, timeout=60).raise_for_status()
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        for address in ("http://one/projects/ls-1", "http://two/projects/ls-1"):
            studio.describe(connected["project"], address)
    assert selfish("connect", "--project", connected["project"]).code == 0
    now = httpx.get(url, headers=headers, timeout=60).json()
    assert {key: now[key] for key in own} == own | {
        "description": "For\nAda\nProgress: http://two/projects/ls-1"
    }


def test_a_project_goes_round_the_loop(connected, selfish, label_studio_server, tmp_path):
    assert connected["labels"] == ["LOC", "PER"]
    project = connected["project"]
    first = selfish("update", "--project", project, "--size", 3, "--json")
    assert first.code == 0, first.stderr
    assert (first.json["number"], first.json["n_released"]) == (1, 3)
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        for _ in range(3):
            document = studio.next_document(project)
            studio.annotate(project, int(document.id), document.text, [])
    second = selfish("update", "--project", project, "--size", 3, "--json").json
    assert second["n_labelled"] == first.json["n_labelled"] + 3
    status = selfish("status", "--project", project, "--json").json
    assert [each["number"] for each in status["rounds"]] == [1, 2]
    chosen = selfish("select", "--project", project, "--size", 2, "--json").json
    assert chosen["n_selected"] == 2
    export = selfish(
        "export", "--project", project, "--out", tmp_path / "set", "--formats", "jsonl", "--json"
    )
    assert export.json["documents"] == second["n_labelled"]
    card = (tmp_path / "set" / "README.md").read_text()
    assert "3 texts were chosen" in card or "drawn at random" in card
    assert "\n# toys\n" in card


def test_the_whole_project_is_exported_and_says_who_gave_each_label(
    connected, selfish, files, label_studio_server, tmp_path
):
    """Real annotations: proposals kept, proposals changed, and none seen."""
    project = connected["project"]
    assert selfish("update", "--project", project, "--size", 3, "--json").code == 0
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    ways = {}
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        for way in ("confirmed", "corrected", "human"):
            document = studio.next_document(project)
            ways[document.id] = way
            url = f"{studio.url}/api/tasks/{document.id}"
            task = httpx.get(url, params={"fields": "all"}, headers=headers, timeout=60).json()
            (prediction,) = [each for each in task["predictions"] if each["model_version"][:4] != "why:"]
            result = prediction["result"][: -1 if way == "corrected" else None]
            answer = {"result": result, "lead_time": 4.0}
            answer |= {} if way == "human" else {"parent_prediction": prediction["id"]}
            sent = httpx.post(f"{url}/annotations/", json=answer, headers=headers, timeout=60)
            sent.raise_for_status()
    out = ("--formats", "jsonl", "--split", "1,0,0", "--with-machine", "--json")
    export = selfish("export", "--project", project, "--out", tmp_path / "set", *out)
    assert export.code == 0, export.stderr
    lines = (tmp_path / "set" / "jsonl" / "train.jsonl").read_text().splitlines()
    rows = {row["id"]: row for row in map(json.loads, lines)}
    assert len(rows) == connected["imported"]
    assert {each: rows[each]["provenance"] for each in ways} == ways
    assert export.json["provenance"]["machine"]["documents"] == export.json["documents"] - len(
        [row for row in rows.values() if row["provenance"] != "machine"]
    )
    assert not any("annotators" in row.get("meta", {}) for row in rows.values())
    again = selfish("export", "--project", project, "--out", tmp_path / "again", *out)
    assert (again.code, again.json["fingerprint"]) == (0, export.json["fingerprint"])
    told = selfish("diff", tmp_path / "set", tmp_path / "again", "--json").json
    assert (told["equal"], told["changes"]) == (len(rows), [])


def test_connect_again_changes_nothing_and_refuses_other_labels(connected, selfish):
    project = connected["project"]
    again = selfish("connect", "--project", project, "--json").json
    assert (again["project"], again["title"], again["imported"]) == (project, "toys", 0)
    outcome = selfish("connect", "--project", project, "--labels", "PER,LOC,ORG")
    assert outcome.code == 2
    assert "Expected the labels of project" in outcome.stderr


def test_doctor_looks_into_label_studio(connected, selfish):
    outcome = selfish("doctor", "--project", connected["project"], "--json")
    names = [check["name"] for check in outcome.json["checks"]]
    assert any(name.startswith("Label Studio") for name in names)
    missing = selfish("doctor", "--project", 999_999, "--json")
    assert missing.code == 1


def test_a_project_that_is_not_there_fails_with_a_sentence(connected, selfish):
    outcome = selfish("update", "--project", 999_999)
    assert outcome.code == 1
    assert "999999" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_review_makes_the_tab_of_likely_label_errors(connected, selfish, label_studio_server, monkeypatch):
    monkeypatch.setenv("TRAIN_STEPS", "5")
    project = connected["project"]
    assert selfish("update", "--project", project, "--size", 2, "--json").code == 0
    status = selfish("status", "--project", project, "--json").json
    path = Path(status["model_dir"], "versions", status["live"], REVIEW_FILE)
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        marked = [each for each in studio.fetch(project).documents if each.spans][:3]
        issues = [
            LabelIssue(each.id, "spurious", each.spans[0], None, 0.9, text_digest(each.text))
            for each in marked
        ]
        path.unlink(missing_ok=True)
        write_issues(path, issues)
        found = selfish("review", "--project", project, "--view", "--json").json
        assert [each["document_id"] for each in found["suspects"]] == [each.id for each in marked]
        assert (found["view"]["texts"], found["view"]["title"]) == (3, "Likely label errors")
        assert found["view"]["url"].endswith(f"/projects/{project}/data?tab={found['view']['id']}")

        studio.annotate(project, int(marked[0].id), marked[0].text, [])  # corrected by an annotator
        again = selfish("review", "--project", project, "--view", "--json").json
        assert (again["n_doubtful"], again["view"]["texts"]) == (2, 2)

        time.sleep(2.0)  # the list tells later answers from earlier ones by the second
        headers = {"Authorization": f"Token {label_studio_server.token}"}
        url = f"{label_studio_server.url}/api/annotations/{marked[1].meta['annotation_id']}/"
        same = {"result": httpx.get(url, headers=headers, timeout=60).json()["result"]}
        httpx.patch(url, headers=headers, json=same, timeout=60).raise_for_status()  # "it is right"
        looked_at = selfish("review", "--project", project, "--view", "--json").json
        assert (looked_at["n_doubtful"], looked_at["n_looked_at"], looked_at["view"]["texts"]) == (1, 1, 1)
    assert again["view"]["id"] == found["view"]["id"]
    offline = selfish("review", "--project", project, "--json").json
    assert (offline["n_doubtful"], offline["n_looked_at"], offline["view"]) == (1, 1, None)
