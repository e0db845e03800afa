"""The child's side: a process that works on one job and writes down its end itself."""

import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from wapaganda.jobs import life
from wapaganda.jobs.job import Job, JobError, Progress, State
from wapaganda.jobs.queue import JobQueue

_logger = logging.getLogger(__name__)
_PROGRESS_SECONDS = 0.5


class _Stopped(BaseException):
    """Somebody wants this process to stop; no `Exception`, so that the work does not swallow it."""


def run_child(queue_path: Path, job_id: int, work: Callable[[Job, Progress], None]) -> int:
    """Works on a job in this process, started by a `Supervisor`, and writes its end into the table.

    An error of ``work`` makes the job fail at once; SIGTERM makes it stop, cancelled or to be gone on with
    later. A job that is over already is left alone. Returns the exit status: 0, or 1 when the job failed.

    Raises:
        JobError: another process works for the project.
        KeyError: there is no such job.
    """
    signal.signal(signal.SIGTERM, _stop)
    queue = JobQueue(queue_path)
    job = queue.get(job_id)
    path = queue.lock_path(job.project)
    lock = life.adopt_stdin(path)
    if lock is None:
        lock = life.take(path)
    if lock is None:
        raise JobError(f"Expected no other process to work for project {job.project}, was: one that does")
    try:
        # The end is on the disk before the lock goes, so nobody takes a finished job for a dead one.
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
        queue.end(job.id, State.FAILED, f"{type(error).__name__}: {error}")
        return 1
    return 0


def _progress(queue: JobQueue, job_id: int) -> Progress:
    last_text, last_time = "", 0.0

    def tell(text: str, fraction: float | None = None) -> None:
        nonlocal last_text, last_time
        now = time.monotonic()
        if text == last_text and now - last_time < _PROGRESS_SECONDS:
            return
        last_text, last_time = text, now
        if queue.progress(job_id, text, fraction):
            raise _Stopped

    return tell


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stopped
