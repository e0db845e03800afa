"""Machine labels of a whole project, written to the real Label Studio and taken back."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from label_studio_server import LabelStudioServer
from wapaganda.annotation import has_machine_answer
from wapaganda.label_studio import LabelStudio, VersionTakenError, WrittenAnnotations
from wapaganda.ner import Document, Span

pytestmark = pytest.mark.label_studio

TEXT = "Anna saw Bob"
ANNA, BOB = Span(0, 4, "PER", 0.75), Span(9, 12, "PER", 0.5)
VERSION = "complete-1"


def machine_texts(client: LabelStudio, project: int, number: int = 6) -> list[Document]:
    ids = client.import_documents(project, [Document(f"d{n}", TEXT) for n in range(number)])
    spans = [(ANNA,), (ANNA, BOB), ()]
    return [Document(str(each), TEXT, spans[n % 3]) for n, each in enumerate(ids)]


def annotations(client: LabelStudio, task: int) -> list[dict]:
    return client._connection.get(f"/api/tasks/{task}/annotations/")


def test_machine_labels_are_shown_and_written_where_nobody_has_answered(
    client: LabelStudio, project: int, tmp_path: Path
):
    texts = machine_texts(client, project)
    first, second, third, skipped, confirmed, late = (int(each.id) for each in texts)
    assert client.write_predictions(project, texts, VERSION) == 6
    assert client.write_predictions(project, texts[1:], VERSION, [texts[0].id]) == 6
    with pytest.raises(VersionTakenError):
        client.write_predictions(project, texts[1:], VERSION)
    info = client.project(project)
    assert (info.model_version, info.n_predictions) == (VERSION, 6)
    client.annotate(project, first, TEXT, [BOB], 2.0)
    client.annotate(project, skipped, TEXT, None)

    path = tmp_path / "annotations.json"
    record = client.write_annotations(project, VERSION, [int(each.id) for each in texts], path)
    assert set(record.written) == {second, third, confirmed, late}
    found = {int(each.id): each for each in client.fetch(project).documents}
    assert [number for number, each in found.items() if each.is_labelled] == [first]
    assert {number for number, each in found.items() if has_machine_answer(each)} == set(record.written)

    (ours,) = annotations(client, confirmed)
    client._connection._client.patch(
        f"/api/annotations/{ours['id']}/", json={"result": ours["result"], "lead_time": 3.0}
    )
    client.annotate(project, late, TEXT, [], 1.0)
    again = client.write_annotations(project, VERSION, [int(each.id) for each in texts], path)
    assert set(again.written) == {second, third, confirmed}
    assert [each["lead_time"] for each in annotations(client, late)] == [1.0]

    undone = client.undo_annotations(project, path)
    assert undone is not None
    assert (undone.written, set(undone.kept)) == ({}, {confirmed})
    left = {number for number in found if annotations(client, number)}  # Label Studio lists no skips here
    assert left == {first, confirmed, late}
    assert [each.id for each in client.fetch(project).documents if each.meta.get("skipped")] == [str(skipped)]
    assert client.project(project).n_predictions == 6
    assert client.undo_annotations(project, tmp_path / "none.json") is None


def test_a_draft_stops_an_annotation_and_a_draft_on_one_stops_its_deletion(
    client: LabelStudio, project: int, tmp_path: Path
):
    texts = machine_texts(client, project, 3)
    at_work, other, third = (int(each.id) for each in texts)
    client.write_predictions(project, texts, VERSION)
    http = client._connection._client
    draft = {"result": [], "lead_time": 1.0}
    http.post(f"/api/tasks/{at_work}/drafts", json=draft)
    path, tasks = tmp_path / "annotations.json", [at_work, other, third]

    record = client.write_annotations(project, VERSION, tasks, path)
    assert (set(record.written), record.n_drafts) == ({other, third}, 1)
    assert annotations(client, at_work) == []
    (mine,) = client._connection.get(f"/api/tasks/{at_work}/drafts")
    http.delete(f"/api/drafts/{mine['id']}/")
    record = client.write_annotations(project, VERSION, tasks, path)
    assert (set(record.written), record.n_drafts) == ({at_work, other, third}, 0)

    http.post(f"/api/tasks/{other}/annotations/{record.written[other]}/drafts", json=draft)
    http.post(f"/api/tasks/{third}/drafts", json=draft)
    undone = client.undo_annotations(project, path)
    assert undone is not None
    assert set(undone.kept) == {other}
    assert [len(annotations(client, each)) for each in tasks] == [0, 1, 0]
    assert [len(client._connection.get(f"/api/tasks/{each}/drafts")) for each in (other, third)] == [1, 1]


class Meanwhile(httpx.HTTPTransport):
    """Does something when the deletion is on its way."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self.happens: list[Callable[[], None]] = [happens]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "delete_tasks_annotations" in str(request.url) and self.happens:
            self.happens.pop()()
        return super().handle_request(request)


def test_what_people_do_while_annotations_are_deleted_stays(
    label_studio_server: LabelStudioServer, client: LabelStudio, project: int, tmp_path: Path
):
    texts = machine_texts(client, project, 6)
    confirmed, own, drafts, changes, free, other = tasks = [int(each.id) for each in texts]
    client.write_predictions(project, texts, VERSION)
    path = tmp_path / "annotations.json"
    made = client.write_annotations(project, VERSION, tasks, path).written
    http, draft = client._connection._client, {"result": [], "lead_time": 1.0}

    def people_work() -> None:
        result = annotations(client, confirmed)[0]["result"]
        http.patch(f"/api/annotations/{made[confirmed]}/", json={"result": result, "lead_time": 3.0})
        client.annotate(project, own, TEXT, [BOB], 1.0)
        http.post(f"/api/tasks/{drafts}/drafts", json=draft)
        http.post(f"/api/tasks/{changes}/annotations/{made[changes]}/drafts", json=draft)

    transport = Meanwhile(people_work)
    with LabelStudio(label_studio_server.url, label_studio_server.token, transport=transport) as undoing:
        undone = undoing.undo_annotations(project, path)
    assert transport.happens == []
    assert undone is not None
    assert set(undone.kept) == {confirmed, changes}
    left = {number: [each["lead_time"] for each in annotations(client, number)] for number in tasks}
    assert left == {confirmed: [3.0], own: [1.0], drafts: [], changes: [None], free: [], other: []}
    kept = [len(client._connection.get(f"/api/tasks/{each}/drafts")) for each in (drafts, changes)]
    assert kept == [1, 1]


def test_a_kill_at_any_write_leaves_nothing_twice_and_everything_can_be_undone(
    run_killed: Callable[..., bool | None], client: LabelStudio, project: int, tmp_path: Path
):
    texts = machine_texts(client, project, 4)
    person = int(texts[0].id)
    client.annotate(project, person, TEXT, [BOB], 2.0)
    tasks = [int(each.id) for each in texts]
    path = tmp_path / "annotations.json"

    def write(mortal: LabelStudio) -> bool:
        mortal.write_predictions(project, texts[1:], VERSION)
        mortal.write_annotations(project, VERSION, tasks, path)
        return True

    def undo(mortal: LabelStudio) -> bool:
        mortal.undo_annotations(project, path)
        return True

    kills = 0
    for work, wanted in ((write, 1), (undo, 0)):
        for arrives in (False, True):
            for last in (1, 1, 2, 1):
                kills += run_killed(work, last, arrives=arrives) is None
        assert run_killed(work) is True
        assert [len(annotations(client, number)) for number in tasks] == [1, wanted, wanted, wanted]
        assert client.versions(project)[VERSION] == 3
    assert kills >= 6
    (mine,) = annotations(client, person)
    assert mine["result"][0]["value"]["text"] == "Bob"
    record = WrittenAnnotations.load(path)
    assert record is not None
    assert record.state == "undone"
