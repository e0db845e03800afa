"""Fetching while annotators go on working: nothing that they do may slip through."""

import json
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from wapaganda.annotation import default_label_config, is_unread, parse_label_config
from wapaganda.label_studio import changes, data_manager
from wapaganda.label_studio.connection import Connection

CONFIG = parse_label_config(default_label_config(["PER"]))
START = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = "Anna met Bob"


class BusyProject:
    """Answers task lists like Label Studio; between two questions ``rng`` annotates some tasks."""

    def __init__(self, size: int, seed: int, *, busy: int = 0, page_cap: int = 1000) -> None:
        self.rng = random.Random(seed)
        self.now = START
        self.busy = busy
        self.page_cap = page_cap
        self.tasks: dict[int, dict[str, Any]] = {}
        self.questions: list[httpx.QueryParams] = []
        for number in range(1, size + 1):
            self.tasks[number] = {"id": number, "data": {"text": TEXT}, "annotations": []}
            self.touch([number])

    def connection(self) -> Connection:
        return Connection("http://ls.test", "a" * 40, transport=httpx.MockTransport(self.answer))

    def touch(self, numbers: list[int]) -> None:
        self.now += timedelta(seconds=self.rng.choice([0, 0.25, 90]), microseconds=self.rng.choice([0, 1]))
        for number in numbers:
            self.tasks[number]["updated_at"] = self.now.isoformat().replace("+00:00", "Z")

    def work(self) -> None:
        numbers = self.rng.sample(sorted(self.tasks), min(self.busy, len(self.tasks)))
        for number in numbers:
            self.tasks[number]["annotations"] = [{"id": self.rng.randrange(10**6), "result": []}]
        if numbers:
            self.touch(numbers)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.questions.append(request.url.params)
        query = json.loads(request.url.params["query"])
        found = [
            task
            for task in self.tasks.values()
            if all(self.fits(task, item) for item in query["filters"]["items"])
        ]
        by_id = query["ordering"] == ["tasks:id"]
        found.sort(key=lambda task: task["id"] if by_id else (self.moment(task), task["id"]))
        size = min(int(request.url.params["page_size"]), self.page_cap)
        first = (int(request.url.params["page"]) - 1) * size
        page = json.loads(json.dumps(found[first : first + size]))
        headers = {"Date": format_datetime(self.now.replace(microsecond=0), usegmt=True)}
        self.work()
        if first and not page:
            return httpx.Response(404, json={"detail": "Invalid page."})
        return httpx.Response(200, json={"tasks": page, "total": len(found)}, headers=headers)

    @staticmethod
    def moment(task: dict[str, Any]) -> datetime:
        return datetime.fromisoformat(task["updated_at"])

    def fits(self, task: dict[str, Any], item: dict[str, Any]) -> bool:
        if item["filter"] == "filter:tasks:id":
            return task["id"] > item["value"]
        if item["filter"] != "filter:tasks:updated_at":
            return True
        since = datetime.strptime(item["value"], changes.TIME_FORMAT).replace(
            tzinfo=UTC
        )  # as strict as the real one
        moment = self.moment(task)
        return moment > since or (item["operator"] == "greater_or_equal" and moment == since)


@pytest.mark.parametrize("seed", range(40))
def test_no_change_is_missed_while_annotators_work(seed: int):
    project = BusyProject(60, seed, busy=seed % 4, page_cap=7 if seed % 2 else 1000)
    connection = project.connection()
    known: dict[str, object] = {}
    cursor = None
    for _ in range(4):
        found = changes.fetch(connection, 1, CONFIG, cursor, page_size=7)
        known |= {document.id: document.meta.get("annotation_id") for document in found.documents}
        cursor = found.cursor
    project.busy = 0
    found = changes.fetch(connection, 1, CONFIG, cursor, page_size=7)
    known |= {document.id: document.meta.get("annotation_id") for document in found.documents}
    assert known == {
        str(number): task["annotations"][0]["id"] if task["annotations"] else None
        for number, task in project.tasks.items()
    }


def test_a_quiet_project_costs_one_question_and_brings_nothing():
    project = BusyProject(30, 1)
    first = changes.fetch(project.connection(), 1, CONFIG, None)
    project.now += timedelta(seconds=61)
    second = changes.fetch(project.connection(), 1, CONFIG, first.cursor)
    project.questions.clear()
    third = changes.fetch(project.connection(), 1, CONFIG, second.cursor)
    assert third.documents == ()
    assert third.cursor == second.cursor
    assert len(project.questions) == 1


def test_what_was_held_back_by_a_slow_transaction_is_not_lost():
    project = BusyProject(5, 2)
    late = project.tasks.pop(5)  # has its time but is not committed yet
    first = changes.fetch(project.connection(), 1, CONFIG, None)
    project.now += timedelta(seconds=15)
    project.tasks[5] = late
    second = changes.fetch(project.connection(), 1, CONFIG, first.cursor)
    assert "5" in {document.id for document in second.documents}


def test_progress_grows_to_all():
    seen: list[tuple[str, int, int]] = []
    project = BusyProject(50, 3)
    changes.fetch(project.connection(), 1, CONFIG, None, lambda *progress: seen.append(progress), page_size=7)
    assert seen[-1] == ("fetch", 50, 50)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_unreadable_tasks_and_repairs_are_reported():
    project = BusyProject(3, 4)
    project.tasks[1]["data"] = {"body": "no text"}
    region = {"from_name": "label", "to_name": "text", "type": "labels"}
    values = [{"start": 0, "end": 5, "labels": ["PER"]}, {"start": 9, "end": 12, "labels": ["ORG"]}]
    project.tasks[2]["annotations"] = [{"id": 1, "result": [region | {"value": value} for value in values]}]
    found = changes.fetch(project.connection(), 1, CONFIG, None)
    assert {document.id for document in found.documents if is_unread(document)} == {"1", "2"}
    assert {each.kind: each.place for each in found.report.findings} == {
        "malformed": "task 1",
        "region-label": "task 2",
    }
    assert found.report.lost == {"PER": 1, "ORG": 1}
    assert [each.text for each in found.documents if each.id == "1"] == [""]


def test_a_capped_page_size_loses_no_task():
    project = BusyProject(25, 5, page_cap=4)
    assert sorted(data_manager.task_ids(project.connection(), 1)) == list(range(1, 26))


def test_the_ids_are_complete_although_tasks_are_deleted_in_the_meantime(monkeypatch: pytest.MonkeyPatch):
    project = BusyProject(25, 6, page_cap=4)
    monkeypatch.setattr(project, "work", lambda: project.tasks.pop(min(project.tasks)))
    found = data_manager.task_ids(project.connection(), 1)
    assert set(project.tasks) <= set(found)
