"""The Data Manager of Label Studio: queries, pages of tasks, and tabs ("views"), found by their titles.

A tab can order tasks only by a column, so another order would have to be written into the tasks' data.
A tab of chosen tasks therefore shows them by number and does not change the user's data.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wapaganda.label_studio.connection import Connection, unexpected
from wapaganda.label_studio.errors import LabelStudioError, RejectedError

TASKS = "/api/tasks"
Query = Mapping[str, Any]
Task = Mapping[str, Any]

ID_CHUNK = 100  # more ids make an address longer than servers accept
NO_ANNOTATION = "0"  # the id of no annotation: with an empty value the web page shows every task


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


def view_once(connection: Connection, project: int, title: str, query: Query) -> int:
    """The id of the tab ``title``, which is created with ``query`` if it is missing."""
    found = _find_view(connection, project, title)
    return _create_view(connection, project, title, query) if found is None else int(found.id)


def view_of_annotated(connection: Connection, project: int, title: str, task_ids: Sequence[int]) -> int:
    """Create or update the tab ``title`` with exactly these annotated tasks; return its id.

    It filters by annotations, because a filter by many task numbers makes the web page hang. So a task
    leaves the tab when its annotation is deleted.

    Raises:
        LabelStudioError: a task has no annotation, or was deleted.
    """
    query = query_of([_holding(_annotations(connection, project, task_ids))])
    found = _find_view(connection, project, title)
    if found is None:
        return _create_view(connection, project, title, query)
    known = dict(found.data or {})
    if known.get("filters") != query["filters"]:
        data = {name: value for name, value in known.items() if name != "selectedItems"}
        update = connection.sdk.views.update
        connection.repeat(update, str(found.id), project=project, data=data | {"filters": query["filters"]})
    return int(found.id)


def _find_view(connection: Connection, project: int, title: str) -> Any:  # noqa: ANN401 - the SDK's view
    views = connection.repeat(connection.sdk.views.list, project=project)
    if not isinstance(views, list) or not all(hasattr(view, "data") for view in views):
        raise unexpected("the tabs of a project", connection.url)
    return next((view for view in views if (view.data or {}).get("title") == title), None)


def _create_view(connection: Connection, project: int, title: str, query: Query) -> int:
    data = {"title": title, "type": "list", "target": "tasks", **query}
    return int(connection.once(connection.sdk.views.create, project=project, data=data).id)


def _annotations(connection: Connection, project: int, task_ids: Sequence[int]) -> list[int]:
    """One annotation of each task that is not a skip."""
    tasks = tasks_by_id(connection, project, "id,annotations,was_cancelled", task_ids)
    chosen = []
    for number in task_ids:
        held = [each for each in _of(tasks.get(number)) if not each.get("was_cancelled")]
        if not held:
            raise LabelStudioError(
                f"Expected an annotation of task {number}, was: none.",
                "It was deleted in the meantime: repeat the command.",
            )
        chosen.append(max(int(each["id"]) for each in held))
    return chosen


def _of(task: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    return (task or {}).get("annotations") or ()


def _holding(annotations: Sequence[int]) -> Query:
    value = ",".join(map(str, sorted(annotations))) or NO_ANNOTATION
    return {
        "filter": "filter:tasks:annotations_ids",
        "operator": "contains",
        "type": "String",
        "value": value,
    }
