"""selfish complete: the model's labels of the rest of the file, with a bound of their quality."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.commands.update import round_loop
from wapaganda.selfish_cli.inputs import one_of
from wapaganda.selfish_cli.joining import join_training
from wapaganda.selfish_cli.project import CliProject, mirror_runs, open_context, project_lock
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session

if TYPE_CHECKING:
    from wapaganda.pipeline import Loop

_MOST_TRAININGS = 10
"""Trainings of the backend that are waited for, one after the other."""
KEPT = "Every finished step. The same command continues where this one stopped."


def complete(
    project: options.Project = None,
    data: choices.Data = None,
    pool: choices.Pool = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the batches of a project of files.")
    ] = None,
    name: options.Name = "default",
    target_f1: Annotated[
        float | None,
        typer.Option("--target-f1", min=0.01, max=1.0, help="F1 of the whole file, 0 to 1; else TARGET_F1."),
    ] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.5, max=0.9999, help="With which the F1 is at least that.")
    ] = 0.95,
    audit_texts: Annotated[
        int | None,
        typer.Option("--audit-texts", min=1, help="Texts to audit next. Default: as many as it should need."),
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="If a review is needed, run a round that releases its batch.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Start a new campaign with the live model and all labels.")
    ] = False,
    write_annotations: Annotated[
        bool,
        typer.Option(
            "--write-annotations",
            help="Make annotations of the accepted labels in Label Studio, where nobody has annotated.",
        ),
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Delete the annotations that --write-annotations has made.")
    ] = False,
    size: options.Size = None,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    as_json: options.AsJson = False,
) -> None:
    """Accept the model's labels for the texts that nobody has labelled, once an audit has proved the F1.

    Run it again and again: it does what comes next and says what that is. First it estimates the F1 of the
    file. If that is high enough, it releases a random sample of the texts, to be labelled without proposals.
    From the answers it states a lower bound of the F1 that holds with the given confidence. When the bound
    reaches the target, the model's labels become part of the file (docs/data-set.md). A training of the ML
    backend on the same project is waited for.
    """
    overrides = {
        "samples_per_iteration": size,
        "target_f1": target_f1,
        "label_studio_url": url,
        "label_studio_api_key": api_key,
        "read_columns": columns,
        "read_scheme": scheme,
        "text_field": text_field,
        "label_tag": label_tag,
        "lenient": lenient,
    }
    with session(as_json, KEPT) as console:
        one_of("Name a project by --project ID, or files by --data and --pool.", data=data, project=project)
        if undo and (write_annotations or again):
            raise InputError("Expected --undo alone, was: together with --write-annotations or --again.")
        context = open_context(project, name, overrides)
        if project is not None:
            with console.progress() as progress:
                for _ in range(_MOST_TRAININGS):  # the answers of an audit may start one after the other
                    if join_training(context, console, progress) is None:
                        break
        with project_lock(context), console.progress() as progress:
            from wapaganda.pipeline import Completing, CompletionRequest

            loop = round_loop(context, project, data, pool, out, progress)
            request = CompletionRequest(
                context.settings.target_f1, confidence, audit_texts, again, write_annotations
            )
            completing = Completing(loop, request)
            report = completing.undo() if undo else completing.run()
            released = _review(context, loop, console) if review and report.wants_review else None
        console.show(*report.lines)
        if released:
            console.show(released["release"])
        console.emit({"project": context.key, **report.to_dict(), "round": released})


def _review(context: CliProject, loop: "Loop", console: Console) -> dict[str, Any]:
    """Run a round whose batch is for the review of the model's labels."""
    loop.config = replace(loop.config, purpose="dataset")
    found = loop.run_round()
    mirror_runs(context, console, loop.progress)
    return found.to_dict()
