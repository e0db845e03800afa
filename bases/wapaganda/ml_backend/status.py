"""The backend at a glance, for /status."""

from collections.abc import Iterable, Sequence

from wapaganda.ml_backend.protocol import JobStatus, ProjectStatus, StatusResponse
from wapaganda.ml_backend.services import Services
from wapaganda.ml_backend.shelf import ModelState
from wapaganda.ml_backend.training import TrainingJob


def status_of(services: Services) -> StatusResponse:
    """Projects, models and trainings as they are now."""
    states = services.models.states()
    jobs = services.effects.trainings.jobs()
    keys = dict.fromkeys([*(record.ref.key for record in services.book.records()), *states])
    return StatusResponse(
        projects=[_project(key, states.get(key), services) for key in keys],
        jobs=[_job(job) for job in jobs],
        last_error=_last_error(jobs, states.values()),
        refused_webhooks=services.telemetry.refused_webhooks,
    )


def _project(key: str, state: ModelState | None, services: Services) -> ProjectStatus:
    return ProjectStatus(
        project=key,
        model_version=services.models.version(key),
        target=state.target if state else None,
        new_labels=services.book.new_labels(key),
        error=state.error if state else None,
    )


def _job(job: TrainingJob) -> JobStatus:
    return JobStatus(
        id=job.id,
        project=job.project,
        state=job.state,
        progress=job.progress,
        fraction=job.fraction,
        error=job.error,
    )


def _last_error(jobs: Sequence[TrainingJob], states: Iterable[ModelState]) -> str | None:
    newest = jobs[0].error if jobs else None
    return newest or next((state.error for state in states if state.error), None)
