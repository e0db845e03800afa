"""How far a long work is: bars on a terminal, a line now and then elsewhere; always on stderr."""

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

NAMES = {
    "load": "Loading the libraries",
    "read": "Reading files",
    "encoder": "Getting the encoder",
    "fetch": "Fetching labels",
    "adapt": "Reading for hidden words",
    "train": "Training",
    "calibrate": "Cross-fitting",
    "judge": "Judging the model",
    "evaluate": "Evaluating",
    "score": "Scoring the pool",
    "select": "Choosing the batch",
    "compare": "Comparing with the model before",
    "release": "Releasing the batch",
    "predict": "Predicting",
    "import": "Importing texts",
    "mlflow": "Writing to MLflow",
    "write": "Writing files",
    "check": "Checking",
}
QUIET_SECONDS = 10.0
"""Without a terminal a step speaks when it begins, when it ends, and this often between."""


class Steps:
    """Shows the progress of named steps; ``total`` 0 means that nobody knows how much there is."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._tasks: dict[str, TaskID] = {}
        self._spoke: dict[str, float] = {}
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._finish_others("")
            self._bars.stop()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Take note that ``done`` of ``total`` of ``step`` is done."""
        if self._console.is_terminal:
            self._move_bar(step, done, total)
        else:
            self._speak(step, done, total)

    def _move_bar(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self._finish_others(step)
            self._tasks[step] = self._bars.add_task(NAMES.get(step, step), total=total or None)
        self._bars.update(self._tasks[step], completed=done, total=total or None)

    def _finish_others(self, step: str) -> None:
        for task in self._bars.tasks:
            if not task.finished and NAMES.get(step, step) != task.description:
                self._bars.update(task.id, total=max(task.completed, 1), completed=max(task.completed, 1))

    def _speak(self, step: str, done: int, total: int) -> None:
        now = self._clock()
        first = step not in self._spoke
        ends = bool(total) and done >= total
        if first or ends or now - self._spoke[step] >= QUIET_SECONDS:
            self._spoke[step] = now
            amount = f" {done:,}/{total:,}" if total else f" {done:,}" if done else ""
            self._console.print(f"{NAMES.get(step, step)}{amount} …", markup=False)
