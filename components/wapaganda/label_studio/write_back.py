"""Write a model's labels of a whole project: as predictions, and as annotations that can be taken back.

The annotations are made by Label Studio's own action "Create Annotations From Predictions", which makes one
at most from each prediction. They have the prediction as parent and no lead time, so every reader can tell
them from a person's (``annotation.is_machine_answer``). A file records what is being written before it is
written, so that a process that was killed can be continued or undone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from wapaganda.annotation import is_machine_answer, result_from_spans
from wapaganda.label_studio.changes import changed_since, moment
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import (
    Task,
    all_tasks,
    predicted_by,
    query_of,
    tasks_by_id,
    with_draft,
)
from wapaganda.label_studio.errors import (
    LabelStudioError,
    OutcomeUnknownError,
    RejectedError,
    VersionTakenError,
)
from wapaganda.label_studio.records import ProjectInfo
from wapaganda.label_studio.release import CHUNK, point_at, send_all
from wapaganda.label_studio.upload import PATIENCE, UPLOAD_TIMEOUT, refuse_unusable
from wapaganda.ner import Document
from wapaganda.progress import Progress, silent
from wapaganda.storage import write_json

WRITING, WRITTEN, UNDOING, UNDONE = "writing", "written", "undoing", "undone"
_MAKE, _DELETE = "predictions_to_annotations", "delete_tasks_annotations"
_FIELDS = (
    "id,annotations,predictions,result,was_cancelled,ground_truth,lead_time,parent_prediction,model_version,"
    "completed_by,draft_exists,updated_at"
)
_UNDO_CHUNK = 200


@dataclass(frozen=True, slots=True)
class WrittenAnnotations:
    """The annotations that were made from the predictions of ``version``, and how far that is.

    ``written``: the id of the annotation by task. ``doing``: the tasks of the chunk that is being written.
    ``kept``: those that a person has changed or confirmed since; an undo leaves them alone. ``n_drafts``: the
    tasks that got none because somebody is working at them, at the last run.
    """

    version: str
    state: str = WRITING
    written: Mapping[int, int] = field(default_factory=dict)
    doing: tuple[int, ...] = ()
    kept: Mapping[int, int] = field(default_factory=dict)
    n_drafts: int = 0

    def save(self, path: Path) -> WrittenAnnotations:
        """Write it to ``path``, atomically; return it."""
        write_json(path, asdict(self))
        return self

    @classmethod
    def load(cls, path: Path) -> WrittenAnnotations | None:
        """What ``save`` wrote; ``None`` if there is no file.

        Raises:
            LabelStudioError: it is damaged.
        """
        try:
            values = json.loads(path.read_text("utf-8"))
            numbers = {key: {int(t): int(a) for t, a in values[key].items()} for key in ("written", "kept")}
            written, kept = numbers["written"], numbers["kept"]
            return cls(values["version"], values["state"], written, tuple(values["doing"]), kept)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LabelStudioError(f"Expected written annotations in {path}, was: {error!r}.") from error


def write_predictions(
    connection: Connection,
    project: ProjectInfo,
    documents: Sequence[Document],
    version: str,
    known: Collection[str],
    progress: Progress = silent,
) -> int:
    """Store the spans of each document as a prediction of ``version`` and let Label Studio show these.

    Repeated after a failure, it completes what is missing. Tasks are served with the least confident span
    first. ``known``: the ids of all tasks that may have a prediction of the version. Returns the number of
    tasks that have one.

    Raises:
        VersionTakenError: the version holds predictions of other tasks.
        LabelStudioError: a span cannot be stored, or the server did not store what was sent.
    """
    refuse_unusable(
        ((f"task {each.id}", each.text, each.spans or ()) for each in documents), project.label_config
    )
    present = prediction_ids(connection, project.id, version)
    strangers = present.keys() - {int(each) for each in known} - {int(each.id) for each in documents}
    if strangers:
        raise VersionTakenError(f"Version {version} already holds {len(strangers)} other tasks.")
    missing = [each for each in documents if int(each.id) not in present]
    predictions = [
        {
            "task": int(each.id),
            "model_version": version,
            "score": min((1.0 if s.score is None else s.score for s in each.spans or ()), default=1.0),
            "result": result_from_spans(each.spans or (), each.text, project.label_config),
        }
        for each in missing
    ]
    send_all(connection, project.id, version, predictions, progress, CHUNK)
    stored = prediction_ids(connection, project.id, version) if missing else present
    for ids in stored.values():
        for extra in sorted(ids)[1:]:  # a request of a killed process that arrived later
            _delete(connection, connection.sdk.predictions.delete, extra)
    lacking = {int(each.id) for each in documents} - stored.keys()
    if lacking:
        raise LabelStudioError(
            f"Expected {len(documents)} predictions of {version}, was: {len(lacking)} less.",
            "Repeat the command.",
        )
    if stored:
        point_at(connection, project, version)
    return len(stored)


def prediction_ids(connection: Connection, project: int, version: str) -> dict[int, list[int]]:
    """The ids of the predictions of exactly this version, by task."""
    query = query_of([predicted_by(version)])
    tasks = all_tasks(connection, project, "id,predictions,model_version", query)
    found = {int(task["id"]): _predictions(task, version) for task in tasks}
    return {number: ids for number, ids in found.items() if ids}


def write_annotations(
    connection: Connection,
    project: int,
    version: str,
    tasks: Sequence[int],
    path: Path,
    progress: Progress = silent,
) -> WrittenAnnotations:
    """Make annotations from the predictions of ``version``, of tasks that have no annotation and no draft.

    Each task is checked directly before and after; where a person has annotated in the meantime, ours is
    deleted. A skip counts as an annotation. Where a person is at work on a draft nothing is written; the next
    run writes it if the draft is gone. ``path``: the file that records it. It can be repeated.
    """
    record = WrittenAnnotations.load(path) or WrittenAnnotations(version)
    resumed = record.doing
    record = replace(record, state=WRITING, n_drafts=0).save(path)
    if resumed:
        record = _read_back(connection, project, record, resumed, resumed).save(path)
    left = [number for number in tasks if number not in record.written]
    for start in range(0, len(left), CHUNK):
        chunk = left[start : start + CHUNK]
        record = replace(record, doing=tuple(chunk)).save(path)
        found = tasks_by_id(connection, project, _FIELDS, chunk)
        free = [number for number, task in found.items() if _is_free(task) and not task.get("draft_exists")]
        drafts = sum(_is_free(task) and bool(task.get("draft_exists")) for task in found.values())
        if free:
            _make(connection, project, version, free)
        record = _read_back(connection, project, record, chunk, free)
        record = replace(record, n_drafts=record.n_drafts + drafts).save(path)
        progress("annotate", min(start + CHUNK, len(left)), len(left))
    record = _without_company(connection, project, record)
    return replace(record, state=WRITTEN).save(path)


def undo_annotations(
    connection: Connection, project: int, path: Path, progress: Progress = silent
) -> WrittenAnnotations | None:
    """Delete the annotations that were written, except those at which a person has worked since.

    They are read in chunks directly before they are deleted, and Label Studio deletes in one request those
    whose tasks have not changed since. The others are looked at one by one. It can be repeated; ``None``:
    nothing was written.
    """
    record = WrittenAnnotations.load(path)
    if record is None:
        return None
    doing = record.doing
    record = replace(record, state=UNDOING).save(path)
    if doing:
        record = _read_back(connection, project, record, doing, doing).save(path)
    total = len(record.written)
    while record.written:
        chunk = list(record.written)[:_UNDO_CHUNK]
        ours = {number: record.written[number] for number in chunk}
        _delete_untouched(connection, project, ours, tasks_by_id(connection, project, _FIELDS, chunk))
        tasks = tasks_by_id(connection, project, _FIELDS, chunk)
        held = {number for number in chunk if ours[number] in _annotation_ids(tasks.get(number))}
        gone = {n for n in chunk if n not in held or _take_back(connection, tasks, n, ours[n])}
        kept = {number: record.written[number] for number in chunk if number not in gone}
        left = {number: made for number, made in record.written.items() if number not in set(chunk)}
        record = replace(record, written=left, kept={**record.kept, **kept}).save(path)
        progress("undo", total - len(left), total)
    for number, task in tasks_by_id(connection, project, _FIELDS, doing).items():
        for late in _machine_answers(task, record.version):  # the request of a killed process
            _take_back(connection, {number: task}, number, late)
    return replace(record, state=UNDONE).save(path)


def _delete_untouched(
    connection: Connection, project: int, ours: Mapping[int, int], tasks: Mapping[int, Task]
) -> None:
    """Delete our annotations in those of the tasks that have no other and no draft, as they were read.

    Label Studio leaves out each task that was changed later than the latest of these, or that has got a
    draft, and every annotation of another user. What it has not deleted, the caller finds.
    """
    sure = {
        number: task["annotations"][0]["completed_by"]
        for number, task in tasks.items()
        if _annotation_ids(task) == [ours.get(number)]
        and is_machine_answer(task["annotations"][0], task.get("predictions"))
        and not task.get("draft_exists")
    }
    latest = max((moment(tasks[number]) for number in sure), default="")
    filters = query_of([changed_since("less_or_equal", latest), with_draft(False)])["filters"]
    for user in set(sure.values()):
        included = [number for number, made_by in sure.items() if made_by == user]
        body = {"selectedItems": {"all": False, "included": included}, "filters": filters}
        params: dict[str, str | int | float | bool] = {"id": _DELETE, "project": project}
        with suppress(OutcomeUnknownError):  # the caller looks what is left
            connection.create("/api/dm/actions", {**body, "annotator": str(user)}, params)


def _annotation_ids(task: Task | None) -> list[int]:
    return [int(each["id"]) for each in (task or {}).get("annotations") or ()]


def _make(connection: Connection, project: int, version: str, tasks: Sequence[int]) -> None:
    """Ask Label Studio for annotations of these tasks; after an unknown outcome wait until it is known.

    The action leaves out predictions that have an annotation already, so it may be asked again.
    """
    body = {"selectedItems": {"all": False, "included": list(tasks)}, "model_version": version}
    params: dict[str, str | int | float | bool] = {"id": _MAKE, "project": project}
    for attempt in range(connection.retries + 1):
        try:
            timeout = max(UPLOAD_TIMEOUT, connection.timeout)
            connection.create("/api/dm/actions", body, params, timeout=timeout)
        except OutcomeUnknownError as error:
            if _are_made(connection, project, tasks, error.still_running):
                return
            if error.still_running or attempt == connection.retries:
                error.hint = "Repeat the command: what has arrived is not made twice."
                raise
        else:
            return


def _are_made(connection: Connection, project: int, tasks: Sequence[int], still_running: bool) -> bool:
    for pause in PATIENCE if still_running else PATIENCE[:1]:
        connection.sleep(pause)
        found = tasks_by_id(connection, project, _FIELDS, tasks)
        if not any(_is_free(task) for task in found.values()):
            return True
    return False


def _read_back(
    connection: Connection,
    project: int,
    record: WrittenAnnotations,
    chunk: Sequence[int],
    asked: Sequence[int],
) -> WrittenAnnotations:
    """The record with the annotations of the tasks in ``asked``; ours beside a person's are deleted."""
    written, wanted = dict(record.written), set(asked)
    for number, task in tasks_by_id(connection, project, _FIELDS, chunk).items():
        ours = _machine_answers(task, record.version) if number in wanted else []
        if not ours:
            continue
        kept = ours[:1] if len(ours) == len(task.get("annotations") or ()) else []
        for extra in ours[len(kept) :]:
            kept += [] if _take_back(connection, {number: task}, number, extra) else [extra]
        if kept:
            written[number] = kept[0]
    return replace(record, written=written, doing=())


def _without_company(connection: Connection, project: int, record: WrittenAnnotations) -> WrittenAnnotations:
    """The record without ours in tasks that persons have annotated since, which are deleted."""
    several: dict[str, Any] = {
        "filter": "filter:tasks:total_annotations",
        "operator": "greater",
        "type": "Number",
        "value": 1,
    }
    skipped = {**several, "filter": "filter:tasks:cancelled_annotations", "value": 0}
    written = dict(record.written)
    for each in (several, skipped):
        for task in list(all_tasks(connection, project, _FIELDS, query_of([each]), 500)):
            number = int(task["id"])
            if number in written and len(task.get("annotations") or ()) > 1:
                ours = _machine_answers(task, record.version)
                alone = len(ours) == len(task["annotations"])
                extra = [each for each in ours if each != written[number] or not alone]
                gone = [each for each in extra if _take_back(connection, {number: task}, number, each)]
                if written[number] in gone or written[number] not in ours:
                    written.pop(number)
    return replace(record, written=written)


def _is_free(task: Task) -> bool:
    return not task.get("annotations")


def _machine_answers(task: Task, version: str) -> list[int]:
    """The annotations that are unchanged predictions of the version and were seen by nobody, oldest first."""
    parents = set(_predictions(task, version))
    return sorted(
        int(each["id"])
        for each in task.get("annotations") or ()
        if _parent(each) in parents and is_machine_answer(each, task.get("predictions"))
    )


def _take_back(connection: Connection, tasks: Mapping[int, Task], number: int, annotation: int) -> bool:
    """Delete one of our annotations; whether it is gone. One at which a person has worked, or works now,
    stays."""
    task = tasks.get(number, {})
    if task.get("draft_exists") and _is_being_changed(connection, number, annotation):
        return False
    try:
        now = connection.get(f"/api/annotations/{annotation}/")
    except RejectedError as error:
        if error.status == 404:
            return True
        raise
    if not is_machine_answer(now, task.get("predictions")):
        return False
    _delete(connection, connection.sdk.annotations.delete, annotation)
    return True


def _is_being_changed(connection: Connection, task: int, annotation: int) -> bool:
    """Whether somebody has a draft on the annotation, which would be deleted with it."""
    drafts = connection.get(f"/api/tasks/{task}/drafts")
    return any(int(each.get("annotation") or 0) == annotation for each in drafts)


def _delete(connection: Connection, call: Any, number: int) -> None:  # noqa: ANN401 - a method of the SDK
    try:
        connection.repeat(call, number)
    except RejectedError as error:
        if error.status != 404:
            raise


def _predictions(task: Task, version: str) -> list[int]:
    return sorted(
        int(each["id"]) for each in task.get("predictions") or () if each.get("model_version") == version
    )


def _parent(annotation: Mapping[str, Any]) -> object:
    parent = annotation.get("parent_prediction")
    return parent.get("id") if isinstance(parent, Mapping) else parent
