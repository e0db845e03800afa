"""Worker processes that run rounds; they never outlive the process that started them."""

import logging
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Self

from wapaganda.errors import WapagandaError
from wapaganda.simulation.records import TaskResult
from wapaganda.simulation.schedule import Task

if TYPE_CHECKING:
    from wapaganda.simulation.runner import Runner

_LOGGER = logging.getLogger(__name__)


class WorkerError(WapagandaError):
    """A round failed, or its process died; one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Done:
    """A finished task, its result, and how many seconds it took."""

    task: Task
    finding: TaskResult
    seconds: float


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: "Connection[object, object]"
    task: Task | None = None


class Workers:
    """``n`` processes with ``threads`` threads each and the same runner; use it in a ``with``, whose end
    kills them."""

    def __init__(self, n: int, threads: int, runner: "Runner") -> None:
        self._n, self._threads = n, threads
        self._payload = pickle.dumps(runner)
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        with _single_threaded_libraries(self._threads):
            for _ in range(self._n):
                mine, theirs = context.Pipe()
                # Not a daemon: a daemonic process is refused children, which a library may want.
                process = context.Process(target=_serve, args=(theirs, self._payload, self._threads))
                process.start()
                theirs.close()
                self._workers.append(_Worker(process, mine))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.connection.close()

    @property
    def n_idle(self) -> int:
        """How many have nothing to do."""
        return sum(worker.task is None for worker in self._workers)

    def give(self, task: Task) -> None:
        """Give a task to an idle worker."""
        worker = next(each for each in self._workers if each.task is None)
        worker.task = task
        try:
            worker.connection.send(task)
        except OSError:
            raise self._dead(worker) from None

    def wait(self, seconds: float | None) -> list[Done]:
        """The tasks that are finished, after ``seconds`` at the latest; there may be none.

        Raises:
            WorkerError: a task failed, or a process died.
        """
        # The system call has an upper limit of some weeks, so the wait is at most an hour.
        seconds = None if seconds is None else min(seconds, 3600.0)
        busy = {worker.connection: worker for worker in self._workers if worker.task is not None}
        return [self._receive(busy[ready]) for ready in wait(list(busy), seconds)]  # type: ignore[index]

    def _receive(self, worker: _Worker) -> Done:
        try:
            answer = worker.connection.recv()
        except (EOFError, OSError):
            raise self._dead(worker) from None
        worker.task = None
        if not isinstance(answer, Done):
            raise WorkerError(str(answer))
        return answer

    def _dead(self, worker: _Worker) -> WorkerError:
        worker.process.join(5)
        return WorkerError(
            f"Expected a process to finish its round, was: dead with status {worker.process.exitcode}, "
            "perhaps because memory ran out; the same command continues from the finished rounds."
        )


def _serve(connection: "Connection[object, object]", payload: bytes, threads: int) -> None:
    """The main function of a worker: take a task, do it, send the result."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; only the parent reacts
    threading.Thread(target=_die_with_parent, daemon=True).start()
    os.dup2(2, 1)  # what libraries print must not get into the one JSON object of the parent
    import torch

    torch.set_num_threads(threads)
    runner: Runner = pickle.loads(payload)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(_attempt(runner, task))  # type: ignore[arg-type]


def _attempt(runner: "Runner", task: Task) -> Done | str:
    """The result of the task, or a sentence that says why it failed."""
    started = time.monotonic()
    try:
        finding = runner.work(task)
    except Exception as error:
        sentence = str(error).strip()
        if not isinstance(error, WapagandaError):
            _LOGGER.exception("A round of %s with seed %d failed", task.run.arm.name, task.run.seed)
            sentence = f"{type(error).__name__}: {sentence}"
        return f"Round {task.round} of {task.run.arm.name} with seed {task.run.seed}: {sentence}"
    return Done(task, finding, time.monotonic() - started)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _single_threaded_libraries(threads: int) -> Iterator[None]:
    """Limit the threads of libraries in child processes: they read these variables at import."""
    before = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
