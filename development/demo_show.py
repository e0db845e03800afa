"""What the demo prints: one line for what takes time, a table at the end, and where to look."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from label_studio_server import LabelStudioServer

if TYPE_CHECKING:
    from demo_backend import Backend

FILE_WIDTH = 140
CONSOLE = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else FILE_WIDTH)
QUIET_SECONDS = 15.0
Tell = Callable[..., None]
"""Called with how much is done, how much there is and, if there is one, a word on what is being done."""


@dataclass(frozen=True)
class Row:
    """A round: ``f1`` and ``per_type`` on the test texts, ``unlearnt_f1`` on labels not learnt (0 to 1)."""

    number: int
    n_labelled: int
    live: str
    f1: float
    per_type: dict[str, float]
    unlearnt_f1: float | None
    promoted: bool


def say(line: str) -> None:
    """A line."""
    CONSOLE.print(line, markup=False)


@contextlib.contextmanager
def waiting(what: str) -> Iterator[Tell]:
    """Show that ``what`` goes on, and at the end how long it took; yields what tells how far it is."""
    began = spoke = time.monotonic()
    with CONSOLE.status(f"{what} …") if CONSOLE.is_terminal else contextlib.nullcontext() as status:
        if status is None:
            say(f"{what} …")

        def tell(done: int, total: int, now: str = "") -> None:
            nonlocal spoke
            line = f"{what}: {done}/{total}" + (f", {now}" if now else "")
            if status is not None:
                status.update(line)
            elif time.monotonic() - spoke >= QUIET_SECONDS:
                spoke = time.monotonic()
                say(f"  {line}")

        yield tell
    say(f"{what}: {time.monotonic() - began:.0f} s")


def show_table(rows: Sequence[Row], seconds: float) -> None:
    """F1 on the test texts by round, and by type where the terminal is wide enough."""
    labels = sorted({label for row in rows for label in row.per_type})
    table = _table(rows, labels)
    wanted = CONSOLE.measure(table, options=CONSOLE.options.update(width=10_000)).maximum
    if wanted > CONSOLE.width:
        table = _table(rows, ())
    CONSOLE.print()
    CONSOLE.print(table)
    if not all(row.promoted for row in rows):
        say("* The new model was worse on labels that neither had learnt, so the one before it stayed live.")
    say(f"{len(rows)} trainings and {len(rows) - 1} annotated batches in {seconds / 60:.1f} minutes.")


def _table(rows: Sequence[Row], labels: Sequence[str]) -> Table:
    table = Table(title="Strict span F1 on the test texts", title_justify="left", box=SIMPLE)
    for name in ("Round", "Labelled", "F1", "Gain", *labels, "F1 out of fold", "Live model"):
        table.add_column(name, justify="left" if name == "Live model" else "right", no_wrap=True)
    before: float | None = None
    for row in rows:
        gain = "" if before is None else f"{100 * (row.f1 - before):+.1f}"
        types = [f"{100 * row.per_type.get(label, 0.0):.1f}" for label in labels]
        held = "–" if row.unlearnt_f1 is None else f"{100 * row.unlearnt_f1:.1f}"
        live = row.live if row.promoted else f"{row.live} *"
        table.add_row(str(row.number), f"{row.n_labelled:,}", f"{100 * row.f1:.1f}", gain, *types, held, live)
        before = row.f1
    return table


def show_addresses(server: LabelStudioServer, backend: "Backend", project: int, folder: Path) -> None:
    """Where the artefacts are, and the addresses and log-ins to look for oneself."""
    mlflow = Path(sys.executable).parent / "mlflow"
    say("\nLook for yourself")
    for name, value in (
        ("Label Studio", f"{server.url}/projects/{project}/data"),
        ("  log-in", f"{server.username}  {server.password}"),
        ("ML backend", f"{backend.url}/docs"),
        ("  log-in", f"{backend.auth[0]}  {backend.auth[1]}"),
        ("MLflow", f"{mlflow} ui --backend-store-uri sqlite:///{folder / 'mlruns.db'}"),
        ("Models", str(folder / "models" / f"ls-{project}")),
        ("Ledger, runs", str(folder / "data" / f"ls-{project}")),
        ("Texts", str(folder / "corpus")),
        ("Logs", f"{backend.log_path}, {server.log_path}"),
    ):
        say(f"  {name:<14}{value}")
