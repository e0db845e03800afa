"""The supervisor: a thread that starts a process for every job, and another one when it died."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Sequence
from typing import Self

from wapaganda.jobs import process_lock
from wapaganda.jobs.job import Job, JobError, State
from wapaganda.jobs.queue import JobQueue

_logger = logging.getLogger(__name__)
_STOP_POLL_SECONDS = 0.05


class Supervisor:
    """Runs the jobs of a queue as processes ``command + [job id]``, which call `run_child`.

    A process survives the death of the supervisor; the next supervisor finds it by the lock that it holds.
    A process that died is replaced, up to ``max_attempts`` processes for a job. To cancel a job, its process
    group gets SIGTERM, and SIGKILL ``grace_seconds`` later. Jobs of the kinds in ``background`` start when no
    other job is due; when one is, they are stopped and queued again. The output of the processes goes to
    `JobQueue.log_path`.
    """

    def __init__(
        self,
        queue: JobQueue,
        command: Sequence[str],
        *,
        max_running: int = 1,
        max_attempts: int = 3,
        poll_seconds: float = 0.5,
        grace_seconds: float = 10.0,
        background: Collection[str] = (),
    ) -> None:
        self.queue = queue
        self.command = tuple(command)
        self._max_running = max_running
        self._max_attempts = max_attempts
        self._poll_seconds = poll_seconds
        self._grace_seconds = grace_seconds
        self._background = frozenset(background)
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._kill_at: dict[int, float] = {}
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; a second call does nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="job-supervisor", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread and the processes of all running jobs, whoever started them; the jobs continue with
        the next start."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        deadline = time.monotonic() + self._grace_seconds
        # Also the processes that an earlier supervisor has left behind.
        adopted = [each for each in self._living() if each.id not in self._children]
        for process in [*(child.pid for child in self._children.values()), *_processes(adopted)]:
            _signal_group(process, signal.SIGTERM)
        for child in self._children.values():
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(child.pid, signal.SIGKILL)
                child.wait()
        self._children.clear()
        while (left := [each for each in adopted if self.queue.is_alive(each.project)]) and (
            time.monotonic() < deadline
        ):
            time.sleep(_STOP_POLL_SECONDS)
        for process in _processes(left):
            _signal_group(process, signal.SIGKILL)

    def _living(self) -> list[Job]:
        """The running jobs that have a living process."""
        return [each for each in self.queue.running() if self.queue.is_alive(each.project)]

    def wake(self) -> None:
        """Look at the queue now instead of at the next turn."""
        self._wanted.set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wanted.clear()
            try:
                self._turn()
            except Exception:
                # A full disk or a locked table is temporary: the thread must go on.
                _logger.exception("The job supervisor failed to read or start jobs; it tries again")
            self._wanted.wait(self._poll_seconds)

    def _turn(self) -> None:
        self._children = {number: child for number, child in self._children.items() if child.poll() is None}
        living, running = 0, self.queue.running()
        self._kill_at = {job.id: self._kill_at[job.id] for job in running if job.id in self._kill_at}
        due = sorted(self.queue.due(), key=lambda job: job.kind in self._background)
        waiting = bool(due) and due[0].kind not in self._background
        for job in running:
            gives_way = waiting and job.kind in self._background
            if self.queue.is_alive(job.project):
                living += 1
                if job.cancel_requested or gives_way:
                    self._stop_process(job)
            elif gives_way and not job.cancel_requested:
                self.queue.put_back(job.id)
            elif self._may_go_on(job) and living < self._max_running:
                living += self._start(job)
        for job in due:
            if living >= self._max_running:
                return
            living += self._start(job)

    def _may_go_on(self, job: Job) -> bool:
        """Whether a job whose process died gets another process; ends the job if not."""
        # The process may have written the end and exited since the list was read.
        job = self.queue.get(job.id)
        if job.state != State.RUNNING:
            return False
        if job.cancel_requested:
            self.queue.end(job.id, State.CANCELLED)
            return False
        if job.attempts >= self._max_attempts:
            output = self.queue.log_path(job.id)
            error = f"The process of the job died {job.attempts} times. Its output is in {output}."
            _logger.error("Job %d failed: %s", job.id, error)
            self.queue.end(job.id, State.FAILED, error)
            return False
        return True

    def _start(self, job: Job) -> bool:
        self.queue.prune()
        lock = process_lock.take(self.queue.lock_path(job.project))
        if lock is None:
            return False
        try:
            if not self.queue.begin(job.id):
                return False
            _logger.info("Job %d (%s of %s) starts", job.id, job.kind, job.project)
            child = self._children[job.id] = self._spawn(job.id, lock)
            self.queue.set_process(job.id, child.pid)
        except OSError as error:
            failure = JobError(f"Expected a command that can be started, was: {error}.")
            failure.__cause__ = error
            self.queue.fail(job.id, failure)
            return False
        finally:
            os.close(lock)
        return True

    def _spawn(self, job_id: int, lock: int) -> subprocess.Popen[bytes]:
        path = self.queue.log_path(job_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        # A file, not a pipe: a pipe would break when the supervisor is killed.
        with path.open("ab") as log:
            return subprocess.Popen(
                [*self.command, str(job_id)], stdin=lock, stdout=log, stderr=log, start_new_session=True
            )

    def _stop_process(self, job: Job) -> None:
        if job.process is None:
            return
        now = time.monotonic()
        if job.id not in self._kill_at:
            self._kill_at[job.id] = now + self._grace_seconds
            _signal_group(job.process, signal.SIGTERM)
        elif now >= self._kill_at[job.id]:
            _signal_group(job.process, signal.SIGKILL)


def _processes(jobs: Sequence[Job]) -> list[int]:
    return [job.process for job in jobs if job.process is not None]


def _signal_group(process: int, number: signal.Signals) -> None:
    try:
        os.killpg(process, number)
    except ProcessLookupError:
        _logger.debug("Process group %d has ended already", process)
