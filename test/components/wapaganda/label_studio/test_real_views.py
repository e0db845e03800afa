"""Tabs of the Data Manager, against the real Label Studio."""

import httpx
import pytest

from label_studio_server import LabelStudioServer
from wapaganda.label_studio import LabelStudio, LabelStudioError
from wapaganda.ner import Document, Span

pytestmark = pytest.mark.label_studio

TITLE = "Likely label errors"


@pytest.fixture
def raw(label_studio_server: LabelStudioServer) -> httpx.Client:
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    return httpx.Client(base_url=label_studio_server.url, headers=headers, timeout=60)


def labelled(client: LabelStudio, project: int, number: int = 30) -> list[int]:
    anna = (Span(0, 4, "PER"),)
    return client.import_documents(
        project, [Document(f"d{i}", f"Anna saw {i} of them", anna) for i in range(number)]
    )


def shown(raw: httpx.Client, project: int, view: int) -> set[int]:
    answer = raw.get("/api/tasks", params={"view": view, "project": project, "page_size": 100})
    return {task["id"] for task in answer.raise_for_status().json()["tasks"]}


def test_the_tab_shows_exactly_the_chosen_tasks(client: LabelStudio, project: int, raw: httpx.Client):
    ids = labelled(client, project)
    chosen = [ids[20], ids[0], ids[7]]
    view = client.show_annotated(project, chosen, TITLE)
    assert shown(raw, project, view) == set(chosen)


def test_done_again_the_same_tab_is_brought_up_to_date(client: LabelStudio, project: int, raw: httpx.Client):
    ids = labelled(client, project)
    view = client.show_annotated(project, ids[:25], TITLE)
    assert client.show_annotated(project, ids[:25], TITLE) == view
    assert client.show_annotated(project, ids[3:5], TITLE) == view
    assert shown(raw, project, view) == set(ids[3:5])
    assert len(raw.get("/api/dm/views/", params={"project": project}).json()) == 1


def test_nothing_to_show_is_an_empty_tab(client: LabelStudio, project: int, raw: httpx.Client):
    ids = labelled(client, project, 3)
    view = client.show_annotated(project, ids, TITLE)
    assert client.show_annotated(project, [], TITLE) == view
    assert shown(raw, project, view) == set()


def test_what_a_user_changed_on_the_tab_stays(client: LabelStudio, project: int, raw: httpx.Client):
    ids = labelled(client, project, 6)
    view = client.show_annotated(project, ids[:2], TITLE)
    data = raw.get(f"/api/dm/views/{view}").json()["data"]
    hidden = {"explore": ["tasks:annotators"], "labeling": []}
    changed = data | {"hiddenColumns": hidden, "ordering": ["-tasks:id"]}
    raw.patch(f"/api/dm/views/{view}/", json={"data": changed, "project": project}).raise_for_status()
    client.show_annotated(project, ids[4:], TITLE)
    now = raw.get(f"/api/dm/views/{view}").json()["data"]
    assert (now["hiddenColumns"], now["ordering"]) == (hidden, ["-tasks:id"])
    assert shown(raw, project, view) == set(ids[4:])


def test_a_second_annotation_of_a_task_does_no_harm(client: LabelStudio, project: int, raw: httpx.Client):
    ids = labelled(client, project, 4)
    client.annotate(project, ids[1], "Anna saw 1 of them", [])
    client.annotate(project, ids[1], "Anna saw 1 of them", None)  # a skip
    view = client.show_annotated(project, [ids[1]], TITLE)
    answer = raw.get("/api/tasks", params={"view": view, "project": project}).json()
    assert [task["id"] for task in answer["tasks"]] == [ids[1]]


def test_a_task_without_annotation_is_an_error(client: LabelStudio, project: int):
    (bare,) = client.import_documents(project, [Document("bare", "Anna")])
    for number in (bare, 999_999):
        with pytest.raises(LabelStudioError, match=f"Expected an annotation of task {number}"):
            client.show_annotated(project, [number], TITLE)
