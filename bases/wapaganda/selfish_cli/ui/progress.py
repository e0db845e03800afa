"""Progress of long work on stderr: bars on a terminal, lines elsewhere."""

import time
from collections.abc import Callable
from typing import Self

import rich.console
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

from wapaganda.progress import STEP_NAMES

QUIET_SECONDS = 10.0
"""Seconds between the lines of a step without a terminal; it also prints one at its start and its end."""


class ConsoleProgress:
    """Shows the progress of named steps: a ``wapaganda.progress.Progress``."""

    def __init__(self, console: rich.console.Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._tasks: dict[str, TaskID] = {}
        self._printed: dict[str, float] = {}
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
        """Show that ``done`` of ``total`` units of ``step`` are done; ``total`` 0: unknown."""
        if self._console.is_terminal:
            self._move_bar(step, done, total)
        else:
            self._print_line(step, done, total)

    def _move_bar(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self._finish_others(step)
            self._tasks[step] = self._bars.add_task(STEP_NAMES.get(step, step), total=total or None)
        self._bars.update(self._tasks[step], completed=done, total=total or None)

    def _finish_others(self, step: str) -> None:
        for task in self._bars.tasks:
            if not task.finished and STEP_NAMES.get(step, step) != task.description:
                self._bars.update(task.id, total=max(task.completed, 1), completed=max(task.completed, 1))

    def _print_line(self, step: str, done: int, total: int) -> None:
        now = self._clock()
        first = step not in self._printed
        ends = bool(total) and done >= total
        if first or ends or now - self._printed[step] >= QUIET_SECONDS:
            self._printed[step] = now
            amount = f" {done:,}/{total:,}" if total else f" {done:,}" if done else ""
            self._console.print(f"{STEP_NAMES.get(step, step)}{amount} …", markup=False)
