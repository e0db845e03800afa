"""selfish doctor: check settings, folders and servers, and say what to do."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from wapaganda.progress import Progress
from wapaganda.selfish_cli import checks
from wapaganda.selfish_cli.checks import Check
from wapaganda.selfish_cli.project import open_context
from wapaganda.selfish_cli.ui import options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.errors import FAILED

SIGNS = {True: "[green]ok[/]", False: "[red]wrong[/]", None: "[dim]skipped[/]"}


def doctor(
    project: options.Project = None,
    backend: Annotated[
        str | None, typer.Option("--backend", help="Also check the ML backend at this address.")
    ] = None,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    encoder: options.Encoder = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    as_json: options.AsJson = False,
) -> None:
    """Check settings, folders, encoder, MLflow and Label Studio, and give a hint for each finding.

    The exit code is 1 when something is wrong. With --project it also checks the backend, webhook and model
    version of the project, and reads all its labels, without storing them.
    """
    overrides = {
        "label_studio_url": url,
        "label_studio_api_key": api_key,
        "baseline_model_name": encoder,
        "text_field": text_field,
        "label_tag": label_tag,
    }
    with session(as_json) as console:
        with console.progress() as progress:
            found = _look(project, backend, overrides, progress)
        _show(console, found)
        wrong = [check for check in found if check.ok is False]
        console.emit({"ok": not wrong, "checks": [asdict(check) | {"mend": check.hint} for check in found]})
        if wrong:
            raise typer.Exit(FAILED)


def _look(
    project: int | None, backend: str | None, overrides: dict[str, str | None], progress: Progress
) -> list[Check]:
    progress("check", 0, 6)
    settings, found = checks.check_settings()
    if settings is None:
        return found
    context = open_context(project, overrides=overrides)
    found += checks.check_folders(context.settings)
    found.append(checks.check_torch(context.settings.device))
    found.append(checks.check_threads())
    progress("check", 3, 6)
    found.append(checks.check_encoder(context.settings))
    progress("check", 4, 6)
    found.append(checks.check_mlflow(context.settings))
    progress("check", 5, 6)
    found += checks.check_label_studio(context, project, backend)
    if project is not None:
        found.append(checks.check_reading(context, project, progress))
    progress("check", 6, 6)
    return found


def _show(console: Console, found: Sequence[Check]) -> None:
    table = Table(title="Findings", title_justify="left", box=SIMPLE)
    for name in ("", "What", "Found", "Hint"):
        table.add_column(name, overflow="fold")
    for check in found:
        table.add_row(SIGNS[check.ok], *map(_plain, (check.name, check.message, check.hint)))
    console.show(table)
    wrong = sum(check.ok is False for check in found)
    console.show(f"{wrong} of {len(found)} checks failed." if wrong else "All checks passed.")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
