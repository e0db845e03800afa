"""selfish models: list the model versions, make one live, go back to the previous one, take one home."""

from pathlib import Path
from typing import Annotated

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.outputs import check_parent
from wapaganda.selfish_cli.package import package_version
from wapaganda.selfish_cli.project import CliProject, chosen_version, open_context
from wapaganda.selfish_cli.ui import completion, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table
from wapaganda.selfish_cli.ui.versions import version_record, versions_table


def list_models(
    project: options.Project = None, name: options.Name = "default", as_json: options.AsJson = False
) -> None:
    """List the model versions, the oldest first, mark the live one, and say which are damaged."""
    with session(as_json) as console:
        context = open_context(project, name)
        store = context.store()
        records, damage = [version_record(each) for each in store.versions()], store.damage()
        if not records and not damage:
            raise InputError(
                f"Expected a trained model of {context.key}, was: none.",
                "Train one by selfish train or selfish update, or name another --name or --project.",
            )
        current = store.current()
        live = current.name if current else None
        if records:
            console.show(versions_table(records, live))
        for sentence in damage:
            console.warn(sentence)
        console.emit({"project": context.key, "live": live, "versions": records, "damage": list(damage)})


def promote(
    version: Annotated[
        str,
        typer.Argument(
            help="The version to make live, such as v0002-3f2a9c01.", autocompletion=completion.version
        ),
    ],
    project: options.Project = None,
    name: options.Name = "default",
    as_json: options.AsJson = False,
) -> None:
    """Make a model version the live one, whatever its F1.

    The ML backend and the commands use it from now on, until a round with new labels makes a
    better one. selfish models rollback goes back.
    """
    with session(as_json) as console:
        context = open_context(project, name)
        store = context.store()
        wanted = chosen_version(context, version)
        before = store.current()
        store.promote(wanted, pin=True)
        _show(console, context.key, wanted, before.name if before else None)


def rollback(
    project: options.Project = None, name: options.Name = "default", as_json: options.AsJson = False
) -> None:
    """Make the version live that was live before the current one.

    Repeated, it goes back further. The version stays live until a round with new labels makes a better one.
    """
    with session(as_json) as console:
        context = open_context(project, name)
        store = context.store()
        before = store.current()
        live = store.rollback()
        _show(console, context.key, live.name, before.name if before else None)


def export(
    to: Annotated[Path, typer.Option("--to", help="New folder for the model.")],
    version: Annotated[
        str | None,
        typer.Option(
            "--version",
            help="A model version. Default: the live one.",
            autocompletion=completion.version,
        ),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain", help="Let plain transformers read it, too, which finds less (docs/take-home.md)."
        ),
    ] = False,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Also write model.onnx; needs the extra [onnx].")
    ] = False,
    title: Annotated[str, typer.Option("--title", help="Title of the card, instead of the project.")] = "",
    licence: Annotated[
        str, typer.Option("--license", "--licence", help="Licence of the model, such as apache-2.0.")
    ] = "",
    language: Annotated[
        str, typer.Option("--language", help="Codes of the languages, such as en, with commas between.")
    ] = "",
    project: options.Project = None,
    name: options.Name = "default",
    as_json: options.AsJson = False,
) -> None:
    """Write a model version as a folder that transformers, MLflow and other programs read.

    The card, README.md, says how good the model is, how to use it, and what its scores mean.
    """
    with session(as_json, "Nothing was written.") as console:
        context = open_context(project, name)
        check_parent(to)
        from wapaganda.model_store import ModelCardFacts, export_version

        found = context.store().read(chosen_version(context, version))
        languages = tuple(each.strip() for each in language.split(",") if each.strip())
        title = title or f"Entities of {_title(context)}"
        facts = ModelCardFacts(title, licence, languages, package_version())
        with console.progress() as progress:
            progress("write", 0, 0)
            export_version(found, to, facts, plain=plain, onnx=onnx)
        console.show(f"{found.name} is in {to}. {to / 'README.md'} says how to use it.")
        if not licence:
            console.say("The card lacks the licence: fill it in before you pass the folder on.")
        console.emit(
            {"project": context.key, "version": found.name, "to": str(to), "plain": plain, "onnx": onnx}
        )


def _title(context: CliProject) -> str:
    """The title of the project in Label Studio, or its key."""
    from wapaganda.pipeline import PROJECT_TITLE

    known = context.ledger().value(PROJECT_TITLE) if context.ledger_path.exists() else None
    return str(known or context.key)


def _show(console: Console, project: str, live: str, before: str | None) -> None:
    console.show(facts_table(f"Project {project}", [("Live", live), ("Before", before or "none")]))
    console.emit({"project": project, "live": live, "before": before})
