"""Results as tables for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from wapaganda.metrics import Scores


def facts_table(title: str, facts: Sequence[tuple[str, str]]) -> Table:
    """Names and values in two columns; brackets in them are not markup."""
    table = Table(title=title, title_justify="left", box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(Text(name), Text(value))
    return table


NARROW = 72
"""On a terminal with fewer columns, a table that does not fit is shown row by row."""
WIDEST = 10_000


@dataclass(frozen=True, slots=True)
class Fitting:
    """A table, and the same row by row for a narrow terminal, each row a list of names and values."""

    table: Table
    rows: tuple[Table, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the form that fits."""
        wanted = self.table.__rich_measure__(console, options.update(max_width=WIDEST)).maximum
        if wanted <= options.max_width or options.max_width >= NARROW:
            yield self.table
        else:
            yield from self.rows


def plain_table(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()
) -> Fitting:
    """A table with a head; the columns in ``numbers`` are right-aligned; brackets are not markup."""
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    for index, name in enumerate(head):
        table.add_column(name, justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return Fitting(table, tuple(facts_table(title, list(zip(head, row, strict=True))) for row in rows))


def scores_table(title: str, scores: "Scores") -> Fitting:
    """Strict span scores in percent, by type and for all types."""
    rows = [
        [
            name,
            *(f"{100 * value:.1f}" for value in (each.precision, each.recall, each.f1)),
            f"{each.support:,}",
        ]
        for name, each in [
            *scores.per_type.items(),
            ("all (micro)", scores.micro),
            ("mean (macro)", scores.macro),
        ]
    ]
    return plain_table(title, ["Type", "Precision", "Recall", "F1", "Spans"], rows, numbers=(1, 2, 3, 4))


def percent(value: float | None) -> str:
    """A score in percent; a dash when it was not measured."""
    return "–" if value is None else f"{100 * value:.1f}"
