"""The process of some trainings: ``python -m wapaganda.trainer.processes``, started by ``parent``.

It reads its threads and its tasks from standard input and writes messages to standard output, all as pickles.
It ends at the next step when nobody reads them any more.
"""

import logging
import os
import pickle
import signal
import sys
from collections.abc import Callable
from typing import Any

from wapaganda.trainer.job import Callbacks, StepReport

Send = Callable[[str, int, Any], None]
"""Send a message: what it is, the number of its task, its content."""


def main() -> int:
    """Run the tasks one after the other and send the result of each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; only the parent reacts
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what libraries print must not get between the messages

        def send(*message: object) -> None:
            pickle.dump(message, out)
            out.flush()

        logging.getLogger().addHandler(_ToParent(send))
        logging.captureWarnings(True)
        threads, tasks = pickle.load(sys.stdin.buffer)
        import torch

        torch.set_num_threads(threads)
        for number, task in tasks:
            send("result", number, task.run(_callbacks(number, send)))
    return 0


def _callbacks(number: int, send: Send) -> Callbacks:
    def progress(step: str, done: int, total: int) -> None:
        send("progress", number, (step, done, total))

    def on_step(step: StepReport) -> None:
        send("step", number, step)

    return Callbacks(progress, on_step)


class _ToParent(logging.Handler):
    """Sends what is logged to the parent, whose log it belongs to."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send the level, the name of the logger and the text."""
        self._send("log", -1, (record.levelno, record.name, self.format(record)))


if __name__ == "__main__":
    sys.exit(main())
