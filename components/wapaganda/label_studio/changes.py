"""Fetch only what changed, by ``updated_at``, with an overlap so that no change is missed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from wapaganda.annotation import (
    PLACES,
    READING,
    Finding,
    FormatError,
    LabelConfig,
    ReadReport,
    collector_paused,
    is_machine_answer,
    read_task,
    unread,
)
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import (
    Query,
    Task,
    all_tasks,
    page_of_tasks,
    predicted_by,
    query_of,
    tasks_by_id,
)
from wapaganda.label_studio.records import TaskChanges
from wapaganda.ner import Document
from wapaganda.progress import Progress, silent

FIELDS = (
    "id,data,meta,created_at,updated_at,annotations,"
    "result,was_cancelled,ground_truth,lead_time,parent_prediction,completed_by"
)
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"  # Label Studio answers 500 to a time without fraction
BEGINNING = "1970-01-01T00:00:00.000000Z"
OVERLAP = timedelta(seconds=20)  # an import of 10,000 tasks commits its times later than it sets them


def fetch(
    connection: Connection,
    project: int,
    config: LabelConfig,
    cursor: str | None,
    progress: Progress = silent,
    page_size: int = 500,
) -> TaskChanges:
    """The documents of all tasks that changed after ``cursor`` (all with ``None``).

    A task changes when an annotation is created, changed, skipped or deleted; a document whose last
    annotation was deleted has ``spans=None``.
    """
    tasks: dict[int, Task] = {}
    asked_at = None
    for page, left, date in _pages(connection, project, cursor or BEGINNING, page_size):
        asked_at = asked_at or date
        tasks.update((int(task["id"]), task) for task in page)
        progress("fetch", len(tasks), len(tasks) + left)
    tasks |= _with_predictions(connection, project, tasks)
    tasks |= _with_readings(connection, project, tasks)
    documents, report = _read(tasks, config)
    newest = max((moment(task) for task in tasks.values()), default=cursor or BEGINNING)
    return TaskChanges(documents, _next_cursor(newest, asked_at), cursor is None, report)


def _pages(
    connection: Connection, project: int, start: str, page_size: int
) -> Iterator[tuple[list[Task], int, str]]:
    """Pages in the order of change, each with the number of remaining tasks and the server's date.

    It continues from the last time seen instead of counting pages: a task that changes in the meantime
    moves to the end and all others move up, so a count would miss some.
    """
    operator, since, number, seen = "greater", start, 1, 0
    while True:
        query = query_of([changed_since(operator, since)], "tasks:updated_at")
        page, total, date = page_of_tasks(
            connection, project, FIELDS, query=query, page=number, page_size=page_size
        )
        seen += len(page)
        yield page, max(total - seen, 0), date
        if not page or seen >= total:
            return
        last = moment(page[-1])
        if last > since:
            operator, since, number, seen = "greater_or_equal", last, 1, 0
        else:  # more tasks than fit on a page changed at the same moment
            number += 1


def _with_predictions(connection: Connection, project: int, tasks: Mapping[int, Task]) -> dict[int, Task]:
    """Those of the tasks that may have annotations at which nobody has looked, with their predictions.

    Pages of tasks leave predictions out, which makes them three times faster.
    """
    doubtful = [
        number for number, task in tasks.items() if any(map(is_machine_answer, task.get("annotations") or ()))
    ]
    found = tasks_by_id(connection, project, "id,predictions,result", doubtful)
    return {number: {**tasks[number], "predictions": each["predictions"]} for number, each in found.items()}


def _with_readings(connection: Connection, project: int, tasks: Mapping[int, Task]) -> dict[int, Task]:
    """Those of the tasks that have a reading, or places of a term, and several annotations, with predictions.

    One of the annotations may be a copy of these, which were no proposal.
    """
    several = {
        number: task
        for number, task in tasks.items()
        if len(task.get("annotations") or ()) > 1
        and any(each.get("parent_prediction") for each in task["annotations"])
    }
    if not several:
        return {}
    fields = "id,predictions,result,model_version"
    queries = (query_of([predicted_by(each)]) for each in (READING, PLACES))
    found = (task for query in queries for task in all_tasks(connection, project, fields, query))
    return {
        number: {**several[number], "predictions": each["predictions"]}
        for each in found
        if (number := int(each["id"])) in several
    }


def changed_since(operator: str, since: str) -> Query:
    """The filter for tasks that changed at such a moment, as ``moment`` gives it."""
    return {"filter": "filter:tasks:updated_at", "operator": operator, "type": "Datetime", "value": since}


def _read(tasks: Mapping[int, Task], config: LabelConfig) -> tuple[tuple[Document, ...], ReadReport]:
    with collector_paused():
        documents = tuple(_document(number, task, config) for number, task in tasks.items())
        return documents, ReadReport.of(documents)


def _document(number: int, task: Task, config: LabelConfig) -> Document:
    """The document of a task; without text and spans if the task cannot be read."""
    try:
        return read_task(task, config).document
    except FormatError as error:
        return unread(Document(str(number), ""), Finding(error.kind, 1, f"task {number}", str(error)))


def moment(task: Task) -> str:
    """The time of the last change, in a form in which strings sort like times."""
    return datetime.fromisoformat(str(task["updated_at"])).astimezone(UTC).strftime(TIME_FORMAT)


def _next_cursor(newest: str, asked_at: str | None) -> str:
    """The newest change seen, but at least ``OVERLAP`` before the first request by the server's clock."""
    if not asked_at:
        settled = datetime.strptime(newest, TIME_FORMAT).replace(tzinfo=UTC) - OVERLAP
    else:
        settled = parsedate_to_datetime(asked_at).astimezone(UTC) - OVERLAP
    return min(newest, settled.strftime(TIME_FORMAT))
