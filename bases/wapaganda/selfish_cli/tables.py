"""Results as tables for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.table import Table

if TYPE_CHECKING:
    from wapaganda.metrics import Scores


def facts_table(title: str, facts: Sequence[tuple[str, str]]) -> Table:
    """Names and values side by side."""
    table = Table(title=title, title_justify="left", box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, value)
    return table


def plain_table(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()
) -> Table:
    """A table with a head; the columns in ``numbers`` are set to the right."""
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for index, name in enumerate(head):
        table.add_column(name, justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def scores_table(title: str, scores: "Scores") -> Table:
    """Strict span scores, all types together and each alone, in percent."""
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
    """A score in percent; a dash where it was not measured."""
    return "–" if value is None else f"{100 * value:.1f}"
