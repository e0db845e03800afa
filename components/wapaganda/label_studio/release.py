"""Release a batch to annotators in a chosen order, with pre-annotations.

Label Studio's open-source edition has one way to set an order: "Uncertainty sampling" serves the unlabelled
tasks that have a prediction of ``project.model_version``, by ascending prediction score. So a batch gets
predictions under its own version with its ranks as scores, and the project is set to that version. The
regions hold the true confidences. A connected ML backend does not interfere: its own predictions have other
versions, and a task with any prediction is not sent to it when it is opened. Only a task that an annotator
had open, and so locked, before the release is served before the batch.

Annotators see only the predictions of the project's version. So the unfinished texts of earlier batches get
one under the new version, too: someone may have such a text open, and it would be shown without proposals.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from wapaganda.annotation import LabelConfig, TextForm, document_from_task, result_from_spans
from wapaganda.errors import InputError
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import (
    Task,
    all_tasks,
    page_of_tasks,
    predicted_by,
    query_of,
    tasks_by_id,
)
from wapaganda.label_studio.errors import (
    ChangedMeanwhileError,
    LabelStudioError,
    OutcomeUnknownError,
    RejectedError,
    VersionTakenError,
)
from wapaganda.label_studio.records import ProjectInfo, ReleaseReport
from wapaganda.label_studio.tabs.active_batch import TITLE, note_of, show_batch, write_notes
from wapaganda.label_studio.upload import PATIENCE, UPLOAD_TIMEOUT, refuse_unusable
from wapaganda.ner import Document
from wapaganda.progress import Progress, silent

SAMPLING = "Uncertainty sampling"
CHUNK = 500  # Label Studio stores as many at once, so a chunk is stored completely or not at all

Prediction = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """A batch and its version, the texts of ``earlier`` batches that may be unfinished, and the ids of all
    texts of earlier batches (``known``). The ids are those of tasks, the spans are the pre-annotation;
    ``meta`` may hold the ``reason``, the ``uncertainty`` and the expected ``seconds`` of a text."""

    batch: Sequence[Document]
    version: str
    earlier: Sequence[Document] = ()
    known: frozenset[str] = frozenset()

    @property
    def tasks(self) -> set[int]:
        """The tasks of the batch."""
        return {int(document.id) for document in self.batch}

    def strangers(self, tasks: Iterable[int]) -> set[int]:
        """Those of the tasks that are neither in the batch nor in an earlier one."""
        own = {*self.known, *(document.id for document in self.earlier)}
        return set(tasks) - self.tasks - {int(name) for name in own}

    def scores(self) -> dict[int, float]:
        """The score of each task's prediction, which sets the order: the batch, then earlier texts."""
        batch = {int(document.id): rank / len(self.batch) for rank, document in enumerate(self.batch)}
        n_later = sum(int(document.id) not in batch for document in self.earlier)
        step = 1.0 / (len(self.batch) * max(1, n_later))
        later = (int(document.id) for document in self.earlier if int(document.id) not in batch)
        return batch | {number: 1.0 - (n_later - 1 - rank) * step for rank, number in enumerate(later)}


def release(
    connection: Connection,
    project: ProjectInfo,
    offer: Offer,
    progress: Progress = silent,
    chunk_size: int = CHUNK,
) -> ReleaseReport:
    """Release the batch in its order; repeated after a failure, it completes what is missing.

    A text that is deleted while the batch is sent is left out. A tab that cannot be made is a warning: the
    batch is out without it.

    Raises:
        VersionTakenError: the version already holds another batch.
        ChangedMeanwhileError: no text of the batch is left to label, or others wrote to the version, too.
        LabelStudioError: a text cannot be shown, or the server did not store what was sent.
    """
    batch, version = offer.batch, offer.version
    _refuse_bad_batch(batch, version, project.label_config)
    present = predictions_of(connection, project.id, version)
    strangers = offer.strangers(present)
    if strangers:
        raise VersionTakenError(
            f"Version {version} already holds another batch ({len(strangers)} other tasks).",
            "Release this batch under a new version.",
        )
    missing = [document for document in batch if int(document.id) not in present]
    left_out = _unfit(connection, project, missing)
    unfit = {number for number, _ in left_out}
    fit = [document for document in missing if int(document.id) not in unfit]
    if not fit and not present.keys() & offer.tasks:
        raise ChangedMeanwhileError("None of the batch is left to label.", "Select a new batch.")
    still_open = _still_open(connection, project, offer, present)
    scores, sent = offer.scores(), [*fit, *still_open]
    predictions = [_prediction(item, version, scores[int(item.id)], project.label_config) for item in sent]
    try:
        send_all(connection, project.id, version, predictions, progress, chunk_size)
    except RejectedError:  # Label Studio refuses a chunk with a task that is gone
        if not _gone(connection, project.id, (int(item.id) for item in sent)):
            raise
        return release(connection, project, offer, progress, chunk_size)
    warnings = _verify(connection, project.id, version, present.keys() | {int(item.id) for item in sent})
    point_at(connection, project, version)
    view, problem = _show(connection, project, offer)
    n_present = len(present.keys() & offer.tasks)
    return ReleaseReport(
        version=version,
        n_offered=len(batch),
        n_created=len(fit),
        n_present=n_present,
        left_out=left_out,
        view_id=view,
        warnings=warnings + problem + _warnings(project),
        n_earlier=len(present) - n_present + len(still_open),
    )


def _show(connection: Connection, project: ProjectInfo, offer: Offer) -> tuple[int | None, tuple[str, ...]]:
    """The tab of the batch with the reasons; what cannot be shown is a warning: the batch is out already."""
    view, version = None, offer.version
    try:
        view = show_batch(connection, project.id, version, project.label_config.data_key)
        notes = {int(each.id): note_of(each) for each in (*offer.batch, *offer.earlier)}
        write_notes(connection, project.id, version, {task: note for task, note in notes.items() if note})
    except LabelStudioError as error:
        what = f"no tab {TITLE!r}" if view is None else "no reasons in its tab"
        return view, (f"The batch has {what}: {error}",)
    return view, ()


def _gone(connection: Connection, project: int, tasks: Iterable[int]) -> set[int]:
    """Those of the tasks that the project does not have any more."""
    wanted = list(tasks)
    return set(wanted) - tasks_by_id(connection, project, "id", wanted).keys()


def _still_open(
    connection: Connection, project: ProjectInfo, offer: Offer, present: Counter[int]
) -> list[Document]:
    """The texts of earlier batches that annotators may still have open and that lack a prediction."""
    held = present.keys() | offer.tasks
    waiting = [
        document
        for document in offer.earlier
        if int(document.id) not in held
        and len(set(document.meta.get("annotators", ()))) < project.annotators_per_task
    ]
    done = {number for number, _ in _unfit(connection, project, waiting)}
    return [document for document in waiting if int(document.id) not in done]


def predictions_of(connection: Connection, project: int, version: str) -> Counter[int]:
    """The number of predictions of exactly this version for each task that has one."""
    query = query_of([predicted_by(version)])
    counts: Counter[int] = Counter()
    for task in all_tasks(connection, project, "id,predictions,model_version", query):
        named = [found for found in task["predictions"] if found["model_version"] == version]
        counts[int(task["id"])] = len(named)
    return +counts


def change_proposals(
    connection: Connection, project: ProjectInfo, documents: Sequence[Document]
) -> tuple[int, ...]:
    """Give the predictions of the served version these spans, in tasks without an annotation.

    The score of a prediction, its place in the batch, stays. Returns the tasks that were changed.
    """
    wanted = {int(each.id): each for each in documents}
    include = "id,predictions,model_version,result,is_labeled,total_annotations"
    changed = []
    for number, task in tasks_by_id(connection, project.id, include, list(wanted)).items():
        if task["is_labeled"] or task.get("total_annotations"):
            continue
        document = wanted[number]
        regions = _prediction(document, project.model_version, 0.0, project.label_config)["result"]
        for each in task["predictions"]:
            if each["model_version"] == project.model_version and _places(each["result"]) != _places(regions):
                connection.repeat(connection.sdk.predictions.update, int(each["id"]), result=regions)
                changed.append(number)
    return tuple(dict.fromkeys(changed))


def _places(regions: Sequence[Any]) -> list[tuple[int, int, str]]:
    values = [region["value"] for region in regions]
    return sorted((each["start"], each["end"], str(each.get("labels"))) for each in values)


def stored_at(connection: Connection, project: int, version: str) -> tuple[datetime, datetime] | None:
    """When the prediction of this version in the newest task was stored, and now, by the server's clock."""
    query = query_of([predicted_by(version)], "-tasks:id")
    include = "id,predictions,model_version,created_at"
    tasks, _, date = page_of_tasks(connection, project, include, query=query, page=1, page_size=1)
    stored = [
        datetime.fromisoformat(found["created_at"])
        for task in tasks
        for found in task["predictions"]
        if found["model_version"] == version
    ]
    now = parsedate_to_datetime(date) if date else datetime.now(UTC)
    return (max(stored), now) if stored else None


def point_at(connection: Connection, project: ProjectInfo, version: str) -> None:
    """Make the project serve the tasks that have a prediction of ``version``, by ascending score."""
    update = connection.sdk.projects.update
    answer = connection.repeat(update, project.id, model_version=version, sampling=SAMPLING)
    if (answer.model_version, answer.sampling) != (version, SAMPLING):
        was = f"{answer.model_version!r} by {answer.sampling!r}"
        raise ChangedMeanwhileError(f"Expected the project to serve {version!r} by {SAMPLING!r}, was: {was}.")


def _refuse_bad_batch(batch: Sequence[Document], version: str, config: LabelConfig) -> None:
    if not batch or not version:
        raise InputError(
            f"Expected a batch of at least one text and a version, was: {len(batch)}, {version!r}."
        )
    if len({int(document.id) for document in batch}) != len(batch):
        raise InputError("Expected every task once in a batch, was: some twice.")
    refuse_unusable(((f"task {int(item.id)}", item.text, item.spans or ()) for item in batch), config)


def _unfit(
    connection: Connection, project: ProjectInfo, batch: Iterable[Document]
) -> tuple[tuple[int, str], ...]:
    """The tasks that can no longer be offered, and why."""
    wanted = list(batch)
    tasks = tasks_by_id(connection, project.id, "id,data,is_labeled", [int(item.id) for item in wanted])
    reasons = (
        (int(item.id), _reason(item, tasks.get(int(item.id)), project.label_config)) for item in wanted
    )
    return tuple((number, reason) for number, reason in reasons if reason)


def _reason(document: Document, task: Task | None, config: LabelConfig) -> str:
    if task is None:
        return "no longer in the project"
    if task["is_labeled"]:
        return "labelled in the meantime"
    try:
        text = document_from_task(task, config).text
    except ValueError as error:
        return f"it cannot be read: {error}"
    if text != document.text:
        return "its text has changed"
    return ""


def _prediction(document: Document, version: str, rank: float, config: LabelConfig) -> Prediction:
    shown = document.spans if config.form is TextForm.TEXT else None
    regions = result_from_spans(shown, document.text, config) if shown else []
    return {"task": int(document.id), "model_version": version, "score": rank, "result": regions}


def send_all(
    connection: Connection,
    project: int,
    version: str,
    predictions: Sequence[Prediction],
    progress: Progress,
    chunk_size: int,
) -> None:
    """Send predictions in chunks, each of which Label Studio stores as a whole, exactly once."""
    for start in range(0, len(predictions), chunk_size):
        chunk = predictions[start : start + chunk_size]
        _send(connection, project, version, chunk)
        progress("release", start + len(chunk), len(predictions))


def _send(connection: Connection, project: int, version: str, chunk: Sequence[Prediction]) -> None:
    """Send one chunk; after an unknown outcome, check whether it arrived before sending it again."""
    path = f"/api/projects/{project}/import/predictions"
    for attempt in range(connection.retries + 1):
        try:
            answer = connection.create(path, chunk, timeout=max(UPLOAD_TIMEOUT, connection.timeout))
            if not isinstance(answer, dict) or "created" not in answer:
                raise OutcomeUnknownError(
                    f"Expected a count of stored predictions from {path}, was: other JSON.",
                    still_running=False,
                )
        except OutcomeUnknownError as error:
            if _arrived(connection, project, version, chunk, error.still_running):
                return
            if error.still_running or attempt == connection.retries:
                error.hint = "Release the batch again later: what has arrived is not sent twice."
                raise
        else:
            if answer["created"] != len(chunk):
                raise LabelStudioError(
                    f"Expected {len(chunk)} predictions to be stored, was: {answer['created']}."
                )
            return


def _arrived(
    connection: Connection,
    project: int,
    version: str,
    chunk: Sequence[Prediction],
    still_running: bool,
) -> bool:
    wanted = {prediction["task"] for prediction in chunk}
    for pause in PATIENCE if still_running else PATIENCE[:1]:
        connection.sleep(pause)
        if wanted <= predictions_of(connection, project, version).keys():
            return True
    return False


def _verify(connection: Connection, project: int, version: str, expected: set[int]) -> tuple[str, ...]:
    stored = predictions_of(connection, project, version)
    missing = expected - stored.keys()
    if stored.keys() - expected or missing - _gone(connection, project, missing):
        raise ChangedMeanwhileError(
            f"Expected predictions for {len(expected)} tasks under {version}, was: {len(stored)}.",
            "Release the batch again.",
        )
    twice = sum(1 for count in stored.values() if count > 1)
    return (f"{twice} tasks have their prediction twice.",) if twice else ()


def _warnings(project: ProjectInfo) -> tuple[str, ...]:
    warnings = []
    if project.label_config.form is not TextForm.TEXT:
        warnings.append(
            f"Annotators see no proposals: they cannot be shown over <{project.label_config.form}>."
        )
    if not project.shows_predictions:
        warnings.append(
            "Annotators do not see the pre-annotations: they are switched off in the project's settings."
        )
    if project.annotators_per_task > 1:
        warnings.append(
            "Tasks want several annotators each: half-done tasks are served before the batch's order."
        )
    return tuple(warnings)
