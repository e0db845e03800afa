"""A job and its states."""

from dataclasses import dataclass
from enum import StrEnum

from wapaganda.errors import InputError, WapagandaError


class State(StrEnum):
    """The state of a job; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobError(WapagandaError):
    """A job cannot run, or the file of the job table cannot be used."""


class UnknownJobError(InputError, KeyError):
    """There is no job with the given id."""

    __str__ = Exception.__str__  # a KeyError would show its message in quotes


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work for a project; times are Unix seconds.

    ``reason`` is one sentence: why the job was submitted. ``not_before`` is the earliest start of a queued
    job. ``attempts`` counts the processes that were started for it, ``process`` is the id of the current
    one. ``progress_fraction`` is in [0, 1], None when the end is not known. ``error`` is one sentence when
    the job failed, or waits for its next attempt after a fault that passes; else empty. ``retries`` counts
    such faults in a row. ``queued_at`` is when ``not_before`` was set. ``step_at`` is when the step that
    ``progress_text`` names began; None before the first one.
    """

    id: int
    project: str
    kind: str
    reason: str
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
    retries: int = 0
    queued_at: float = 0.0
    step_at: float | None = None

    @property
    def waits_to_retry(self) -> bool:
        """Whether it failed for a reason that passes and is queued for its next attempt."""
        return self.state == State.QUEUED and bool(self.error)

    @property
    def is_over(self) -> bool:
        """Whether the state is final."""
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)
