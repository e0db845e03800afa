"""The output of a command: results on stdout (text or one JSON object), everything else on stderr."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import rich.console
import typer

from wapaganda.selfish_cli.ui.errors import INTERRUPTED, Failure, explain
from wapaganda.selfish_cli.ui.progress import ConsoleProgress

FILE_WIDTH = 160
"""Columns of a table that goes into a file or a pipe."""


class Console:
    """Where a command writes; with ``as_json`` stdout holds one JSON object and nothing else."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._out = sys.stdout
        self._errors = rich.console.Console(stderr=True, highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def progress(self) -> Iterator[ConsoleProgress]:
        """Show the progress of named steps on stderr."""
        with ConsoleProgress(self._errors) as progress:
            yield progress

    def say(self, sentence: str) -> None:
        """A message for people, on stderr."""
        self._errors.print(sentence, markup=False)

    def warn(self, sentence: str) -> None:
        """A warning for people, on stderr."""
        self._errors.print(sentence, markup=False, style="yellow")

    def show(self, *parts: rich.console.RenderableType) -> None:
        """A part of the result for people, on stdout; nothing in JSON mode."""
        if not self.as_json:
            width = None if self._out.isatty() else FILE_WIDTH
            console = rich.console.Console(file=self._out, highlight=False, width=width)
            for part in parts:
                console.print(part, markup=False) if isinstance(part, str) else console.print(part)

    def emit(self, result: Mapping[str, Any]) -> None:
        """The result for machines, on stdout; nothing unless in JSON mode."""
        if self.as_json:
            print(json.dumps(result, ensure_ascii=False, default=str), file=self._out, flush=True)

    def fail(self, failure: Failure) -> None:
        """One sentence and a hint on stderr; in JSON mode the same as an object on stdout."""
        self._errors.print(f"Error: {failure.message}", markup=False, style="red")
        if failure.hint:
            name = "Kept" if failure.code == INTERRUPTED else "Hint"
            self._errors.print(f"{name}: {failure.hint}", markup=False)
        self.emit(failure.to_dict())


@contextlib.contextmanager
def session(as_json: bool, kept: str = "Nothing was changed.") -> Iterator[Console]:
    """The frame around every command: only here errors become sentences and exit codes.

    ``kept`` says what is kept after Ctrl-C. The traceback of a defect of ours goes into a file.

    Raises:
        typer.Exit: with code 1 (failed), 2 (wrong input) or 130 (interrupted).
    """
    console = Console(as_json)
    try:
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            yield console
    except KeyboardInterrupt:
        console.fail(Failure("Interrupted.", kept, INTERRUPTED))
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:
        raise
    except Exception as error:
        failure = explain(error)
        console.fail(failure)
        raise typer.Exit(failure.code) from error
