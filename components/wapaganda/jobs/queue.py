"""The queue of jobs: submitted, started, followed, cancelled."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from wapaganda.errors import tell
from wapaganda.jobs import process_lock
from wapaganda.jobs.job import Job, JobError, State, UnknownJobError
from wapaganda.jobs.retries import pause_after
from wapaganda.jobs.table import MIGRATIONS, payload, rows
from wapaganda.storage import Database

_LONGEST_DEBOUNCE = 10
_LONGEST_ERROR = 2_000


class JobQueue:
    """The jobs in the SQLite file ``path``: for each project at most one running, and one queued of a kind.

    Several threads and processes may use one file at the same time: a terminal can list and cancel jobs
    while the backend runs. ``on_damage``: as in `storage.Database`.

    Raises:
        JobError: the file is no job table, or a newer version of wapaganda wrote it.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        on_damage: Callable[[], object] | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        self._table = Database(self.path, MIGRATIONS, "a job table", JobError, on_damage)
        self._clock = clock

    def submit(self, project: str, kind: str, reason: str = "", debounce_seconds: float = 0.0) -> Job:
        """Submit a job, or give the queued job of the same project and kind the new reason.

        The job starts after ``debounce_seconds`` without another submission, after ten times that at the
        latest. A job that may start immediately is not delayed by a later submission. One that waits for its
        next attempt after a failure starts earlier only without ``debounce_seconds``.
        """
        now = self._clock()
        with self._table.writing() as connection:
            queued = rows(connection, "project = ? AND kind = ? AND state = 'queued'", (project, kind))
            if not queued:
                number = connection.execute(
                    "INSERT INTO jobs (project, kind, payload, not_before, created_at, queued_at) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (project, kind, payload(reason), now + debounce_seconds, now, now),
                ).lastrowid
            else:
                number = queued[0].id
                due = _due(queued[0], now, debounce_seconds)
                connection.execute(
                    "UPDATE jobs SET payload = ?1, not_before = ?2, queued_at = ?3, "
                    "retries = CASE WHEN ?4 > 0 THEN retries ELSE 0 END WHERE id = ?5",
                    (payload(reason), due, now, debounce_seconds, number),
                )
            return rows(connection, "id = ?", (number,))[0]

    def skip_numbers(self) -> None:
        """Number the next jobs above those that have a log: a process of a lost table may still write to one.

        For a new table in the place of a damaged one.
        """
        logs = self.log_path(0).parent.glob("*.log")
        last = max((int(each.stem) for each in logs if each.stem.isdigit()), default=0)
        with self._table.writing() as connection:
            connection.execute("DELETE FROM sqlite_sequence WHERE name = 'jobs'")
            connection.execute("INSERT INTO sqlite_sequence VALUES ('jobs', ?)", (last,))

    def prune(self, newest: int = 200) -> int:
        """Delete the jobs that are over, except the ``newest``, and their logs; return how many jobs."""
        with self._table.writing() as connection:
            over = "state IN ('done', 'failed', 'cancelled')"
            found = connection.execute(
                f"DELETE FROM jobs WHERE {over} AND id NOT IN "
                f"(SELECT id FROM jobs WHERE {over} ORDER BY id DESC LIMIT ?) RETURNING id",
                (newest,),
            ).fetchall()
        for (number,) in found:
            self.log_path(number).unlink(missing_ok=True)
        return len(found)

    def get(self, job_id: int) -> Job:
        """The job with this id.

        Raises:
            UnknownJobError: there is no such job.
        """
        found = self._read("id = ?", (job_id,))
        if not found:
            raise UnknownJobError(f"Expected the id of a job, was: {job_id}.")
        return found[0]

    def progress(self, job_id: int, text: str, fraction: float | None = None) -> bool:
        """Store the progress of a running job; return whether its cancellation was requested."""
        with self._table.writing() as connection:
            row = connection.execute(
                "UPDATE jobs SET progress_text = ?1, progress_fraction = ?2, "
                "step_at = CASE WHEN progress_text = ?1 "
                "AND coalesce(progress_fraction, 0) <= coalesce(?2, 0) "  # else it has begun again
                "THEN coalesce(step_at, ?3) ELSE ?3 END "
                "WHERE id = ?4 AND state = 'running' RETURNING cancel_requested",
                (text, fraction, self._clock(), job_id),
            ).fetchone()
        return row is not None and bool(row[0])

    def cancel(self, job_id: int) -> Job:
        """Cancel a job, and return it as it is now.

        A queued job, or a running one whose process died, is cancelled immediately. For a running job the
        request is stored; the supervisor stops its process. A job that is over does not change.

        Raises:
            UnknownJobError: there is no such job.
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
        """Whether a process works for the project now."""
        return process_lock.is_alive(self.lock_path(project))

    def lock_path(self, project: str) -> Path:
        """The lock file of the process that works for a project."""
        return process_lock.lock_path(self.path, project)

    def log_path(self, job_id: int) -> Path:
        """The log file with the output of the processes of a job."""
        return self.path.parent / "job-logs" / f"{job_id}.log"

    def running(self) -> list[Job]:
        """The jobs that have started and are not over, with a living process or without, oldest first."""
        return self._read("state = 'running' ORDER BY id")

    def due(self) -> list[Job]:
        """The queued jobs that may start now, in the order in which they became due.

        A clock that was put back does not delay a job: it waits for as long as was meant, from now on.
        """
        now = self._clock()
        if self._read("state = 'queued' AND queued_at > ? LIMIT 1", (now,)):
            with self._table.writing() as connection:
                connection.execute(
                    "UPDATE jobs SET not_before = ?1 + max(0, not_before - queued_at), queued_at = ?1 "
                    "WHERE state = 'queued' AND queued_at > ?1",
                    (now,),
                )
        return self._read("state = 'queued' AND not_before <= ? ORDER BY not_before, id", (now,))

    def retry_now(self, project: str | None = None) -> None:
        """Let the jobs of a project, or of all, that wait for their next attempt start now."""
        now = self._clock()
        with self._table.writing() as connection:
            connection.execute(
                "UPDATE jobs SET not_before = ?1, queued_at = ?1, retries = 0 "
                "WHERE state = 'queued' AND error != '' AND project = coalesce(?2, project)",
                (now, project),
            )

    def begin(self, job_id: int) -> bool:
        """Store that a process starts, the first or a later one; the caller must hold the project's lock.

        Returns False when the job may not start: it is over, or another job of the project is running.
        """
        with self._table.writing() as connection:
            cursor = connection.execute(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, started_at = ?, process = NULL, "
                "error = '', step_at = NULL "
                "WHERE id = ? AND state IN ('queued', 'running') AND NOT cancel_requested AND NOT EXISTS ("
                "SELECT 1 FROM jobs other WHERE other.project = jobs.project AND other.state = 'running' "
                "AND other.id != jobs.id)",
                (self._clock(), job_id),
            )
            return cursor.rowcount == 1

    def set_process(self, job_id: int, process: int) -> None:
        """Store the id of the process that works on a job."""
        with self._table.writing() as connection:
            connection.execute(
                "UPDATE jobs SET process = ? WHERE id = ? AND state = 'running'", (process, job_id)
            )

    def interrupt(self, job_id: int) -> None:
        """Undo the start of a running job that stopped with the supervisor; the attempt does not count."""
        with self._table.writing() as connection:
            connection.execute(
                "UPDATE jobs SET attempts = attempts - 1, "
                "progress_text = 'interrupted, continues with the next start' "
                "WHERE id = ? AND state = 'running'",
                (job_id,),
            )

    def put_back(self, job_id: int) -> None:
        """Queue a running job again that has stopped for another one; the start does not count.

        If another one of the project and kind is queued, it takes its place.
        """
        with self._table.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'cancelled', finished_at = ?1, process = NULL WHERE id = ?2 "
                "AND state = 'running' AND EXISTS (SELECT 1 FROM jobs other WHERE other.state = 'queued' "
                "AND other.project = jobs.project AND other.kind = jobs.kind)",
                (self._clock(), job_id),
            )
            connection.execute(
                "UPDATE jobs SET state = 'queued', attempts = max(0, attempts - 1), process = NULL, "
                "progress_text = '', progress_fraction = NULL, not_before = ?1, queued_at = ?1 "
                "WHERE id = ?2 AND state = 'running'",
                (self._clock(), job_id),
            )

    def end(self, job_id: int, state: State, error: str = "") -> None:
        """Store the end of a running job; only the first end counts."""
        with self._table.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, error = ?, finished_at = ?, process = NULL "
                "WHERE id = ? AND state = 'running'",
                (str(state), error[:_LONGEST_ERROR], self._clock(), job_id),
            )

    def fail(self, job_id: int, error: Exception) -> Job:
        """Store that a running job failed, and return it as it is now.

        After a fault that passes (`wapaganda.errors.retry_of`) it is queued again for a later attempt, unless
        it shall be cancelled. If another job of the project and kind is queued, that one takes its place.
        """
        sentence = str(tell(error, self.log_path(job_id)))[:_LONGEST_ERROR]
        job = self.get(job_id)
        pause = pause_after(error, job.retries)
        if job.cancel_requested:
            self.end(job_id, State.CANCELLED)
        elif pause is None or not self._postpone(job, sentence, self._clock(), pause):
            self.end(job_id, State.FAILED, sentence)
        return self.get(job_id)

    def _postpone(self, job: Job, error: str, now: float, pause: float) -> bool:
        """Queue a running job again; False when another queued one inherits its retries instead."""
        with self._table.writing() as connection:
            # One that may start already was asked for meanwhile: it is not delayed.
            inherited = connection.execute(
                "UPDATE jobs SET retries = ?, error = ?, queued_at = ?, "
                "not_before = CASE WHEN not_before <= ? THEN not_before ELSE max(not_before, ?) END "
                "WHERE project = ? AND kind = ? AND state = 'queued'",
                (job.retries + 1, error, now, now, now + pause, job.project, job.kind),
            )
            if inherited.rowcount:
                return False
            connection.execute(
                "UPDATE jobs SET state = 'queued', retries = retries + 1, error = ?, not_before = ?, "
                "queued_at = ?, attempts = 0, process = NULL, progress_text = '', progress_fraction = NULL "
                "WHERE id = ? AND state = 'running' AND NOT cancel_requested",
                (error, now + pause, now, job.id),
            )
            return True

    def _read(self, where: str, values: Sequence[Any] = ()) -> list[Job]:
        with self._table.reading() as connection:
            return rows(connection, where, values)

    def list(self, project: str | None = None, limit: int = 50) -> list[Job]:
        """The newest jobs, of one project or of all, newest first."""
        if project is None:
            return self._read("TRUE ORDER BY id DESC LIMIT ?", (limit,))
        return self._read("project = ? ORDER BY id DESC LIMIT ?", (project, limit))


def _due(job: Job, now: float, debounce_seconds: float) -> float:
    """When a queued job may start after one more submission."""
    if job.waits_to_retry and debounce_seconds:
        return job.not_before
    latest = min(now + debounce_seconds, job.created_at + _LONGEST_DEBOUNCE * debounce_seconds)
    return job.not_before if job.not_before <= now else max(latest, now)
