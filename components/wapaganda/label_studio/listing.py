"""Reading a project's tasks page by page."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.errors import RejectedError

TASKS = "/api/tasks"
Query = Mapping[str, Any]
Task = Mapping[str, Any]

ID_CHUNK = 100  # ids that go into one address without making it longer than servers take


def page_of_tasks(
    connection: Connection, project: int, include: str, *, query: Query, page: int, page_size: int
) -> tuple[list[Task], int, str]:
    """One page, the number of all tasks that fit the query, and the server's date (may be empty).

    ``include`` names the fields of a task and of its annotations; naming them makes the answer three times
    faster than asking for all, and leaves predictions and drafts out. Past the last page comes an empty one.
    """
    params: dict[str, str | int | float | bool] = {
        "project": project,
        "query": json.dumps(query),
        "page": page,
        "page_size": page_size,
    }
    try:
        body, headers = connection.read(TASKS, params | {"include": include, "fields": "all"})
    except RejectedError as error:
        if error.status == 404 and "Invalid page" in error.message:
            return [], 0, ""
        raise
    return list(body["tasks"]), int(body["total"]), headers.get("date", "")


def all_tasks(
    connection: Connection, project: int, include: str, query: Query, page_size: int = 1000
) -> Iterator[Task]:
    """All tasks that fit the query, in the order of their ids unless the query says otherwise."""
    seen, page = 0, 1
    while True:
        tasks, total, _ = page_of_tasks(
            connection, project, include, query=query, page=page, page_size=page_size
        )
        yield from tasks
        seen, page = seen + len(tasks), page + 1
        if not tasks or seen >= total:  # never by the page's size: the server may cap it
            return


def tasks_by_id(connection: Connection, project: int, include: str, ids: Sequence[int]) -> dict[int, Task]:
    """The tasks with these ids, as far as the project has them."""
    found: dict[int, Task] = {}
    for start in range(0, len(ids), ID_CHUNK):
        query = {"selectedItems": {"all": False, "included": list(ids[start : start + ID_CHUNK])}}
        found.update((int(task["id"]), task) for task in all_tasks(connection, project, include, query))
    return found


def task_ids(connection: Connection, project: int) -> list[int]:
    """The ids of all tasks, ascending.

    It goes on from the last id instead of counting pages: a deleted task would move every later one up, past
    the reader.
    """
    found: list[int] = []
    while True:
        query = query_of([id_above(found[-1] if found else 0)])
        tasks, total, _ = page_of_tasks(connection, project, "id", query=query, page=1, page_size=5000)
        found += [int(task["id"]) for task in tasks]
        if len(tasks) >= total or not tasks:
            return found


def model_versions(connection: Connection, project: int) -> dict[str, int]:
    """How many predictions there are of each model version."""
    counts = connection.get(f"/api/projects/{project}/model-versions/", {"extended": True})
    return {str(row["model_version"]): int(row["count"]) for row in counts.get("static", counts) or []}


def query_of(filters: Iterable[Query], ordering: str = "tasks:id") -> Query:
    """A query for tasks that fit all filters, in the given order."""
    return {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": [ordering]}


def id_above(number: int) -> Query:
    """The filter for tasks with a greater id."""
    return {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": number}


def predicted_by(version: str) -> Query:
    """The filter for tasks that have a prediction of this version."""
    name = "filter:tasks:predictions_model_versions"
    return {"filter": name, "operator": "contains", "type": "List", "value": [version]}
