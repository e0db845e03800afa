"""What the demo prints: one line for what takes time and a table at the end."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

FILE_WIDTH = 140
CONSOLE = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else FILE_WIDTH)
QUIET_SECONDS = 15.0
Update = Callable[..., None]
"""Called with how much is done, how much there is, and optionally what is being done."""


@dataclass(frozen=True)
class DemoRow:
    """A round: ``f1`` and ``per_type`` on the test texts, ``out_of_fold_f1`` on unseen labels, in [0, 1]."""

    number: int
    n_labelled: int
    live: str
    f1: float
    per_type: dict[str, float]
    out_of_fold_f1: float | None
    promoted: bool


@dataclass(frozen=True)
class Finished:
    """The data set: ``certified`` and ``true`` F1 in [0, 1], and ``hours`` of annotation by the price list.

    ``hours_by_hand``: to mark all texts from scratch.
    """

    folder: Path
    n_texts: int
    n_people: int
    certified: float
    true: float
    hours: float
    hours_by_hand: float


def say(line: str) -> None:
    """A line."""
    CONSOLE.print(line, markup=False)


@contextlib.contextmanager
def waiting(what: str) -> Iterator[Update]:
    """Show that ``what`` is going on, and at the end how long it took; yields a callback for its progress."""
    began = printed = time.monotonic()
    with CONSOLE.status(f"{what} …") if CONSOLE.is_terminal else contextlib.nullcontext() as status:
        if status is None:
            say(f"{what} …")

        def update(done: int, total: int, now: str = "") -> None:
            nonlocal printed
            line = f"{what}: {done}/{total}" + (f", {now}" if now else "")
            if status is not None:
                status.update(line)
            elif time.monotonic() - printed >= QUIET_SECONDS:
                printed = time.monotonic()
                say(f"  {line}")

        yield update
    say(f"{what}: {time.monotonic() - began:.0f} s")


def show_table(rows: Sequence[DemoRow]) -> None:
    """F1 on the test texts by round, and by type where the terminal is wide enough."""
    labels = sorted({label for row in rows for label in row.per_type})
    table = _table(rows, labels)
    wanted = CONSOLE.measure(table, options=CONSOLE.options.update(width=10_000)).maximum
    if wanted > CONSOLE.width:
        table = _table(rows, ())
    CONSOLE.print()
    CONSOLE.print(table)
    if not all(row.promoted for row in rows):
        say("* The new model was worse on labels that neither has seen, so the previous one stayed live.")


def show_finished(done: Finished, seconds: float) -> None:
    """The data set: its certified and true F1, and the hours of the annotators."""
    say(f"\nThe finished data set: {done.n_texts:,} records, {done.n_people:,} labelled by people.")
    certified, true = 100 * done.certified, 100 * done.true
    say(f"  F1 of the whole file: at least {certified:.1f} with 95% confidence (by the corpus: {true:.1f})")
    say(f"  Annotator hours by the price list: {done.hours:.1f}; all by hand: {done.hours_by_hand:.1f}")
    say(f"  Files: {done.folder}")
    say(f"All of it took {seconds / 60:.1f} minutes.")


def _table(rows: Sequence[DemoRow], labels: Sequence[str]) -> Table:
    table = Table(title="Strict span F1 on the test texts", title_justify="left", box=SIMPLE)
    for name in ("Round", "Labelled", "F1", "Gain", *labels, "F1 out of fold", "Live model"):
        table.add_column(name, justify="left" if name == "Live model" else "right", no_wrap=True)
    before: float | None = None
    for row in rows:
        gain = "" if before is None else f"{100 * (row.f1 - before):+.1f}"
        types = [f"{100 * row.per_type.get(label, 0.0):.1f}" for label in labels]
        held = "–" if row.out_of_fold_f1 is None else f"{100 * row.out_of_fold_f1:.1f}"
        live = row.live if row.promoted else f"{row.live} *"
        table.add_row(str(row.number), f"{row.n_labelled:,}", f"{100 * row.f1:.1f}", gain, *types, held, live)
        before = row.f1
    return table
