"""One term in a real Label Studio: places in a tab, proposals that change, the same words when marking."""

from collections.abc import Iterator

import httpx
import pytest

from wapaganda.annotation import default_label_config
from wapaganda.label_studio import LabelStudio
from wapaganda.ner import Document, Span

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]
PEOPLE = ("anna", "bob", "carla", "dieter", "emil", "fatima")
PLACES = ("oslo", "rome", "paris", "lima", "cairo")
COX = "COX of COX-2, pre-COX, COX. cox (COX) in Rome"


@pytest.fixture
def studio(label_studio_server, monkeypatch) -> Iterator[LabelStudio]:
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio_server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio_server.token)
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        yield studio


@pytest.fixture
def raw(label_studio_server) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    with httpx.Client(base_url=label_studio_server.url, headers=headers, timeout=60) as http:
        yield http


def shown(raw: httpx.Client, project: int, version: str = "al-001") -> dict[int, list[tuple[str, str]]]:
    """The words and labels of the proposals by task."""
    found = raw.get("/api/tasks", params={"project": project, "fields": "all", "page_size": 500})
    return {
        task["id"]: sorted(
            (each["value"]["text"], each["value"]["labels"][0]) for each in prediction["result"]
        )
        for task in found.raise_for_status().json()["tasks"]
        for prediction in task["predictions"]
        if prediction["model_version"].startswith(version)
    }


def words(region) -> tuple[str, str]:
    return region["value"]["text"], region["value"]["labels"][0]


def in_tab(raw: httpx.Client, project: int, tab: int) -> list[dict]:
    query = {"view": tab, "project": project, "page_size": 100}
    return raw.get("/api/tasks", params=query).raise_for_status().json()["tasks"]


def gold(text: str) -> list[Span]:
    """As a person who takes "went" for a place."""
    labels = dict.fromkeys(PEOPLE, "PER") | dict.fromkeys((*PLACES, "went"), "LOC")
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        if word in labels:
            found.append(Span(at, at + len(word), labels[word]))
        at += len(word)
    return found


def test_places_are_checked_in_a_tab_and_the_decision_is_proposed_and_undone(selfish, files, studio, raw):
    imports = ("--import", files.data, "--import", files.pool)
    project = selfish("connect", "--title", "toys", *imports, "--json").json["project"]
    assert selfish("update", "--project", project, "--size", 40, "--json").code == 0
    before = shown(raw, project)
    assert not any(("went", "LOC") in spans for spans in before.values())
    where = ("went", "--label", "LOC", "--project", project, "--check", 6)

    offer = selfish("terms", "show", *where, "--view", "--json")
    assert offer.code == 0, offer.stderr
    tab = offer.json["view"]
    listed = in_tab(raw, project, tab["id"])
    assert {str(task["id"]) for task in listed} == {each["id"] for each in offer.json["to_check"]}
    assert set(shown(raw, project, "term: went = LOC")) == {task["id"] for task in listed}
    assert shown(raw, project) == before
    assert studio.project(project).model_version.startswith("al-001")
    assert selfish("terms", "accept", *where, "--json").code == 2  # nobody has checked a place

    for task in listed:
        studio.annotate(project, task["id"], task["data"]["text"], gold(task["data"]["text"]), 4.0)
    left = in_tab(raw, project, tab["id"])
    assert left == []
    people = {each.id: each.spans for each in studio.fetch(project).documents if each.is_labelled}
    done = selfish("terms", "accept", *where, "--most-wrong", 0.6, "--json")
    assert done.code == 0, done.stderr
    assert (done.json["checked"] + done.json["different"], done.json["wrong"]) == (6, 0)
    assert shown(raw, project, "term: ") == {}
    assert "Term: went" not in raw.get("/api/dm/views/", params={"project": project}).text

    asked = {task["id"] for task in listed}
    changed = {task for task, spans in shown(raw, project).items() if spans != before[task]}
    assert len(changed) == done.json["renewed"] > 0
    assert not changed & asked
    for task in changed:
        assert [each for each in shown(raw, project)[task] if each != ("went", "LOC")] == before[task]
    undone = selfish("terms", "undo", "went", "--project", project, "--json")
    assert undone.code == 0, undone.stderr
    assert undone.json["renewed"] == len(changed)
    assert shown(raw, project) == before
    assert {each.id: each.spans for each in studio.fetch(project).documents if each.is_labelled} == people


def test_a_marked_word_is_marked_everywhere_in_the_open_text(selfish, studio, raw, backend):
    project = studio.create_project("same words", default_label_config(["LOC", "PER"]))
    (task,) = studio.import_documents(project, [Document("cox", COX)])
    assert selfish("connect", "--project", project, "--backend", backend, "--json").code == 0
    (connected,) = raw.get("/api/ml/", params={"project": project}).json()
    assert connected["is_interactive"] is True
    value = {"start": 0, "end": 3, "text": "COX", "labels": ["PER"]}
    drawn = [{"id": "x", "from_name": "label", "to_name": "text", "type": "labels", "value": value}]
    asked = {"task": task, "context": {"result": drawn}}
    answer = raw.post(f"/api/ml/{connected['id']}/interactive-annotating", json=asked).json()
    regions = [(each["value"]["start"], words(each)) for each in answer["data"]["result"]]
    assert regions == [(23, ("COX", "PER")), (33, ("COX", "PER"))]

    moved = {**drawn[0], "value": {**value, "start": 33, "end": 36}}
    draft = {"task": task, "result": [moved], "lead_time": 1.0}
    raw.post(f"/api/tasks/{task}/drafts", json=draft).raise_for_status()
    drawn[0]["id"] = "y"
    answer = raw.post(f"/api/ml/{connected['id']}/interactive-annotating", json=asked).json()
    assert [each["value"]["start"] for each in answer["data"]["result"]] == [23]
