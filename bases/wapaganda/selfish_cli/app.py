"""The commands put together, and the entry point."""

import logging
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from wapaganda.errors import tell
from wapaganda.project_context import prepare_environment
from wapaganda.selfish_cli.commands import jobs, labels, models
from wapaganda.selfish_cli.commands.adapt import adapt
from wapaganda.selfish_cli.commands.answers.agree import agree
from wapaganda.selfish_cli.commands.connect import connect
from wapaganda.selfish_cli.commands.doctor import doctor
from wapaganda.selfish_cli.commands.finished.complete import complete
from wapaganda.selfish_cli.commands.finished.diff import diff
from wapaganda.selfish_cli.commands.finished.export import export
from wapaganda.selfish_cli.commands.predict import predict
from wapaganda.selfish_cli.commands.review import review
from wapaganda.selfish_cli.commands.select import select
from wapaganda.selfish_cli.commands.simulate import simulate
from wapaganda.selfish_cli.commands.status import status
from wapaganda.selfish_cli.commands.train import train
from wapaganda.selfish_cli.commands.update import update
from wapaganda.selfish_cli.package import package_version
from wapaganda.selfish_cli.ui.console import Console
from wapaganda.selfish_cli.ui.errors import WRONG_INPUT, Failure, explain

HELP = """
Active learning for named-entity recognition: a good model from few labels.

Works on files (--data, --pool, --test) or on a Label Studio project (--project ID). Settings come from the
environment and from a file .env in the current directory; selfish doctor checks them.

Exit codes: 0 done, 1 failed, 2 wrong input or usage, 130 interrupted by Ctrl-C (finished work is kept).
"""


class Commands(TyperGroup):
    """The commands; with ``--json`` a wrong option is an object on stdout, like every other failure."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the class is private to typer
        """Run the command of the arguments."""
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except Exception as error:
            # Only a usage error of the command line has this method; its class is private to typer.
            message = getattr(error, "format_message", None)
            if as_json and message is not None:
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
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    train,
    select,
    update,
    complete,
    predict,
    status,
    review,
    agree,
    simulate,
    adapt,
    export,
    diff,
    doctor,
    connect,
):
    app.command(help=flowing(command.__doc__))(command)


def group(name: str, text: str, **commands: Callable[..., None]) -> None:
    """Add a group of commands: ``selfish NAME COMMAND``."""
    inner = typer.Typer(name=name, help=text, no_args_is_help=True)
    for own, command in commands.items():
        inner.command(own, help=flowing(command.__doc__))(command)
    app.add_typer(inner)


group(
    "models",
    "List the model versions, make one live, or go back to the previous one.",
    list=models.list_models,
    promote=models.promote,
    rollback=models.rollback,
)
group(
    "labels",
    "Read labels that were renamed in Label Studio, or rename, merge and split them with their annotations.",
    map=labels.map_labels,
    rename=labels.rename,
    merge=labels.merge,
    split=labels.split,
    undo=labels.undo,
)
group("jobs", "List and cancel the trainings of the ML backend.", list=jobs.list_jobs, cancel=jobs.cancel)


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
    try:
        app()
    except Exception as error:  # outside the session of a command
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
        typer.echo(f"selfish {package_version()}")
        raise typer.Exit
