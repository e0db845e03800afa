"""What the shell offers as the value of an option when the tab key is pressed."""

from collections.abc import Callable, Iterable

import typer


def strategy(incomplete: str) -> list[str]:
    """The sampling strategies that begin so."""
    from wapaganda.settings import strategy_names

    return _beginning(strategy_names(), incomplete)


def measure(incomplete: str) -> list[str]:
    """The measures of uncertainty that begin so."""
    from wapaganda.settings import measure_names

    return _beginning(measure_names(), incomplete)


def strategies(incomplete: str) -> list[str]:
    """The strategies for the last of several, with commas between."""
    return _last_of_several(incomplete, strategy)


def formats(incomplete: str) -> list[str]:
    """The formats that can be written for the last of several, with commas between."""
    from wapaganda.annotation import all_formats

    names = [each.name for each in all_formats().values() if each.write is not None]
    return _last_of_several(incomplete, lambda last: _beginning(names, last))


def version(ctx: typer.Context, incomplete: str) -> list[str]:
    """The model versions of the project that ``--project`` or ``--name`` names, the newest first."""
    from wapaganda.errors import WapagandaError
    from wapaganda.selfish_cli.project import open_context

    try:
        context = open_context(ctx.params.get("project"), ctx.params.get("name") or "default")
        names = [each.name for each in context.store().versions()]
    except (WapagandaError, OSError):  # the command itself says what is wrong
        return []
    return _beginning(reversed(names), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _last_of_several(incomplete: str, of_one: Callable[[str], list[str]]) -> list[str]:
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in of_one(last)]
