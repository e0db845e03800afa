"""When a training starts: asked for, or enough new labels, or other labels than before."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from wapaganda.annotation import parse_label_config
from wapaganda.ml_backend.book import Book, ProjectRecord
from wapaganda.ml_backend.events import Intent
from wapaganda.ml_backend.identity import ProjectRef

logger = logging.getLogger(__name__)

ROUND: Final = "round"
"""The kind of job that runs one round of the loop."""


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """A training as the job table knows it."""

    id: str
    project: str
    state: str
    progress: str = ""
    fraction: float | None = None
    error: str | None = None


class Trainings(Protocol):
    """The job table."""

    def submit(self, project: str, kind: str, reason: str, debounce_seconds: float) -> str:
        """Queue a job, or join the one that is queued already; its id."""

    def jobs(self) -> Sequence[TrainingJob]:
        """The latest jobs, newest first."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A training starts by itself after ``after_labels`` new labels (0: never), ``debounce_seconds`` of quiet
    later.
    """

    after_labels: int = 50
    debounce_seconds: float = 30.0


class TrainingDesk:
    """Turns intents into entries of the book and into jobs; called by one thread at a time."""

    def __init__(self, book: Book, trainings: Trainings, has_model: "HasModel", rules: Rules) -> None:
        self._book = book
        self._trainings = trainings
        self._has_model = has_model
        self._rules = rules

    def apply(self, intent: Intent) -> str | None:
        """Do what an event asks for; the id of the job, if it asked for one or made one due."""
        if intent.project is None:
            return None
        key = intent.project.key
        before = self._book.record(key)
        after = self._book.meet(intent.project, intent.label_config, intent.total)
        if after.trained_total is None and after.total is not None:
            self._book.set_baseline(key, after.total if self._has_model(key) else 0)
        self._book.note(intent)
        if intent.train_now:
            return self._submit(intent.project, 0.0, intent.reason)
        if self._has_model(key) and _labels_differ(before, after):
            return self._submit(
                intent.project, self._rules.debounce_seconds, "The project has other labels now."
            )
        return self.train_if_due(intent.project)

    def train_if_due(self, project: ProjectRef) -> str | None:
        """Submit a debounced job when enough labels are new."""
        new = self._book.new_labels(project.key)
        if not 0 < self._rules.after_labels <= new:
            return None
        return self._submit(project, self._rules.debounce_seconds, f"{new} new labels.")

    def catch_up(self) -> None:
        """After a start: submit what became due and was not submitted before the end."""
        for record in self._book.records():
            self.train_if_due(record.ref)

    def _submit(self, project: ProjectRef, debounce_seconds: float, reason: str) -> str:
        job = self._trainings.submit(project.key, ROUND, reason, debounce_seconds)
        self._book.trained(project.key)
        logger.info("Training %s of %s: %s", job, project.key, reason)
        return job


class HasModel(Protocol):
    """Whether a project has a model."""

    def __call__(self, project: str) -> bool:
        """From memory."""


def _labels_differ(before: ProjectRecord | None, after: ProjectRecord) -> bool:
    if before is None or before.label_config is None or before.label_config == after.label_config:
        return False
    return _labels(before.label_config) != _labels(after.label_config) != frozenset()


def _labels(config: str | None) -> frozenset[str]:
    try:
        return frozenset(parse_label_config(config or "").labels)
    except ValueError:
        return frozenset()
