"""Tables that can be read on a terminal of any width."""

import io

from rich.console import Console

from wapaganda.selfish_cli.commands.status import ROUNDS
from wapaganda.selfish_cli.ui.tables import plain_table
from wapaganda.selfish_cli.ui.versions import HEAD


def shown(width: int, head: tuple[str, ...], row: list[str]) -> list[str]:
    """The lines of a table with one row."""
    out = io.StringIO()
    Console(file=out, width=width).print(plain_table("Title", head, [row]))
    return [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]


def test_the_rounds_fit_an_ordinary_terminal():
    row = ["12", "done", "30,000", "71.5", "70.1", "v0012", "30,000", "12,345", "500"]
    title, head, _, values = shown(80, ROUNDS, row)
    assert title == "Title"
    assert head.split() == list(ROUNDS)
    assert values.split() == row


def test_a_narrow_terminal_gets_names_and_values():
    row = ["v0001-7933814d (live)", "2026-11-22 18:14", "28", "19.5", "bert-base-cased"]
    lines = shown(40, HEAD, row)
    assert lines[1].split() == ["Version", "v0001-7933814d", "(live)"]
    assert lines[-1].split() == ["Encoder", "bert-base-cased"]


def test_brackets_and_colons_of_a_text_are_no_markup():
    text = "Call [bold]Anna[/bold] :smile: [1]"

    assert text in " ".join(shown(80, ("Text",), [text]))
