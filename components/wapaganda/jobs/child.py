"""The child's side: a process that works on one job and writes its end into the table itself."""

import logging
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from wapaganda.jobs import process_lock
from wapaganda.jobs.job import Job, JobError, State
from wapaganda.jobs.queue import JobQueue
from wapaganda.progress import Progress
from wapaganda.storage import is_damage

_logger = logging.getLogger(__name__)
_PROGRESS_SECONDS = 0.5


class _Stopped(BaseException):
    """This process must stop. Not an `Exception`, so that the work does not catch it."""


def run_child(queue_path: Path, job_id: int, work: Callable[[Job, Progress], None]) -> int:
    """Work on a job in this process, which a `Supervisor` started, and write its end into the table.

    An error of ``work`` makes the job fail, or wait for its next attempt if the fault passes. SIGTERM stops
    it: the job is cancelled if that was requested, else it continues with the next start. A finished job is
    not changed. Returns the exit status: 0, or 1 after an error.

    Raises:
        JobError: another process works for the project.
        UnknownJobError: there is no such job.
    """
    signal.signal(signal.SIGTERM, _stop)
    queue = JobQueue(queue_path)
    job = queue.get(job_id)
    path = queue.lock_path(job.project)
    lock = process_lock.adopt_stdin(path)
    if lock is None:
        lock = process_lock.take(path)
    if lock is None:
        raise JobError(f"Expected no other process to work for project {job.project}, was: one that does.")
    try:
        # The end is on the disk before the lock is released, so a finished job never looks like a dead one.
        return _work(queue, job, work)
    finally:
        os.close(lock)


def _work(queue: JobQueue, job: Job, work: Callable[[Job, Progress], None]) -> int:
    try:
        if job.state != State.RUNNING:
            return 0
        queue.set_process(job.id, os.getpid())
        work(job, _progress(queue, job.id))
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        queue.end(job.id, State.DONE)
    except _Stopped:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if queue.get(job.id).cancel_requested:
            queue.end(job.id, State.CANCELLED)
        else:
            queue.interrupt(job.id)
    except Exception as error:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _logger.exception("Job %d failed", job.id)
        _tell(queue.fail(job.id, error))
        return 1
    return 0


def _tell(job: Job) -> None:
    if job.waits_to_retry:
        when = datetime.fromtimestamp(job.not_before, UTC)
        _logger.warning("Job %d is tried again at %s.", job.id, f"{when:%Y-%m-%d %H:%M:%S} UTC")


def _progress(queue: JobQueue, job_id: int) -> Progress:
    """Write progress into the table, at most every half second for one step; stop when cancelled."""
    last_step, last_time = "", 0.0

    def report(step: str, done: int, total: int) -> None:
        nonlocal last_step, last_time
        now = time.monotonic()
        if step == last_step and now - last_time < _PROGRESS_SECONDS:
            return
        last_step, last_time = step, now
        try:
            stop = queue.progress(job_id, step, min(1.0, done / total) if total else None)
        except JobError as error:
            if not is_damage(error):
                raise
            _logger.warning("The progress is not shown: %s The work goes on.", error)  # the server mends it
            return
        if stop:
            raise _Stopped

    return report


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stopped
