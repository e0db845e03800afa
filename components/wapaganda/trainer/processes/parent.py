"""Run trainings in several processes that never outlive this one."""

import logging
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

import torch

from wapaganda.trainer.job import Callbacks

_LOGGER = logging.getLogger(__name__)
_COMMAND = (sys.executable, "-P", "-m", "wapaganda.trainer.processes")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

Result = TypeVar("Result", covariant=True)
Messages = SimpleQueue[tuple[str, int, Any]]


class Training(Protocol[Result]):
    """A training that can be pickled, and whose result can."""

    def run(self, callbacks: Callbacks) -> Result:
        """Do it."""


def run_in_processes(tasks: Sequence[Training[Result]], n: int, callbacks: Callbacks) -> dict[int, Result]:
    """The results of tasks by their place in ``tasks``, from ``n`` processes that share the threads of this
    one. ``callbacks`` hear of all tasks together.

    A task whose process died has no result, and the log says so. All processes have ended when this returns
    or raises. They are in the process group of this one, and end by themselves soon after it was killed.
    """
    messages: Messages = SimpleQueue()
    listener = _Listener(len(tasks), callbacks)
    threads = max(1, torch.get_num_threads() // n)
    numbered = list(enumerate(tasks))
    results: dict[int, Result] = {}
    with ExitStack() as stack:
        for first in range(n):
            stack.enter_context(_child(pickle.dumps((threads, numbered[first::n])), threads, messages))
        running = n
        while running:
            kind, number, content = messages.get()
            if kind == "end":
                running -= 1
            elif kind == "result":
                results[number] = content
            else:
                listener.hear(kind, number, content)
    return results


class _Listener:
    """Passes on what the processes say while they work."""

    def __init__(self, n_tasks: int, callbacks: Callbacks) -> None:
        self._shares = [0.0] * n_tasks
        self._callbacks = callbacks

    def hear(self, kind: str, number: int, content: Any) -> None:  # noqa: ANN401 - by the kind
        """One message about the task ``number``."""
        if kind == "progress":
            step, done, total = content
            self._shares[number] = done / total
            whole = len(self._shares) * total
            self._callbacks.progress(step, round(sum(self._shares) * total), whole)
        elif kind == "step" and self._callbacks.on_step is not None:
            self._callbacks.on_step(content)
        elif kind == "log":
            level, name, text = content
            logging.getLogger(name).log(level, "%s", text)


@contextmanager
def _child(payload: bytes, threads: int, messages: Messages) -> Iterator[None]:
    """A process that works until the end of the ``with``, and a thread that talks with it."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    environment |= dict.fromkeys(_THREADS, str(threads))
    process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    with process:
        talk = threading.Thread(target=_talk, args=(process, payload, messages), daemon=True)
        talk.start()
        try:
            yield
        finally:
            process.kill()
            talk.join()


def _talk(process: subprocess.Popen[bytes], payload: bytes, messages: Messages) -> None:
    """Give a process its tasks and put its messages into the queue; the last one is its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(payload)
        process.stdin.close()
        while True:
            messages.put(pickle.load(process.stdout))
    except (EOFError, OSError, pickle.UnpicklingError):
        status = process.wait()
    if status:
        _LOGGER.warning("A process that trains has ended with status %d.", status)
    messages.put(("end", -1, status))
