"""Imports and releases over a network that fails at the worst moments: a small Label Studio in memory."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from wapaganda.annotation import default_label_config
from wapaganda.label_studio import LabelStudio, LabelStudioError, OutcomeUnknownError
from wapaganda.label_studio.upload import PATIENCE
from wapaganda.ner import Document

TEXT = "Anna met Bob"
Failure = Callable[[], httpx.Response]


class SmallLabelStudio:
    """Imports tasks and predictions as the real one does; ``before`` and ``after`` are failures to come."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = []
        self.predictions: list[dict[str, Any]] = []
        self.project = {
            "id": 1,
            "title": "t",
            "label_config": default_label_config(("PER",)),
            "model_version": "",
        }
        self.views: list[dict[str, Any]] = []
        self.before: list[Exception | httpx.Response] = []  # the request is lost
        self.after: list[Exception | httpx.Response] = []  # the answer is lost
        self.no_views = False
        self.doomed: int | None = None  # a task that is deleted just before predictions arrive
        self.late: list[dict[str, Any]] = []  # tasks that are stored only when somebody waits
        self.sends = 0

    def client(self) -> LabelStudio:
        transport = httpx.MockTransport(self.answer)
        return LabelStudio("http://ls.test", "a" * 40, transport=transport, sleep=self.wait)

    def wait(self, seconds: float) -> None:
        if seconds >= PATIENCE[2]:
            self.tasks += self.late
            self.late = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or "null")
        if self.no_views and "views" in request.url.path:
            return httpx.Response(500, json={"detail": "no tabs today"})
        if not request.url.path.startswith("/api/projects/1/import"):
            return httpx.Response(200, json=self.reading(request, body))
        self.sends += 1
        if self.before:
            return self.fail(self.before)
        predictions = request.url.path.endswith("predictions")
        self.tasks = [task for task in self.tasks if not predictions or task["id"] != self.doomed]
        if predictions and not {each["task"] for each in body} <= {task["id"] for task in self.tasks}:
            return httpx.Response(400, json={"detail": "Invalid task ids"})
        result = self.store_predictions(body) if predictions else self.store_tasks(body)
        return self.fail(self.after) if self.after else httpx.Response(201, json=result)

    @staticmethod
    def fail(failures: list[Exception | httpx.Response]) -> httpx.Response:
        failure = failures.pop(0)
        if isinstance(failure, Exception):
            raise failure
        return failure

    def store_tasks(self, body: list[dict[str, Any]]) -> dict[str, Any]:
        made = [{**task, "id": len(self.tasks) + n, "is_labeled": False} for n, task in enumerate(body, 1)]
        self.tasks += made
        annotations = sum(len(task.get("annotations", [])) for task in body)
        return {"task_ids": [task["id"] for task in made], "annotation_count": annotations}

    def store_predictions(self, body: list[dict[str, Any]]) -> dict[str, Any]:
        self.predictions += body
        return {"created": len(body)}

    def reading(self, request: httpx.Request, body: dict[str, Any] | None) -> object:
        match request.method, request.url.path:
            case "GET", "/api/tasks":
                return self.listing(
                    json.loads(request.url.params["query"]), int(request.url.params["page_size"])
                )
            case "GET", "/api/projects/1/":
                return self.project
            case "PATCH", "/api/projects/1/":
                self.project |= body or {}
                return self.project
            case "GET", "/api/dm/columns":
                return {"columns": [{"id": "text", "parent": "data"}, {"id": "id"}]}
            case "GET", "/api/dm/views/":
                return self.views
            case "POST", "/api/dm/views/":
                self.views.append({"id": 7, **(body or {})})
                return self.views[-1]
            case what:
                raise AssertionError(what)

    def listing(self, query: dict[str, Any], size: int) -> dict[str, Any]:
        found = [
            task | {"predictions": [p for p in self.predictions if p["task"] == task["id"]]}
            for task in self.tasks
        ]
        for item in query.get("filters", {}).get("items", []):
            if item["filter"] == "filter:tasks:id":
                found = [task for task in found if task["id"] > item["value"]]
            else:
                found = [task for task in found if task["predictions"]]
        if "selectedItems" in query:
            found = [task for task in found if task["id"] in query["selectedItems"]["included"]]
        if query.get("ordering") == ["-tasks:id"]:
            found.reverse()
        return {"tasks": found[:size], "total": len(found)}


FAILURES: list[Failure] = [
    lambda: httpx.Response(500, json={"detail": "database is locked"}),
    lambda: httpx.Response(503),
]
documents = [Document(f"d{number}", TEXT) for number in range(5)]


@pytest.fixture
def server() -> SmallLabelStudio:
    return SmallLabelStudio()


@pytest.mark.parametrize("failure", FAILURES)
def test_an_import_that_was_lost_is_sent_again(server: SmallLabelStudio, failure: Failure):
    server.before = [failure(), failure()]
    assert server.client().import_documents(1, documents) == [1, 2, 3, 4, 5]
    assert server.sends == 3
    assert len(server.tasks) == 5


@pytest.mark.parametrize(
    "failure", [*FAILURES, lambda: httpx.ReadTimeout("slow"), lambda: httpx.ReadError("cut")]
)
def test_an_import_whose_answer_was_lost_is_not_sent_again(server: SmallLabelStudio, failure: Failure):
    server.client().import_documents(1, documents)
    server.after = [failure()]
    assert server.client().import_documents(1, documents) == [6, 7, 8, 9, 10]
    assert server.sends == 2
    assert len(server.tasks) == 10


def test_an_import_that_still_runs_is_waited_for(server: SmallLabelStudio):
    server.before = [httpx.ReadTimeout("slow")]
    server.late = [
        {"id": n, "data": {}, "meta": {"document_id": doc.id}} for n, doc in enumerate(documents, 1)
    ]
    assert server.client().import_documents(1, documents) == [1, 2, 3, 4, 5]
    assert server.sends == 1


def test_an_import_that_may_still_arrive_is_not_sent_again(server: SmallLabelStudio):
    server.before = [httpx.ReadTimeout("slow")]
    with pytest.raises(OutcomeUnknownError, match="no answer to /api/projects/1/import"):
        server.client().import_documents(1, documents)
    assert server.sends == 1


def test_other_peoples_tasks_are_not_taken_for_ours(server: SmallLabelStudio):
    server.before = [httpx.Response(500)]
    client = server.client()
    server.late = []
    original = server.wait

    def wait(seconds: float) -> None:
        original(seconds)
        if not server.tasks:
            server.tasks.append({"id": 1, "data": {"text": "x"}, "meta": {}})

    client._connection.sleep = wait
    assert client.import_documents(1, documents) == [2, 3, 4, 5, 6]


def test_a_short_import_is_an_error(server: SmallLabelStudio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "store_tasks", lambda body: {"task_ids": [1], "annotation_count": 0})
    with pytest.raises(
        LabelStudioError, match="Expected 5 tasks with 0 annotations to be made, was: 1 with 0"
    ):
        server.client().import_documents(1, documents)


@pytest.mark.parametrize("failure", [*FAILURES, lambda: httpx.ReadTimeout("slow")])
def test_a_release_whose_answer_was_lost_is_not_sent_again(server: SmallLabelStudio, failure: Failure):
    client = server.client()
    ids = client.import_documents(1, documents)
    server.after = [failure()]
    report = client.release(1, [Document(str(number), TEXT, ()) for number in ids], "al-001")
    assert report.n_created == 5
    assert [(found["task"], found["score"]) for found in server.predictions] == [
        (number, rank / 5) for rank, number in enumerate(ids)
    ]


def test_a_release_that_was_lost_is_sent_again(server: SmallLabelStudio):
    client = server.client()
    ids = client.import_documents(1, documents)
    server.before = [httpx.Response(500, json={"detail": "database is locked"})]
    client.release(1, [Document(str(number), TEXT, ()) for number in ids], "al-001")
    assert len(server.predictions) == 5
    assert server.project["model_version"] == "al-001"


def test_a_task_deleted_at_the_last_moment_is_left_out(server: SmallLabelStudio):
    client = server.client()
    ids = client.import_documents(1, documents)
    server.doomed = ids[1]
    report = client.release(1, [Document(str(number), TEXT, ()) for number in ids], "al-001", chunk_size=1)
    assert report.left_out == ((ids[1], "no longer in the project"),)
    assert sorted(each["task"] for each in server.predictions) == [ids[0], *ids[2:]]
    assert server.project["model_version"] == "al-001"


def test_a_tab_that_is_refused_is_a_warning_and_the_batch_is_out(server: SmallLabelStudio):
    client = server.client()
    ids = client.import_documents(1, documents)
    server.no_views = True
    report = client.release(1, [Document(str(number), TEXT, ()) for number in ids], "al-001")
    assert (report.n_created, report.view_id) == (5, None)
    assert "The batch has no tab 'Active batch': Label Studio answered 500" in report.warnings[0]
    assert server.project["model_version"] == "al-001"


@pytest.mark.parametrize("other", [{"hello": 1}, [1], "text"], ids=str)
def test_a_release_that_is_answered_by_other_json_is_looked_for(server: SmallLabelStudio, other: object):
    client = server.client()
    ids = client.import_documents(1, documents)
    server.after = [httpx.Response(200, json=other)]
    report = client.release(1, [Document(str(number), TEXT, ()) for number in ids], "al-001")
    assert (report.n_created, len(server.predictions), server.sends) == (5, 5, 2)


def test_predictions_that_the_server_dropped_are_an_error(
    server: SmallLabelStudio, monkeypatch: pytest.MonkeyPatch
):
    client = server.client()
    ids = client.import_documents(1, documents)
    monkeypatch.setattr(server, "store_predictions", lambda body: {"created": 3})
    with pytest.raises(LabelStudioError, match="Expected 5 predictions to be stored, was: 3"):
        client.release(1, [Document(str(number), TEXT, ()) for number in ids], "al-001")
    assert server.project["model_version"] == ""


@pytest.mark.parametrize("batch", [[], [Document("1", TEXT, ())] * 2])
def test_a_batch_has_every_task_once(server: SmallLabelStudio, batch: list[Document]):
    with pytest.raises(ValueError, match="Expected"):
        server.client().release(1, batch, "al-001")
