"""Tabs of the Data Manager, against the real Label Studio."""

from collections.abc import Callable

import httpx
import pytest

from label_studio_server import LabelStudioServer
from wapaganda.annotation import default_label_config
from wapaganda.label_studio import LabelStudio, LabelStudioError
from wapaganda.label_studio.data_manager import predicted_by
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
    wanted = [ids[20], ids[0], ids[7]]
    view = client.show_annotated(project, wanted, TITLE)
    assert shown(raw, project, view) == set(wanted)
    hidden = raw.get(f"/api/dm/views/{view}").json()["data"]["hiddenColumns"]["explore"]
    assert "tasks:data.text" not in hidden
    assert {"tasks:id", "tasks:annotations_ids", "tasks:annotations_results"} <= set(hidden)


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


def chosen(ids: list[int], reason: str = "diverse") -> list[Document]:
    meta = {"reason": reason, "uncertainty": 0.93, "seconds": 31.0}
    return [Document(str(number), "Anna saw them", (), meta) for number in ids]


def unlabelled(client: LabelStudio, project: int, number: int) -> list[int]:
    return client.import_documents(project, [Document(f"d{i}", "Anna saw them") for i in range(number)])


def tabs(raw: httpx.Client, project: int) -> dict[str, dict]:
    found = raw.get("/api/dm/views/", params={"project": project}).json()
    assert len({view["data"]["title"] for view in found}) == len(found)
    return {view["data"]["title"]: view for view in found}


def remarks(raw: httpx.Client, project: int, view: int) -> dict[int, set[str]]:
    answer = raw.get("/api/tasks", params={"view": view, "project": project, "page_size": 100}).json()
    return {task["id"]: set(task["predictions_model_versions"].split(",")) for task in answer["tasks"]}


def old_tab(title: str, **more: object) -> dict:
    """As release 0.2 made it."""
    filters = {"conjunction": "and", "items": [predicted_by(title)]}
    order = ["tasks:predictions_score"]
    return {"title": title, "type": "list", "target": "tasks", "filters": filters, "ordering": order, **more}


def test_one_tab_shows_the_batch_that_is_served_and_why(client: LabelStudio, project: int, raw: httpx.Client):
    ids = unlabelled(client, project, 6)
    mine = {"hiddenColumns": {"explore": ["tasks:id"], "labeling": []}}
    changed, people = old_tab("al-002-ab", **mine), old_tab("my own")
    for data in (old_tab("al-001-ab"), changed, people, people | {"title": "Active batch"}):
        body = {"project": project, "data": data}
        raw.post("/api/dm/views/", json=body).raise_for_status()
    own = tabs(raw, project)["Active batch"]["id"]

    batch = [ids[2], ids[0], ids[1]]
    first = client.release(project, chosen(batch), "al-003-ab")
    assert first.warnings == ()
    found = raw.get("/api/dm/views/", params={"project": project}).json()
    titles = [view["data"]["title"] for view in found]
    assert sorted(titles) == ["Active batch", "Active batch", "al-002-ab", "my own"]
    data = next(view["data"] for view in found if view["id"] == first.view_id)
    assert first.view_id != own
    assert "tasks:data.text" not in data["hiddenColumns"]["explore"]
    assert {"tasks:id", "tasks:predictions_score"} <= set(data["hiddenColumns"]["explore"])
    why = "why: diverse · uncertainty 0.9 · 0.5 min"
    assert list(remarks(raw, project, first.view_id).items()) == [
        (number, {"al-003-ab", why}) for number in batch
    ]

    # a person makes the tab smaller; the next batch has one text of this one, which is not labelled yet
    raw.patch(f"/api/dm/views/{first.view_id}/", json={"project": project, "data": data | mine})
    second = client.release(project, chosen([ids[4], ids[2]], "rare"), "al-004-ab")
    assert (second.view_id, second.warnings) == (first.view_id, ())
    why = "why: rare · uncertainty 0.9 · 0.5 min"
    now = remarks(raw, project, second.view_id)
    assert list(now) == [ids[4], ids[2]]
    assert (now[ids[4]], now[ids[2]]) == ({"al-004-ab", why}, {"al-003-ab", "al-004-ab", why})
    assert len(raw.get("/api/dm/views/", params={"project": project}).json()) == 4
    view = raw.get(f"/api/dm/views/{second.view_id}").json()["data"]
    assert view["hiddenColumns"] == mine["hiddenColumns"]
    assert raw.get(f"/api/dm/views/{own}").json()["data"]["filters"] == people["filters"]


def test_a_release_killed_at_any_write_ends_with_one_tab_and_one_note_each(
    client: LabelStudio, run_killed: Callable, raw: httpx.Client
):
    writes = 5
    for last in range(1, writes + 2):
        project = client.create_project(f"killed at {last}", default_label_config(["LOC", "PER"]))
        ids = unlabelled(client, project, 3)
        raw.post("/api/dm/views/", json={"project": project, "data": old_tab("al-001-ab")})

        def work(mortal: LabelStudio, project: int = project, ids: list[int] = ids) -> object:
            return mortal.release(project, chosen(ids[::-1]), "al-002-ab")

        died = run_killed(work, last, arrives=True) is None
        assert died == (last <= writes)
        report = work(client)
        assert tabs(raw, project).keys() == {"Active batch"}
        assert list(remarks(raw, project, report.view_id)) == ids[::-1]
        assert client.project(project).n_predictions == 6
        assert [int(client.next_document(project).id)] == ids[:-2:-1]
