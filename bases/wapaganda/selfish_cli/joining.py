"""Join a training of the ML backend on the same project, and watch it to its end."""

import time
from typing import TYPE_CHECKING

from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.project_context import ADAPTATION
from wapaganda.selfish_cli.project import CliProject, open_jobs
from wapaganda.selfish_cli.ui.console import Console

if TYPE_CHECKING:
    from wapaganda.jobs import Job, JobQueue

POLL = 0.5
"""Seconds between two looks at the job table."""
SOON = 60.0
"""A queued training that may start within so many seconds is waited for."""
_SLACK = 10.0
"""Seconds after which a training that should have started, or whose process is gone, is given up."""


def join_training(context: CliProject, console: Console, progress: Progress) -> "Job | None":
    """Watch the training of the project that runs, or starts soon, until it ends; the job when it is done.

    ``None``: there is none at work, or it failed: the caller goes on by itself. Ctrl-C leaves it alone.

    Raises:
        InputError: it was cancelled.
    """
    queue = open_jobs(context.settings)
    job = _at_work(context.key, queue) if queue else None
    if queue is None or job is None:
        return None
    reason = f" ({job.reason.rstrip('.')})" if job.reason else ""
    console.say(f"The ML backend trains this project: training {job.id}{reason}. It is shown until it ends.")
    try:
        job = _watched(queue, job, progress)
    except KeyboardInterrupt:
        console.say(f"Training {job.id} goes on in the backend; selfish jobs cancel {job.id} stops it.")
        raise
    if job.state == "done":
        return job
    if job.state == "cancelled":
        raise InputError(
            f"Expected training {job.id} to end, was: it was cancelled.",
            "Repeat the command to run a round of your own.",
        )
    why = f": {job.error}" if job.error else ""
    console.warn(f"Training {job.id} of the backend has not ended{why}. This command goes on without it.")
    return None


def _at_work(key: str, queue: "JobQueue") -> "Job | None":
    """The training whose process runs or is being started, or that is queued to start soon."""
    found = [each for each in queue.list(key, 20) if not each.is_over and each.kind != ADAPTATION]
    running = [each for each in found if each.state == "running"]
    if running:
        is_new = time.time() - (running[0].started_at or 0.0) <= _SLACK
        return running[0] if is_new or queue.is_alive(key) else None
    soon = [each for each in found if not each.error and each.not_before - time.time() <= SOON]
    return soon[0] if soon else None


def _watched(queue: "JobQueue", job: "Job", progress: Progress) -> "Job":
    """The job when it is over, is queued after a failure, or its process does not come or is gone."""
    last_sign = time.monotonic()
    while not job.is_over:
        if job.state == "running":
            share = job.progress_fraction
            progress(job.progress_text or "train", round(100 * (share or 0)), 0 if share is None else 100)
            is_at_work = queue.is_alive(job.project)
        elif job.error:
            return job
        else:
            progress("wait", 0, 0)
            is_at_work = job.not_before >= time.time()
        if is_at_work:
            last_sign = time.monotonic()
        elif time.monotonic() - last_sign > _SLACK:
            return job
        time.sleep(POLL)
        job = queue.get(job.id)
    return job
