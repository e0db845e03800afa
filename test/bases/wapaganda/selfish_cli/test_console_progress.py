"""Progress without a terminal: a line when a step begins, ends, and now and then between."""

import io

from rich.console import Console

from wapaganda.selfish_cli.ui.progress import ConsoleProgress


def spoken(calls: list[tuple[float, str, int, int]]) -> list[str]:
    """The lines for calls of (clock, step, done, total)."""
    out, now = io.StringIO(), [0.0]
    with ConsoleProgress(Console(file=out, width=100), clock=lambda: now[0]) as steps:
        for clock, step, done, total in calls:
            now[0] = clock
            steps(step, done, total)
    return out.getvalue().splitlines()


def test_a_step_speaks_when_it_begins_when_it_ends_and_every_ten_seconds():
    calls = [(float(second), "train", second, 25) for second in range(26)]
    assert spoken(calls) == [
        "Training 0/25 …",
        "Training 10/25 …",
        "Training 20/25 …",
        "Training 25/25 …",
    ]


def test_a_step_of_unknown_size_speaks_once():
    assert spoken([(0.0, "load", 0, 0), (1.0, "load", 0, 0)]) == ["Loading the libraries …"]


def test_an_unknown_step_goes_by_its_own_name():
    assert spoken([(0.0, "knit", 1, 2)]) == ["knit 1/2 …"]


def test_bars_on_a_terminal_end_full():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    with ConsoleProgress(console) as steps:
        steps("load", 0, 0)
        for done in range(4):
            steps("train", done, 3)
    last = out.getvalue().rsplit("Training", 1)[-1]
    assert "3/3" in last
