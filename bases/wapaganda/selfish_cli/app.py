"""The commands put together, and the entry point."""

import logging
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from wapaganda.errors import tell
from wapaganda.project_context import prepare_environment
from wapaganda.selfish_cli.catalogue import COMMANDS, Entry

HELP = """
Active learning for named-entity recognition: a good model from few labels.

Works on files (--data, --pool, --test) or on a Label Studio project (--project ID). Settings come from the
environment and from a file .env in the current directory; selfish doctor checks them.

Exit codes: 0 done, 1 failed, 2 wrong input or usage, 130 interrupted by Ctrl-C (finished work is kept).
"""


class Commands(TyperGroup):
    """The commands; with ``--json`` a wrong option is an object on stdout, like every other failure."""

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - the options of typer
        super().__init__(**values)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, help=entry.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - the classes are private to typer
        """Import the command of the arguments."""
        if args and args[0] in COMMANDS:
            self.add_command(imported(args[0], COMMANDS[args[0]]))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run the command of the arguments."""
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except Exception as error:
            # Only a usage error of the command line has this method; its class is private to typer.
            message = getattr(error, "format_message", None)
            if as_json and message is not None:
                from wapaganda.selfish_cli.ui.console import Console
                from wapaganda.selfish_cli.ui.errors import WRONG_INPUT, Failure

                hint = "selfish COMMAND --help lists the options."
                Console(as_json).emit(Failure(message(), hint, WRONG_INPUT).to_dict())
            raise


def flowing(text: str | None) -> str:
    """Paragraphs without the line breaks of the source, so that the terminal wraps the help."""
    return "\n\n".join(" ".join(part.split()) for part in (text or "").strip().split("\n\n"))


app = typer.Typer(
    name="selfish",
    cls=Commands,
    help=flowing(HELP),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def imported(name: str, entry: Entry) -> Any:  # noqa: ANN401 - the class is private to typer
    """The command, or group of commands, as typer makes it of the functions."""
    made = typer.Typer(name=name, help=entry.summary, no_args_is_help=bool(entry.group), add_completion=False)
    for own, function in entry.functions(name).items():
        made.command(own, help=flowing(function.__doc__))(function)
    return typer.main.get_command(made)


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", is_eager=True, callback=lambda on: _show(on)
        ),
    ] = False,
) -> None:
    """Handle the options before the command."""


def main() -> None:
    """Run the command ``selfish``."""
    prepare_environment()
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    logging.getLogger("wapaganda.plugins").setLevel(logging.WARNING)  # a package that adds nothing
    try:
        app()
    except Exception as error:  # outside the session of a command
        from wapaganda.selfish_cli.ui.console import Console
        from wapaganda.selfish_cli.ui.errors import explain

        failure = explain(error)
        Console("--json" in sys.argv).fail(failure)
        sys.exit(failure.code)


class OneLine(logging.Formatter):
    """Log lines without tracebacks: the run log and the messages of the command say what matters."""

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - the name and type of logging
        """The error in a few words."""
        return "" if ei[1] is None else f"  {tell(ei[1])}"


def _show(wanted: bool) -> None:
    if wanted:
        from wapaganda.selfish_cli.package import package_version

        typer.echo(f"selfish {package_version()}")
        raise typer.Exit
