"""The Data Manager of Label Studio: queries and pages of tasks."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wapaganda.label_studio.connection import Connection, unexpected
from wapaganda.label_studio.errors import RejectedError

TASKS = "/api/tasks"
Query = Mapping[str, Any]
Task = Mapping[str, Any]

ID_CHUNK = 100  # more ids make an address longer than servers accept


def page_of_tasks(
    connection: Connection, project: int, include: str, *, query: Query, page: int, page_size: int
) -> tuple[list[Task], int, str]:
    """One page, the number of all tasks that fit the query, and the server's date (may be empty).

    ``include`` names the fields of a task and of its annotations; naming them makes the answer three times
    faster than asking for all, and leaves predictions and drafts out. A page after the last one is empty.
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
        if error.status == 404 and "Invalid page" in str(error):
            return [], 0, ""
        raise
    if not _is_page(body):
        raise unexpected("a page of tasks", f"{connection.url}{TASKS}")
    return list(body["tasks"]), int(body["total"]), headers.get("date", "")


def _is_page(body: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether this is a page of tasks with their ids, and not the JSON of another server."""
    return (
        isinstance(body, dict)
        and isinstance(body.get("total"), int)
        and isinstance(body.get("tasks"), list)
        and all(isinstance(each, dict) and isinstance(each.get("id"), int) for each in body["tasks"])
    )


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
        if not tasks or seen >= total:  # not by the page's size: the server may limit it
            return


def tasks_by_id(connection: Connection, project: int, include: str, ids: Sequence[int]) -> dict[int, Task]:
    """The tasks with these ids; ids that the project does not have are left out."""
    found: dict[int, Task] = {}
    for start in range(0, len(ids), ID_CHUNK):
        query = {"selectedItems": {"all": False, "included": list(ids[start : start + ID_CHUNK])}}
        found.update((int(task["id"]), task) for task in all_tasks(connection, project, include, query))
    return found


def task_ids(connection: Connection, project: int) -> list[int]:
    """The ids of all tasks, ascending.

    It continues from the last id instead of counting pages: a task that is deleted in the meantime would
    move later ones to a page that was already read.
    """
    found: list[int] = []
    while True:
        query = query_of([id_above(found[-1] if found else 0)])
        tasks, total, _ = page_of_tasks(connection, project, "id", query=query, page=1, page_size=5000)
        found += [int(task["id"]) for task in tasks]
        if len(tasks) >= total or not tasks:
            return found


def model_versions(connection: Connection, project: int) -> dict[str, int]:
    """The number of predictions of each model version."""
    path = f"/api/projects/{project}/model-versions/"
    counts = connection.get(path, {"extended": True})
    rows = counts.get("static") if isinstance(counts, dict) else counts
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "count" in row for row in rows):
        raise unexpected("counts by model version", f"{connection.url}{path}")
    return {str(row["model_version"]): int(row["count"]) for row in rows}


def query_of(filters: Iterable[Query], ordering: str = "tasks:id") -> Query:
    """A query for tasks that fit all filters, in the given order."""
    return {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": [ordering]}


def id_above(number: int) -> Query:
    """The filter for tasks with a greater id."""
    return {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": number}


def with_draft(exists: bool) -> Query:
    """The filter for tasks with a draft of any annotator, or without one."""
    return {
        "filter": "filter:tasks:draft_exists",
        "operator": "equal",
        "type": "Boolean",
        "value": exists,
    }


def predicted_by(version: str) -> Query:
    """The filter for tasks that have a prediction of this version."""
    name = "filter:tasks:predictions_model_versions"
    return {"filter": name, "operator": "contains", "type": "List", "value": [version]}
