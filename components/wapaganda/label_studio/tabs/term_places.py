"""The tab of a term: a sample of its places in open tasks, for people to check before they decide.

The places of a task are a prediction whose model version says what they should be and begins with ``PLACES``.
It is never that of the project, so annotators do not get it as a proposal.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from wapaganda.annotation import PLACES, result_from_spans
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import Query, all_tasks, predicted_by, query_of
from wapaganda.label_studio.errors import RejectedError
from wapaganda.label_studio.records import ProjectInfo
from wapaganda.label_studio.tabs.views import (
    ANNOTATED,
    ANNOTATORS,
    REMARKS,
    all_views,
    create_view,
    titled,
    update_view,
)
from wapaganda.label_studio.upload import UPLOAD_TIMEOUT
from wapaganda.ner import Document

_LONGEST = 80
"""Characters of a version."""
_UNLABELLED: Query = {
    "filter": "filter:tasks:total_annotations",
    "operator": "equal",
    "type": "Number",
    "value": 0,
}


def show_places(
    connection: Connection, project: ProjectInfo, title: str, says: str, found: Sequence[Document]
) -> int:
    """Show the spans of the documents in the tab ``title``; return its id. It can be repeated."""
    version, config = _version(says), project.label_config
    held = _held(connection, project.id, version)
    wanted = {int(each.id): result_from_spans(each.spans or (), each.text, config) for each in found}
    present = set()
    for task, number, said in held:
        if task in present or _said(wanted.get(task, [])) != said:
            _delete(connection, number)
        else:
            present.add(task)
    missing = [
        {"task": task, "model_version": version, "result": result}
        for task, result in wanted.items()
        if task not in present
    ]
    if missing:
        path = f"/api/projects/{project.id}/import/predictions"
        connection.create(path, missing, timeout=max(UPLOAD_TIMEOUT, connection.timeout))
    query = query_of([predicted_by(version), _UNLABELLED])
    shown = (ANNOTATED, ANNOTATORS, REMARKS, f"tasks:data.{config.data_key}")
    tab = next((each for each in all_views(connection, project.id) if titled(each) == title), None)
    if tab is None:
        return create_view(connection, project.id, title, query, shown)
    return update_view(connection, project.id, tab, {"filters": query["filters"]}, shown)


def remove_places(connection: Connection, project: ProjectInfo, title: str, says: str) -> None:
    """Delete the tab and the predictions. It can be repeated."""
    for _, number, _ in _held(connection, project.id, _version(says)):
        _delete(connection, number)
    for view in all_views(connection, project.id):
        if titled(view) == title:
            _ignoring_gone(connection, connection.sdk.views.delete, str(view.id))


def _version(says: str) -> str:
    """Label Studio lists versions with commas between them."""
    return (PLACES + " ".join(says.replace(",", " ").split()))[:_LONGEST]


Said = list[tuple[int, int, str]]


def _held(connection: Connection, project: int, version: str) -> list[tuple[int, int, Said]]:
    """The predictions of exactly this version: task, number, and what they say."""
    include = "id,predictions,model_version,result"
    return [
        (int(task["id"]), int(each["id"]), _said(each["result"]))
        for task in all_tasks(connection, project, include, query_of([predicted_by(version)]))
        for each in task["predictions"]
        if each["model_version"] == version
    ]


def _said(result: Sequence[Mapping[str, Any]]) -> Said:
    values = [region["value"] for region in result]
    return sorted((each["start"], each["end"], str(each.get("labels"))) for each in values)


def _delete(connection: Connection, number: int) -> None:
    _ignoring_gone(connection, connection.sdk.predictions.delete, number)


def _ignoring_gone(connection: Connection, call: Any, number: int | str) -> None:  # noqa: ANN401 - of the SDK
    try:
        connection.repeat(call, number)
    except RejectedError as error:
        if error.status != 404:
            raise
