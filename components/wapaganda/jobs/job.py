"""What a job is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Progress = Callable[[str, float | None], None]
"""Tells how far a job is: a short text and the share in [0, 1] that is done, None when nobody knows."""


class State(StrEnum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobError(Exception):
    """A job cannot be run as asked; the message says what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work for a project; times are Unix seconds.

    ``not_before`` is when a queued job may start, ``attempts`` how often a process was started for it,
    ``process`` the id of the one that works on it, ``error`` one sentence when it failed.
    """

    id: int
    project: str
    kind: str
    payload: Mapping[str, Any]
    state: State
    attempts: int
    progress_text: str
    progress_fraction: float | None
    error: str
    cancel_requested: bool
    not_before: float
    created_at: float
    started_at: float | None
    finished_at: float | None
    process: int | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)
