"""What a command shows: results on stdout (for people or as one JSON object), all else on stderr."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from rich.console import Console, RenderableType

from wapaganda.selfish_cli.problems import FAILED, INTERRUPTED, Problem, explain
from wapaganda.selfish_cli.steps import Steps

FILE_WIDTH = 160
"""Columns of a table that goes into a file or a pipe."""


class Screen:
    """Where a command writes; with ``as_json`` stdout holds one JSON object and nothing else."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._out = sys.stdout
        self._errors = Console(stderr=True, highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def steps(self) -> Iterator[Steps]:
        """Progress of the steps of a long work, on stderr."""
        with Steps(self._errors) as steps:
            yield steps

    def say(self, sentence: str) -> None:
        """A remark for people, on stderr."""
        self._errors.print(sentence, markup=False)

    def warn(self, sentence: str) -> None:
        """A remark that deserves attention, on stderr."""
        self._errors.print(sentence, markup=False, style="yellow")

    def show(self, *parts: RenderableType) -> None:
        """A part of the result for people, on stdout; nothing in JSON mode."""
        if not self.as_json:
            console = Console(
                file=self._out, highlight=False, width=None if self._out.isatty() else FILE_WIDTH
            )
            for part in parts:
                console.print(part, markup=False) if isinstance(part, str) else console.print(part)

    def emit(self, result: Mapping[str, Any]) -> None:
        """The result for machines, on stdout; nothing unless in JSON mode."""
        if self.as_json:
            print(json.dumps(result, ensure_ascii=False, default=str), file=self._out, flush=True)

    def fail(self, problem: Problem) -> None:
        """One sentence on stderr, the mend below it, and in JSON mode the same as the object on stdout."""
        self._errors.print(f"Error: {problem.message}", markup=False, style="red")
        if problem.mend:
            name = "Kept" if problem.code == INTERRUPTED else "Mend"
            self._errors.print(f"{name}: {problem.mend}", markup=False)
        self.emit(problem.to_dict())


@contextlib.contextmanager
def session(as_json: bool, kept: str = "Nothing was changed.") -> Iterator[Screen]:
    """The frame around every command: problems become sentences and exit codes here and only here.

    ``kept`` says what is still there after Ctrl-C.

    Raises:
        typer.Exit: with code 1 (failed), 2 (wrong input) or 130 (interrupted).
    """
    screen = Screen(as_json)
    try:
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            yield screen
    except KeyboardInterrupt:
        screen.fail(Problem("Interrupted.", kept, INTERRUPTED))
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:
        raise
    except Exception as error:
        problem = explain(error)
        if problem is None:
            screen.emit(Problem(f"{type(error).__name__}: {error}", "", FAILED).to_dict())
            raise
        screen.fail(problem)
        raise typer.Exit(problem.code) from error
