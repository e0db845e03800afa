"""GET /status: projects, models and trainings at a glance."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from wapaganda.ml_backend.prediction.model_repository import ModelState
from wapaganda.ml_backend.route import ServicesOf, guarded_router
from wapaganda.ml_backend.services import Services
from wapaganda.ml_backend.training.trigger import TrainingStatus, settle
from wapaganda.ml_backend.training.webhook_event import NewLabel
from wapaganda.pipeline import OpenBatch

router = guarded_router()


class FileStatus(BaseModel):
    """The data set as the last round saw it: the labels of people, and the model's for the other texts.

    ``file_f1`` (0 to 1) counts people's labels as right; ``file_interval``: 95 %. ``hours_left`` and
    ``texts_left`` to review until it should be ``target_f1``. ``purpose`` of the batch: ``model`` or
    ``dataset``.
    """

    purpose: str
    file_f1: float
    file_interval: tuple[float, float]
    people_share: float
    hours_spent: float
    hours_left: float
    texts_left: int
    target_f1: float


class BatchStatus(BaseModel):
    """The batch that annotators work on: how many texts it has, and how many are answered now."""

    name: str
    size: int
    answered: int


class ProjectStatus(BaseModel):
    """One project: ``target`` is the version that will answer once it is loaded, ``damage`` says which files
    of the versions are damaged. ``title``: in Label Studio, if it is known.
    """

    model_config = ConfigDict(protected_namespaces=())
    project: str
    title: str | None = None
    model_version: str
    target: str | None
    new_labels: int
    error: str | None
    damage: tuple[str, ...] = ()
    file: FileStatus | None = None
    batch: BatchStatus | None = None


class JobStatus(BaseModel):
    """One training.

    ``progress``: the step, with the ``fraction`` of it that is done. ``seconds_left``: of the whole training,
    about. ``reason``: why it was submitted. One that failed for a passing reason is ``queued`` again, with
    its ``error`` and the time of its ``next_attempt`` (UTC).
    """

    id: str
    project: str
    state: str
    progress: str
    fraction: float | None
    error: str | None
    next_attempt: datetime | None = None
    reason: str = ""
    seconds_left: float | None = None


class StatusResponse(BaseModel):
    """The backend at a glance; ``notices``: what a person should know about its files, in sentences."""

    projects: list[ProjectStatus]
    jobs: list[JobStatus]
    last_error: str | None
    refused_webhooks: int
    notices: tuple[str, ...] = ()


@router.get("/status")
def status(services: ServicesOf) -> StatusResponse:
    """Projects, models and trainings at a glance."""
    states = services.models.states()
    jobs = services.effects.trainings.jobs()
    for record in services.projects.records():
        settle(services.projects, services.effects.trainings, record.ref.key)
    keys = dict.fromkeys([*(record.ref.key for record in services.projects.records()), *states])
    return StatusResponse(
        projects=[_project(key, states.get(key), services) for key in keys],
        jobs=[_job(job) for job in jobs],
        last_error=_last_error(jobs, states.values()),
        refused_webhooks=services.telemetry.refused_webhooks,
        notices=tuple(services.effects.notices),
    )


def _project(key: str, state: ModelState | None, services: Services) -> ProjectStatus:
    seen, record = services.effects.glances(key), services.projects.record(key)
    return ProjectStatus(
        project=key,
        title=(record.title if record else None) or seen.title,
        model_version=services.models.version(key),
        target=state.target if state else None,
        new_labels=services.projects.new_labels(key),
        error=state.error if state else None,
        damage=state.damage if state else (),
        file=_file(seen.report),
        batch=_batch(seen.batch, services.projects.labels(key)),
    )


def _batch(batch: OpenBatch | None, labels: Sequence[NewLabel]) -> BatchStatus | None:
    """The batch with the answers since the last fetch, by the events of Label Studio."""
    if batch is None:
        return None
    new = {str(each.task) for each in labels} & {each.id for each in batch.documents}
    return BatchStatus(name=batch.name, size=batch.size, answered=len(batch.answered | new))


def _file(report: Mapping[str, Any]) -> FileStatus | None:
    """The data set; ``None`` before a model has read the pool, and for rounds of earlier versions."""
    return None if report.get("file_f1") is None else FileStatus.model_validate(report)


def _job(job: TrainingStatus) -> JobStatus:
    return JobStatus(
        id=job.id,
        project=job.project,
        state=job.state,
        progress=job.progress,
        fraction=job.fraction,
        error=job.error,
        next_attempt=None if job.next_attempt is None else datetime.fromtimestamp(job.next_attempt, UTC),
        reason=job.reason,
        seconds_left=job.seconds_left,
    )


def _last_error(jobs: Sequence[TrainingStatus], states: Iterable[ModelState]) -> str | None:
    newest = jobs[0].error if jobs else None
    found = list(states)
    return newest or next((text for each in found for text in (each.error, *each.damage) if text), None)
