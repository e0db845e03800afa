"""The queue of jobs: who wants what done, and how far it is."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wapaganda.jobs import life
from wapaganda.jobs.job import Job, State
from wapaganda.jobs.table import Table, rows

_LONGEST_DEBOUNCE = 10
_LONGEST_ERROR = 2_000


class JobQueue:
    """The jobs in the SQLite file ``path``: at most one running for a project, one queued of each kind.

    Several threads and processes may use one file at a time.

    Raises:
        JobError: the file is no job table.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = Path(path).absolute()
        self._table = Table(self.path)
        self._clock = clock

    def submit(
        self, project: str, kind: str, payload: Mapping[str, Any] | None = None, debounce_seconds: float = 0.0
    ) -> Job:
        """Asks for work; a queued job of the same project and kind takes the payload in, new over old.

        The job starts after ``debounce_seconds`` without another submission, after ten times that at the
        latest; what was once asked for without delay is not delayed by a later submission.

        Raises:
            TypeError: the payload holds something that JSON cannot.
        """
        now = self._clock()
        with self._table.writing() as connection:
            queued = rows(connection, "project = ? AND kind = ? AND state = 'queued'", (project, kind))
            if not queued:
                number = connection.execute(
                    "INSERT INTO jobs (project, kind, payload, not_before, created_at) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (project, kind, json.dumps(dict(payload or {})), now + debounce_seconds, now),
                ).lastrowid
            else:
                number = queued[0].id
                connection.execute(
                    "UPDATE jobs SET payload = ?, not_before = ? WHERE id = ?",
                    (*_merged(queued[0], payload or {}, now, debounce_seconds), number),
                )
            return rows(connection, "id = ?", (number,))[0]

    def get(self, job_id: int) -> Job:
        """The job with this id.

        Raises:
            KeyError: there is no such job.
        """
        found = self._table.read("id = ?", (job_id,))
        if not found:
            raise KeyError(f"Expected the id of a job, was: {job_id}")
        return found[0]

    def progress(self, job_id: int, text: str, fraction: float | None = None) -> bool:
        """Writes down how far a running job is; returns whether somebody wants it cancelled."""
        with self._table.writing() as connection:
            row = connection.execute(
                "UPDATE jobs SET progress_text = ?, progress_fraction = ? WHERE id = ? AND state = 'running' "
                "RETURNING cancel_requested",
                (text, fraction, job_id),
            ).fetchone()
        return row is not None and bool(row[0])

    def cancel(self, job_id: int) -> Job:
        """Cancels a job: at once when no process works on it, else when the supervisor has stopped that.

        Raises:
            KeyError: there is no such job.
        """
        job = self.get(job_id)
        with self._table.writing() as connection:
            connection.execute(
                "UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND state IN ('queued', 'running')",
                (job_id,),
            )
            connection.execute(
                "UPDATE jobs SET state = 'cancelled', finished_at = ? WHERE id = ? AND state = 'queued'",
                (self._clock(), job_id),
            )
        if self.get(job_id).state == State.RUNNING and not self.is_alive(job.project):
            self.end(job_id, State.CANCELLED)
        return self.get(job_id)

    def is_alive(self, project: str) -> bool:
        """Whether a process works for the project at this moment."""
        return life.is_alive(self.lock_path(project))

    def lock_path(self, project: str) -> Path:
        """The file on which the process that works for a project holds its lock."""
        return life.lock_path(self.path, project)

    def log_path(self, job_id: int) -> Path:
        """The file that takes what the processes of a job print."""
        return self.path.parent / "job-logs" / f"{job_id}.log"

    def running(self) -> list[Job]:
        """The jobs that were begun and are not over, whether their process lives or not, oldest first."""
        return self._table.read("state = 'running' ORDER BY id")

    def due(self) -> list[Job]:
        """The queued jobs that may start now, in the order in which they became due."""
        return self._table.read(
            "state = 'queued' AND not_before <= ? ORDER BY not_before, id", (self._clock(),)
        )

    def begin(self, job_id: int) -> bool:
        """Writes down a start, the first or one after a death; only for who holds the project's lock.

        Returns False when the job may not start: it is over, or another one of the project is running.
        """
        with self._table.writing() as connection:
            cursor = connection.execute(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, started_at = ?, process = NULL "
                "WHERE id = ? AND state IN ('queued', 'running') AND NOT cancel_requested AND NOT EXISTS ("
                "SELECT 1 FROM jobs other WHERE other.project = jobs.project AND other.state = 'running' "
                "AND other.id != jobs.id)",
                (self._clock(), job_id),
            )
            return cursor.rowcount == 1

    def set_process(self, job_id: int, process: int) -> None:
        """Writes down which process works on a job."""
        with self._table.writing() as connection:
            connection.execute(
                "UPDATE jobs SET process = ? WHERE id = ? AND state = 'running'", (process, job_id)
            )

    def interrupt(self, job_id: int) -> None:
        """Takes back the start of a running job that was stopped for no fault of its own."""
        with self._table.writing() as connection:
            connection.execute(
                "UPDATE jobs SET attempts = attempts - 1, "
                "progress_text = 'interrupted, goes on with the next start' "
                "WHERE id = ? AND state = 'running'",
                (job_id,),
            )

    def end(self, job_id: int, state: State, error: str = "") -> None:
        """Writes down the end of a running job; the first end counts, later ones change nothing."""
        with self._table.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, error = ?, finished_at = ?, process = NULL "
                "WHERE id = ? AND state = 'running'",
                (str(state), error[:_LONGEST_ERROR], self._clock(), job_id),
            )

    def list(self, project: str | None = None, limit: int = 50) -> list[Job]:
        """The newest jobs, of one project or of all, newest first."""
        if project is None:
            return self._table.read("TRUE ORDER BY id DESC LIMIT ?", (limit,))
        return self._table.read("project = ? ORDER BY id DESC LIMIT ?", (project, limit))


def _merged(job: Job, payload: Mapping[str, Any], now: float, debounce_seconds: float) -> tuple[str, float]:
    latest = min(now + debounce_seconds, job.created_at + _LONGEST_DEBOUNCE * debounce_seconds)
    due = job.not_before if job.not_before <= now else max(latest, now)
    return json.dumps({**job.payload, **payload}), due
