"""Options whose help lists what is registered: formats, strategies, measures."""

from pathlib import Path
from typing import Annotated

import typer

from wapaganda.annotation import SCHEMES, format_titles, writable_suffixes
from wapaganda.selfish_cli.ui import completion
from wapaganda.settings import measure_names, strategy_names

FORMATS = format_titles()
SUFFIXES = ", ".join(writable_suffixes())

Data = Annotated[Path | None, typer.Option("--data", help=f"Labelled texts: {FORMATS}.", show_default=False)]
Pool = Annotated[
    Path | None,
    typer.Option("--pool", help=f"Texts to choose from: {FORMATS}; their labels are ignored."),
]
Strategy = Annotated[
    str | None,
    typer.Option(
        "--strategy",
        help=f"{', '.join(strategy_names())}; else STRATEGY.",
        autocompletion=completion.strategy,
    ),
]
Measure = Annotated[
    str | None,
    typer.Option(
        "--measure",
        help=f"{', '.join(measure_names())}; else MEASURE.",
        autocompletion=completion.measure,
    ),
]
Strategies = Annotated[
    str,
    typer.Option(
        "--strategies",
        help="Separated by commas, each STRATEGY or STRATEGY:MEASURE; random must be among them. STRATEGY: "
        + ", ".join(strategy_names()),
        autocompletion=completion.strategies,
    ),
]
Scheme = Annotated[
    str | None, typer.Option("--scheme", help=f"Tag scheme: {', '.join(SCHEMES)}; else READ_SCHEME.")
]
