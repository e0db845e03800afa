"""selfish update: one round of the loop."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError, WapagandaError
from wapaganda.progress import Progress
from wapaganda.project_context import assessment_facts
from wapaganda.selfish_cli.inputs import one_of, read_labelled, read_with_entities
from wapaganda.selfish_cli.joining import join_training
from wapaganda.selfish_cli.project import (
    CliProject,
    files_loop,
    mirror_runs,
    open_context,
    project_lock,
    project_loop,
)
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, percent, scores_table

if TYPE_CHECKING:
    from wapaganda.metrics import Scores
    from wapaganda.pipeline import Loop, RoundReport

KEPT = "Every finished step. The same command continues where this one stopped."


def update(
    project: options.Project = None,
    data: choices.Data = None,
    pool: choices.Pool = None,
    test: options.Test = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the batches of a project of files.")
    ] = None,
    name: options.Name = "default",
    size: options.Size = None,
    strategy: choices.Strategy = None,
    measure: choices.Measure = None,
    threshold: options.Threshold = None,
    encoder: options.Encoder = None,
    learning_rate: options.LearningRate = None,
    steps: options.TrainSteps = None,
    seed: options.Seed = None,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Go on although another loop has released the last batch: it has ended (docs/protocol.md).",
        ),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Run one round of the loop: fetch labels, train, evaluate, score the pool, select and release a batch.

    An interrupted round is resumed. When the ML backend trains the project, this shows it until the round is
    done, and runs none of its own; Ctrl-C leaves that training alone.

    On files, --data holds the labelled texts, and batches are written as JSONL: what the model proposes
    stands under proposed, and the answer belongs under spans. selfish answers adds an answered batch to
    --data. Once there are enough labels, it is tried after the round whether an encoder that is adapted to
    the texts is better (ADAPT).
    """
    overrides = {
        "samples_per_iteration": size,
        "strategy": strategy,
        "measure": measure,
        "uncertainty_threshold": threshold,
        "baseline_model_name": encoder,
        "learning_rate": learning_rate,
        "train_steps": steps,
        "seed": seed,
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
        if take_over and project is None:
            raise InputError("Expected --project with --take-over, was: files.", "Leave --take-over out.")
        context = open_context(project, name, overrides)
        with console.progress() as progress:
            joined = None if project is None else join_training(context, console, progress)
            done = None if joined is None else _last_round(context)
        if joined is not None and done is not None:
            console.say(f"Training {joined.id} has done this round.")
            with console.progress() as progress:
                scores = _test_scores(context, done, test, progress)
            _show(console, done, scores)
            console.emit(_result(context, done, scores, "") | {"joined": joined.id})
            return
        with project_lock(context), console.progress() as progress:
            loop = round_loop(context, project, data, pool, out, progress)
            report = (taking_over(loop) if take_over else loop).run_round()
            scores = _test_scores(context, report, test, progress)
            mlflow = mirror_runs(context, console, progress)
            context.prune()
        _show(console, report, scores)
        console.emit(_result(context, report, scores, mlflow))
        if project is None:
            _adapt(context, report, console)


def _adapt(context: CliProject, report: "RoundReport", console: Console) -> None:
    """Try domain adaptation if it is due. The round is done, and the project is free meanwhile."""
    from wapaganda.pipeline import seconds_of_adaptation

    if not context.adaptation_is_due():
        return
    minutes = seconds_of_adaptation(report.seconds, context.settings.folds) / 60
    console.say(
        "The round is done. Once, it is tried whether an encoder that is adapted to the texts is better: "
        f"about {max(1, round(minutes))} min. Ctrl-C leaves all as it is; ADAPT=off does without."
    )
    try:
        with console.progress() as progress:
            console.say(context.try_adaptation(progress).describe())
    except WapagandaError as error:
        console.warn(str(error))
    except KeyboardInterrupt:
        console.say("The trial was stopped. The next selfish update goes on with it.")


def _last_round(context: CliProject) -> "RoundReport | None":
    """The report of the newest finished round that has one."""
    from wapaganda.pipeline import RoundReport

    found = [each.payload["report"] for each in context.ledger().rounds() if each.payload.get("report")]
    return RoundReport.from_dict(found[-1]) if found else None


def round_loop(
    context: CliProject,
    project: int | None,
    data: Path | None,
    pool: Path | None,
    out: Path | None,
    progress: Progress,
) -> "Loop":
    """The loop on a Label Studio project, or on the files ``data`` and ``pool``.

    Raises:
        InputError: a file is missing, or holds no entity.
    """
    if project is not None:
        return project_loop(context, project, progress)
    assert data is not None
    if pool is None:
        raise InputError(
            "Expected --pool together with --data, was: none.", "Name the unlabelled texts by --pool FILE."
        )
    read_with_entities(data, context.reading)
    if not pool.exists():
        raise InputError(f"Expected a file or folder, was: {pool}, which does not exist.")
    return files_loop(context, data, pool, out, progress)


def taking_over(loop: "Loop") -> "Loop":
    """The loop, which goes on although another one has released the last batch of its project."""
    from wapaganda.pipeline import LabelStudioSource

    assert isinstance(loop.source, LabelStudioSource)
    loop.source = replace(loop.source, takes_over=True)
    return loop


def _test_scores(
    context: CliProject, report: "RoundReport", test: Path | None, progress: Progress
) -> "Scores | None":
    if test is None or report.live is None:
        return None
    from wapaganda.pipeline import evaluate_version

    progress("evaluate", 0, 0)
    documents = read_labelled(test, context.reading).documents
    return evaluate_version(context.store(), report.live, documents, context.settings.device)


def _show(console: Console, report: "RoundReport", scores: "Scores | None") -> None:
    if scores is not None:
        console.show(scores_table(f"Strict span scores of {report.live} on the test texts", scores))
    facts = [
        (
            "Labelled",
            f"{report.n_labelled:,} texts, {report.training.n_train:,} to train on",
        ),
        ("Model", f"{report.version or 'none'}; live: {report.live or 'none'}. {report.training.reason}"),
        (
            "F1 held out" if report.training.n_holdout else "F1 out of fold",
            f"{percent(report.scores.f1)} (before: {percent(report.scores.previous_f1)})",
        ),
        ("Pool", f"{report.selection.n_pool:,} texts, {report.selection.n_candidates:,} candidates"),
        ("Batch", f"{report.n_released:,} texts. {report.selection.summary}"),
        ("Released", report.release),
    ]
    if hidden := report.proposals.describe():
        facts.append(("Hidden", hidden))
    facts.extend(assessment_facts(report.to_dict()))
    facts.extend(("Note", note) for note in report.messages)
    console.show(facts_table(f"Round {report.number}", facts))


def _result(
    context: CliProject, report: "RoundReport", scores: "Scores | None", mlflow: str
) -> dict[str, Any]:
    judged = {"test_f1": scores.micro.f1 if scores else None}
    return {"project": context.key, **report.to_dict(), **judged, "mlflow": mlflow}
