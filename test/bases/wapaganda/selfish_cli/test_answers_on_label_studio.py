"""A type that is added later and two annotators, on a real Label Studio: what the commands say."""

import json

import httpx
import pytest

from wapaganda.label_studio import LabelStudio
from wapaganda.ner import Document, Span

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]

CONFIG = (
    '<View><Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>'
    '<Text name="text" value="$text"/></View>'
)
WITH_DATE = CONFIG.replace('<Label value="LOC"/>', '<Label value="LOC"/><Label value="DATE"/>')
ANNA, MAY = Span(0, 4, "PER"), Span(8, 11, "DATE")


@pytest.fixture
def studio(label_studio_server, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio_server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio_server.token)
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        yield studio


@pytest.fixture
def project(studio):
    number = studio.create_project("answers", CONFIG)
    studio.import_documents(number, [Document(str(n), f"Anna in May {n}") for n in range(6)])
    return number


def shown(studio, server, tab):
    headers = {"Authorization": f"Token {server.token}"}
    query = {"view": tab["id"], "project": tab["url"].split("/")[4], "page_size": 100}
    answer = httpx.get(f"{studio.url}/api/tasks", params=query, headers=headers, timeout=60)
    return {str(task["id"]) for task in answer.raise_for_status().json()["tasks"]}


def test_texts_labelled_before_a_type_existed_are_offered_until_somebody_looks_again(
    studio, project, selfish, label_studio_server, tmp_path
):
    ids = studio.all_ids(project)
    made = [studio.annotate(project, each, f"Anna in May {n}", [ANNA], 4.0) for n, each in enumerate(ids[:3])]
    assert selfish("agree", "--project", project, "--json").code == 0  # the first fetch
    studio.set_label_config(project, WITH_DATE)
    studio.annotate(project, ids[3], "Anna in May 3", [ANNA, MAY], 4.0)

    found = selfish("review", "--added", "DATE", "--project", project, "--view", "--json")
    assert found.code == 0, found.stderr
    assert found.json["texts"] == 3
    expected = {str(number) for number in ids[:3]}
    assert {each["document_id"] for each in found.json["added"]} == expected
    assert shown(studio, label_studio_server, found.json["view"]) == expected
    status = " ".join(selfish("status", "--project", project).stdout.split())
    assert "3 texts were labelled before 'DATE' existed:" in status

    headers = {"Authorization": f"Token {label_studio_server.token}"}
    update = f"{studio.url}/api/annotations/{made[0]}/"
    httpx.patch(update, json={"lead_time": 9.0}, headers=headers, timeout=60).raise_for_status()
    again = selfish("review", "--added", "DATE", "--project", project, "--view", "--json").json
    assert again["texts"] == 2

    renamed = selfish("labels", "rename", "PER=PERSON", "--project", project, "--yes", "--json")
    assert renamed.code == 0, renamed.stderr
    after = selfish("review", "--added", "DATE", "--project", project, "--view", "--json").json
    assert after["texts"] == 2
    later = selfish("status", "--project", project, "--json").json["later_types"]
    assert [(each["label"], each["texts"]) for each in later] == [("DATE", 2)]

    out = tmp_path / "set"
    exported = selfish("export", "--project", project, "--out", out, "--formats", "jsonl", "--split", "1,0,0")
    assert exported.code == 0, exported.stderr
    rows = [json.loads(line) for line in (out / "jsonl" / "train.jsonl").read_text().splitlines()]
    named = {row["id"]: row["meta"].get("labels_considered") for row in rows}
    assert named == {
        str(ids[0]): None,
        str(ids[1]): ["PERSON", "LOC"],
        str(ids[2]): ["PERSON", "LOC"],
        str(ids[3]): None,
    }
    assert "2 texts were labelled before 'DATE' existed" in (out / "README.md").read_text()
