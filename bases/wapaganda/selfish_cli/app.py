"""The commands put together, and the entry point."""

import logging
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer
from wapaganda.selfish_cli.connect import connect
from wapaganda.selfish_cli.doctor import doctor
from wapaganda.selfish_cli.export import export
from wapaganda.selfish_cli.predict import predict
from wapaganda.selfish_cli.select import select
from wapaganda.selfish_cli.status import status
from wapaganda.selfish_cli.train import train
from wapaganda.selfish_cli.update import update
from wapaganda.workspace import prepare_environment

HELP = """
Active learning for named-entity recognition: a good model from few labels.

Works on files (--data, --pool, --test) or on a Label Studio project (--project ID). Settings come from the
environment and from a file .env in the current directory; selfish doctor checks them.

Exit codes: 0 done, 1 failed, 2 wrong input or usage, 130 interrupted (Ctrl-C; nothing finished is lost).
"""

app = typer.Typer(
    name="selfish",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (train, select, update, predict, status, export, doctor, connect):
    app.command()(command)


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and end.", is_eager=True, callback=lambda on: _show(on)
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command ``selfish``."""
    prepare_environment()
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    app()


def _show(wanted: bool) -> None:
    if wanted:
        typer.echo(f"selfish {_version()}")
        raise typer.Exit


def _version() -> str:
    for name in ("wapaganda-selfish", "wapaganda"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"
