"""The pages of the commands and of what is registered by name: measures, strategies and formats."""

import inspect
import textwrap
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from typer.models import ArgumentInfo, OptionInfo

from wapaganda.selfish_cli import COMMANDS, app

KINDS = {int: "NUMBER", float: "NUMBER", Path: "PATH", str: "TEXT"}
HEAD = """
[selfish.md](selfish.md) explains how the commands work together. Every command takes `--help`.
An option that a command requires is marked *required*.
"""


def cli_page(width: int) -> str:
    """docs/cli.md: every command with its arguments and options."""
    parts = ["# The commands of `selfish`", "", _wrapped(app.info.help, width), "", HEAD.strip()]
    for name, function in _commands():
        parts += ["", f"## {name}", "", _wrapped(inspect.getdoc(function), width), ""]
        parts += [_entry(each, width) for each in inspect.signature(function).parameters.values()]
    return "\n".join(parts) + "\n"


def _commands() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, entry in COMMANDS.items():
        for own, function in entry.functions(name).items():
            yield f"selfish {name} {own}" if entry.group else f"selfish {name}", function


def _entry(parameter: inspect.Parameter, width: int) -> str:
    annotation, info = get_args(parameter.annotation)
    assert isinstance(info, OptionInfo | ArgumentInfo)
    declared = [text for text in (info.default, *(info.param_decls or ())) if isinstance(text, str)]
    head = ", ".join(f"`{each}`" for each in declared) or f"`{parameter.name.upper()}`"
    kind = _kind(annotation)
    if kind and declared:
        head = f"`{declared[0]} {kind}`"
    text = " ".join((info.help or "").split())
    if parameter.default is parameter.empty:
        head += " (*required*)"
    elif parameter.default not in (None, "", False) and kind:
        text += f" Default: `{parameter.default}`."
    return textwrap.fill(f"{head}: {text}", width, initial_indent="- ", subsequent_indent="  ")


def _kind(annotation: Any) -> str:  # noqa: ANN401
    """The word for a type in the usage; empty for a switch."""
    if get_origin(annotation) in (Union, types.UnionType, list):
        return _kind(get_args(annotation)[0])
    return KINDS.get(annotation, "")


def _wrapped(text: str | None, width: int) -> str:
    parts = (" ".join(each.split()) for each in (text or "").strip().split("\n\n"))
    return "\n\n".join(textwrap.fill(each, width) for each in parts)


FORMATS = """Every command reads all formats. The content decides which it is, then the suffix. `--formats` of
`selfish export` takes the names. `--out` of `select` and `predict` takes the first suffix. All formats keep
texts and spans. A text whose labels a format cannot hold is left out whole and reported. `selfish convert`
writes one format from another and says what is lost. These are no labels and are counted in a message:
relations of doccano; rejected and ignored tasks of Prodigy; relations, events, attributes and discontinuous
spans of BRAT; span groups of spaCy."""


OF_OTHERS = """## From a package of your own

An installed package adds its own without a change of this repository. Its modules register as those in
`CONTRIBUTING.md` do, and its `pyproject.toml` names them:

    [project.entry-points."wapaganda.measures"]
    gini = "my_package.gini"

    [project.entry-points."wapaganda.strategies"]
    longest_first = "my_package.longest_first"

    [project.entry-points."wapaganda.formats"]
    tagged_words = "my_package.tagged_words"

- The names are then in `--help`, and settings and options take them, in `selfish` and in the ML backend.
- The modules are imported when all names are listed, or a name is asked for that is not in the tables above.
- Our own names stay ours, and of two packages with the same name the first in alphabetical order has it. A
  module that takes such a name, or cannot be imported, adds nothing. One warning names its package and the
  reason.
"""


def registries_page(width: int) -> str:
    """docs/registries.md."""
    from wapaganda.annotation import format_table
    from wapaganda.sampler import DEFAULT_STRATEGY, STRATEGIES
    from wapaganda.uncertainty import DEFAULT_MEASURE, MEASURES

    measures = [(name, each.summary) for name, each in sorted(MEASURES.items())]
    strategies = [(name, each.summary) for name, each in sorted(STRATEGIES.items())]
    return "\n".join(
        [
            "# Measures, strategies and formats",
            "",
            "## Measures of uncertainty",
            "",
            f"The setting `MEASURE`; `auto` finds candidates by `{DEFAULT_MEASURE}`.",
            "",
            *_table(measures),
            "## Sampling strategies",
            "",
            f"The setting `STRATEGY`; the default is `{DEFAULT_STRATEGY}`.",
            "",
            *_table(strategies),
            "## File formats",
            "",
            FORMATS,
            "",
            format_table(),
            OF_OTHERS.strip(),
            "",
        ]
    )


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    return [
        "| Name | Meaning |",
        "|---|---|",
        *(f"| `{name}` | {_cell(meaning)} |" for name, meaning in rows),
        "",
    ]


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")
