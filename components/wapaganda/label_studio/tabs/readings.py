"""The tab of likely label errors: what the model would mark stands beside the annotation, as a prediction.

Its model version says in words what people read in the list, and begins with ``READING``. It is never that of
the project, so annotators do not get it as a proposal. The predictions are made in the order of suspicion:
the tab orders its tasks by them. A task leaves the tab when somebody has submitted an answer since.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from wapaganda.annotation import READING, LabelConfig, result_from_spans
from wapaganda.label_studio.changes import TIME_FORMAT, changed_since
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import Query, all_tasks, page_of_tasks, predicted_by, query_of
from wapaganda.label_studio.errors import RejectedError
from wapaganda.label_studio.records import ProjectInfo, ShownReading
from wapaganda.label_studio.tabs.views import (
    ANNOTATORS,
    REMARKS,
    all_views,
    create_view,
    titled,
    update_view,
)
from wapaganda.label_studio.upload import UPLOAD_TIMEOUT

_FIELDS = "id,predictions,model_version,annotations,parent_prediction,result"
_BY_PREDICTION = "tasks:predictions"
_CHUNK = 500

Payload = dict[str, Any]


def show_readings(
    connection: Connection, project: ProjectInfo, title: str, readings: Sequence[ShownReading]
) -> tuple[int, str]:
    """Show the readings in the tab ``title``, in their order; others that we made are deleted.

    A reading whose prediction somebody has copied into an annotation stays, so that the annotation keeps its
    parent. It can be repeated. Returns the tab's id, and the time (ISO 8601, by the server's clock) since
    when the readings can be seen.
    """
    wanted = [_prediction(each, project.label_config) for each in readings]
    held = _held(connection, project.id)
    if [_said(each) for each in held] != [_said(each) for each in wanted]:
        for each in held:
            if not each["is_parent"]:
                _delete(connection, each["id"])
        path = f"/api/projects/{project.id}/import/predictions"
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            connection.create(path, chunk, timeout=max(UPLOAD_TIMEOUT, connection.timeout))
    now = _now(connection, project.id)
    query = query_of([predicted_by(READING), changed_since("less", now)], _BY_PREDICTION)
    return _tab(connection, project, title, query), now


def _tab(connection: Connection, project: ProjectInfo, title: str, query: Query) -> int:
    shown = (ANNOTATORS, REMARKS, f"tasks:data.{project.label_config.data_key}")
    found = next((each for each in all_views(connection, project.id) if titled(each) == title), None)
    if found is None:
        return create_view(connection, project.id, title, query, shown)
    ordering = (found.data or {}).get("ordering") or []
    changes = {"filters": query["filters"]}
    if ordering in ([], ["tasks:id"]):
        changes["ordering"] = query["ordering"]
    return update_view(connection, project.id, found, changes, shown)


def _prediction(reading: ShownReading, config: LabelConfig) -> Payload:
    spans = [span for span in reading.spans if config.canonical(span.label) is not None]
    return {
        "task": reading.task,
        "model_version": READING + " ".join(reading.says.replace(",", " ").split()),
        "score": reading.score,
        "result": result_from_spans(spans, reading.text, config),
    }


def _held(connection: Connection, project: int) -> list[Payload]:
    """The readings that the project has, in the order in which they were made."""
    found = []
    for task in all_tasks(connection, project, _FIELDS, query_of([predicted_by(READING)])):
        parents = {each.get("parent_prediction") for each in task.get("annotations") or ()}
        found += [
            {**each, "task": int(task["id"]), "is_parent": each["id"] in parents}
            for each in task["predictions"]
            if str(each["model_version"] or "").startswith(READING)
        ]
    return sorted(found, key=lambda each: int(each["id"]))


def _said(prediction: Mapping[str, Any]) -> tuple[int, str, list[tuple[int, int, str]]]:
    values = [region["value"] for region in prediction["result"]]
    spans = sorted((each["start"], each["end"], str(each.get("labels"))) for each in values)
    return prediction["task"], prediction["model_version"], spans


def _delete(connection: Connection, number: int) -> None:
    try:
        connection.repeat(connection.sdk.predictions.delete, number)
    except RejectedError as error:
        if error.status != 404:
            raise


def _now(connection: Connection, project: int) -> str:
    """The next full second of the server's clock: what was there before does not count as later."""
    _, _, date = page_of_tasks(connection, project, "id", query=query_of([]), page=1, page_size=1)
    now = parsedate_to_datetime(date) if date else datetime.now(UTC).replace(microsecond=0)
    return (now.astimezone(UTC) + timedelta(seconds=1)).strftime(TIME_FORMAT)
