"""When a training starts: on request, after enough new labels, or when the set of labels changed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Protocol, TypeVar

from wapaganda.annotation import parse_label_config
from wapaganda.errors import WapagandaError
from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.ml_backend.training.project_state import ProjectState
from wapaganda.ml_backend.training.webhook_event import WebhookEvent

logger = logging.getLogger(__name__)
Known = TypeVar("Known")

ROUND: Final = "round"
"""The kind of job that runs one round of the loop."""
_MOST_UNTRAINED: Final = 20


class TooManyTrainingsError(WapagandaError):
    """Too many projects wait for their first training."""


@dataclass(frozen=True, slots=True)
class TrainingStatus:
    """A training in the job table.

    ``reason``: why it was submitted. ``next_attempt`` (Unix seconds): when it waits after a failure.
    ``seconds_left``: about, while it runs; ``None``: not known yet. ``starts_at`` (Unix seconds): of one that
    waits. ``stopping``: it was cancelled and has not ended yet.
    """

    id: str
    project: str
    state: str
    progress: str = ""
    fraction: float | None = None
    error: str | None = None
    next_attempt: float | None = None
    reason: str = ""
    seconds_left: float | None = None
    starts_at: float | None = None
    stopping: bool = False


class Trainings(Protocol):
    """The job table."""

    def submit(self, project: str, kind: str, reason: str, debounce_seconds: float) -> str:
        """Queue a job, or join the queued one; return its id."""

    def jobs(self) -> Sequence[TrainingStatus]:
        """The latest jobs, newest first."""

    def state(self, project: str, job: str) -> str | None:
        """The state of a job of the project; ``None``: it has no such job."""

    def cancel(self, project: str, job: str) -> None:
        """Cancel a job of the project; nothing changes if it is over.

        Raises:
            WapagandaError: there is no such job, or trainings are off.
        """

    def retry_now(self, project: str | None = None) -> None:
        """Try the jobs of a project, or of all, that wait after a failure."""


@dataclass(frozen=True, slots=True)
class TriggerConfig:
    """An automatic training starts after ``after_labels`` new labels (0: never) and ``debounce_seconds``
    without another event.
    """

    after_labels: int = 50
    debounce_seconds: float = 30.0


class TrainingTrigger:
    """Stores events in the project state and submits jobs; only one thread at a time may call it."""

    def __init__(
        self, projects: ProjectState, trainings: Trainings, has_model: "HasModel", config: TriggerConfig
    ) -> None:
        self._projects = projects
        self._trainings = trainings
        self._has_model = has_model
        self._config = config

    def apply(self, events: Sequence[WebhookEvent]) -> str | None:
        """Store events of one project, oldest first; return the training that they request or make due."""
        projects = [each.project for each in events if each.project is not None]
        if not projects:
            return None
        key = projects[0].key
        project = replace(projects[-1], created=_last([each.created for each in projects]))
        before = self._projects.record(key)
        configs = [before.label_config if before else None, *(each.label_config for each in events)]
        totals = [each.total for each in events]
        title = _last([each.title for each in events])
        after = self._projects.upsert_project(project, _last(configs), _last(totals), title)
        first = next((total for total in totals if total is not None), after.total)
        if after.trained_total is None and first is not None:
            self._projects.set_baseline(key, first if self._has_model(key) else 0)
        self._projects.record_labels(*events)
        for waiting in settle(self._projects, self._trainings, key):
            self._projects.take(key, waiting)  # it was labelled before that training has begun
        asked = [each.reason for each in events if each.train_now]
        if asked:
            self._refuse_too_many(key)
            return self._submit(project, 0.0, asked[-1])
        if self._has_model(key) and _labels_differ(configs):
            return self._submit(project, self._config.debounce_seconds, "The project has other labels now.")
        return self.train_if_due(project)

    def knows(self, key: str) -> bool:
        """Whether something is remembered about the project, or it has a model."""
        return self._projects.record(key) is not None or self._has_model(key)

    def train_if_due(self, project: ProjectRef) -> str | None:
        """Submit a debounced job when enough labels are new that no training will see."""
        new = self._projects.free_labels(project.key)
        if not 0 < self._config.after_labels <= new:
            return None
        return self._submit(project, self._config.debounce_seconds, f"{new} new labels.")

    def catch_up(self) -> None:
        """After a start: try again what failed, and submit what became due before the server stopped."""
        self._trainings.retry_now()
        for record in self._projects.records():
            settle(self._projects, self._trainings, record.ref.key)
            self.train_if_due(record.ref)

    def retry(self, project: ProjectRef) -> None:
        """Try a training that waits after a failure: the project has a new token."""
        self._trainings.retry_now(project.key)

    def _refuse_too_many(self, key: str) -> None:
        """Projects without a model must not fill the queue: anybody can name numbers that do not exist."""
        if self._has_model(key):
            return
        waiting = {each.project for each in self._trainings.jobs() if each.state == "queued"} - {key}
        if sum(not self._has_model(each) for each in waiting) >= _MOST_UNTRAINED:
            raise TooManyTrainingsError(
                f"Expected at most {_MOST_UNTRAINED} projects that wait for their first training, was: more.",
                "Wait until some are done, or cancel them (selfish jobs).",
            )

    def _submit(self, project: ProjectRef, debounce_seconds: float, reason: str) -> str:
        job = self._trainings.submit(project.key, ROUND, reason, debounce_seconds)
        self._projects.take(project.key, job)
        logger.info("Training %s of %s: %s", job, project.key, reason)
        return job


def settle(projects: ProjectState, trainings: Trainings, key: str) -> list[str]:
    """Learn what became of a project's trainings: what a finished one has seen is not new any more.

    Returns those that have not begun. Every thread may call it.
    """
    waiting = []
    for job in projects.trainings(key):
        state = trainings.state(key, job)
        if state == "queued":
            waiting.append(job)
        elif state != "running":
            projects.finish(key, job, done=state == "done")
    return waiting


class HasModel(Protocol):
    """Whether a project has a model."""

    def __call__(self, project: str) -> bool:
        """Answer from memory."""


def _last(values: Sequence[Known | None]) -> Known | None:
    """The latest value that is known."""
    return next((value for value in reversed(values) if value is not None), None)


def _labels_differ(configs: Sequence[str | None]) -> bool:
    """Whether any of the configs has other labels than the one before it; ``None``: it is not known."""
    known = [each for each in configs if each is not None]
    return any(
        earlier != later and _labels(earlier) != _labels(later) != frozenset()
        for earlier, later in pairwise(known)
    )


def _labels(config: str | None) -> frozenset[str]:
    try:
        return frozenset(parse_label_config(config or "").labels)
    except ValueError:
        return frozenset()
