"""Tabs ("views") of the Data Manager, found by their titles; the text is on screen in each.

Label Studio shows 13 columns of numbers before the text. So a tab that we make hides all but a few. It orders
the columns itself, the fields of the task last, and offers no other order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from wapaganda.label_studio.connection import Connection, unexpected
from wapaganda.label_studio.data_manager import Query, query_of, tasks_by_id
from wapaganda.label_studio.errors import LabelStudioError

NO_ANNOTATION = "0"  # the id of no annotation: with an empty value the web page shows every task
ANNOTATED = "tasks:total_annotations"
ANNOTATORS = "tasks:annotators"
REMARKS = "tasks:predictions_model_versions"
"""The column that shows what batch a text is in, and our remarks about it."""
_WIDTHS = {REMARKS: 320}
_TEXT_WIDTH = 580

View = Any
"""A tab of the SDK: ``id`` and ``data``."""


def view_of_annotated(
    connection: Connection, project: int, title: str, task_ids: Sequence[int], text: str
) -> int:
    """Create or update the tab ``title`` with exactly these annotated tasks; return its id.

    It filters by annotations, because a filter by many task numbers makes the web page hang. So a task
    leaves the tab when its annotation is deleted. It shows the field ``text``.

    Raises:
        LabelStudioError: a task has no annotation, or was deleted.
    """
    query = query_of([_holding(_annotations(connection, project, task_ids))])
    shown = (ANNOTATED, ANNOTATORS, f"tasks:data.{text}")
    found = next((view for view in all_views(connection, project) if titled(view) == title), None)
    if found is None:
        return create_view(connection, project, title, query, shown)
    return update_view(connection, project, found, {"filters": query["filters"]}, shown)


def all_views(connection: Connection, project: int) -> list[View]:
    """All tabs of a project, in their order."""
    views = connection.repeat(connection.sdk.views.list, project=project)
    if not isinstance(views, list) or not all(hasattr(view, "data") for view in views):
        raise unexpected("the tabs of a project", connection.url)
    return views


def titled(view: View) -> str:
    """The title of a tab."""
    return str((view.data or {}).get("title", ""))


def create_view(connection: Connection, project: int, title: str, query: Query, shown: Sequence[str]) -> int:
    """Create a tab that shows only these columns, the last of which is the text; return its id."""
    columns = _columns(connection, project, shown)
    data = {"title": title, "type": "list", "target": "tasks", **query, **columns}
    return int(connection.once(connection.sdk.views.create, project=project, data=data).id)


def update_view(
    connection: Connection, project: int, view: View, changes: Mapping[str, Any], shown: Sequence[str]
) -> int:
    """Change a tab where it is different; what people have set stays. Return its id.

    One in which nobody has hidden a column shows only ``shown`` then.
    """
    known = dict(view.data or {})
    wanted = {**known, **changes}
    if "hiddenColumns" not in known:
        wanted |= _columns(connection, project, shown)
    if wanted != known:
        data = {name: value for name, value in wanted.items() if name != "selectedItems"}
        connection.repeat(connection.sdk.views.update, str(view.id), project=project, data=data)
    return int(view.id)


def _columns(connection: Connection, project: int, shown: Sequence[str]) -> dict[str, Any]:
    """The settings of a tab by which only these columns are visible."""
    answer = connection.get("/api/dm/columns", {"project": project})
    found = answer.get("columns") if isinstance(answer, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) and "id" in each for each in found):
        raise unexpected("the columns of a project", connection.url)
    names = [
        f"tasks:{'data.' if each.get('parent') == 'data' else ''}{each['id']}"
        for each in found
        if not each.get("children")
    ]
    text = shown[-1]
    return {
        "hiddenColumns": {
            "explore": [name for name in names if name not in shown],
            "labeling": [name for name in names if name != text],
        },
        "columnsWidth": {**{name: _WIDTHS[name] for name in shown if name in _WIDTHS}, text: _TEXT_WIDTH},
    }


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
