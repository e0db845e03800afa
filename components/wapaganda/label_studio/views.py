"""Tabs of the Data Manager ("views"), told apart by their titles.

A tab can order tasks by a column only, so a ranking of our own would have to be written into the tasks' data:
a tab of chosen tasks shows them by number instead and leaves the user's data alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.errors import LabelStudioError
from wapaganda.label_studio.listing import Query, query_of, tasks_by_id

NO_ANNOTATION = "0"  # the number of none: with an empty value the web page would show every task


def view_once(connection: Connection, project: int, title: str, query: Query) -> int:
    """The tab ``title``, made by ``query`` when it is missing and left as it is otherwise; its id."""
    found = _find(connection, project, title)
    return _create(connection, project, title, query) if found is None else int(found.id)


def view_of_annotated(connection: Connection, project: int, title: str, task_ids: Sequence[int]) -> int:
    """The tab ``title`` with exactly these annotated tasks, made or brought up to date; its id.

    It filters by annotations: the filter "one task number out of many" makes the web page hang. So a task
    leaves the tab when its annotation is deleted.

    Raises:
        LabelStudioError: a task has no annotation, or is not there any more.
    """
    query = query_of([_holding(_annotations(connection, project, task_ids))])
    found = _find(connection, project, title)
    if found is None:
        return _create(connection, project, title, query)
    known = dict(found.data or {})
    if known.get("filters") != query["filters"]:
        data = {name: value for name, value in known.items() if name != "selectedItems"}
        update = connection.sdk.views.update
        connection.repeat(update, str(found.id), project=project, data=data | {"filters": query["filters"]})
    return int(found.id)


def _find(connection: Connection, project: int, title: str) -> Any:  # noqa: ANN401 - the SDK's view
    views = connection.repeat(connection.sdk.views.list, project=project)
    return next((view for view in views if (view.data or {}).get("title") == title), None)


def _create(connection: Connection, project: int, title: str, query: Query) -> int:
    data = {"title": title, "type": "list", "target": "tasks", **query}
    return int(connection.once(connection.sdk.views.create, project=project, data=data).id)


def _annotations(connection: Connection, project: int, task_ids: Sequence[int]) -> list[int]:
    """One annotation of each task, which is no skip."""
    tasks = tasks_by_id(connection, project, "id,annotations,was_cancelled", task_ids)
    chosen = []
    for number in task_ids:
        held = [each for each in _of(tasks.get(number)) if not each.get("was_cancelled")]
        if not held:
            raise LabelStudioError(
                f"Expected an annotation of task {number}, was: none.",
                "It was deleted in the meantime; do the same again.",
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
