"""selfish train: train and evaluate a model version."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wapaganda.progress import Progress
from wapaganda.project_context import cross_validated_facts
from wapaganda.selfish_cli.inputs import copies_among, one_of, read_labelled, read_with_entities
from wapaganda.selfish_cli.project import CliProject, mirror_runs, open_context, project_lock
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, scores_table

if TYPE_CHECKING:
    from wapaganda.annotation import ReadOptions, ReadReport
    from wapaganda.calibration import Calibration
    from wapaganda.ner import Document, LabelSchema
    from wapaganda.pipeline import TrainingOutcome, TrainingTexts
    from wapaganda.trainer import Fit

KEPT = "The live model and all labels did not change. The unfinished training was discarded."


@dataclass(frozen=True, slots=True)
class Material:
    """The texts to train and evaluate on; ``judged_on`` is "test", "holdout" or "out_of_fold".

    ``flaws``: those of the ``notes`` that make the scores doubtful; they stand beside the scores as well.
    """

    texts: "TrainingTexts"
    schema: "LabelSchema"
    judged_on: str
    notes: tuple[str, ...]
    read: "ReadReport"
    flaws: tuple[str, ...] = ()


def train(
    data: choices.Data = None,
    test: options.Test = None,
    dev: options.Dev = None,
    project: options.Project = None,
    name: options.Name = "default",
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
    as_json: options.AsJson = False,
) -> None:
    """Train a model on labelled texts and evaluate it.

    It is evaluated on the texts of --test, without them by cross-fitting (FOLDS) or on a held-out part of the
    texts (HOLDOUT_FRACTION). It goes live unless it is worse than the live model on the same texts. With
    --dev the best checkpoint on these texts is kept, and the training stops when they no longer improve.
    """
    overrides = {
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
        one_of(
            "Name the labelled texts by --data FILE or a project by --project ID.", data=data, project=project
        )
        context = open_context(project, name, overrides)
        with project_lock(context), console.progress() as progress:
            material = _material(context, data, test, project, progress)
            if dev is not None:
                material = _with_dev(material, dev, context.reading)
            for note in material.notes:
                console.warn(note)
            trained = _train(context, material, progress)
            for message in trained.messages:
                console.warn(message)
            mlflow = mirror_runs(context, console, progress)
            context.prune()
        _show(console, context, material, trained)
        console.emit(_result(context, material, trained, mlflow))


def _material(
    context: CliProject, data: Path | None, test: Path | None, project: int | None, progress: Progress
) -> Material:
    progress("read", 0, 0)
    from wapaganda.pipeline import TrainingTexts, split_holdout

    tested = read_labelled(test, context.reading) if test else None
    if data is not None:
        from wapaganda.ner import LabelSchema

        read = read_with_entities(data, context.reading)
        labelled, notes, schema = list(read.documents), read.notes, LabelSchema.of(read.documents)
        report = read.report
        from wapaganda.dataset import stated_draw

        drawn: Mapping[str, str | None] = {each.id: stated_draw(each) for each in labelled}
        unlabelled: tuple[str, ...] = ()
    else:
        assert project is not None
        labelled, report, schema, drawn, unlabelled = _project_material(context, project, progress)
        notes = report.lines()
    if tested is not None:
        copies = copies_among(tested.documents, labelled)
        flaws = _flaws(copies, "test texts are also trained on")
        judged = list(tested.documents)
        texts = TrainingTexts(labelled, judged, unlabelled=unlabelled, sources=context.sources())
        notes += flaws + tested.notes
        return Material(texts, schema, "test", notes, report + tested.report, flaws)
    from wapaganda.sampler import UNSCORED_REASONS

    chosen = frozenset(key for key, how in drawn.items() if how is not None and how not in UNSCORED_REASONS)
    config = context.config()
    train_on, held = split_holdout(labelled, config.held_out, lambda key: key not in chosen)
    if not held and config.folds < 2:
        notes += (
            f"{len(labelled):,} labelled texts are too few to hold any out: the model is not evaluated.",
        )
    judged_on = "out_of_fold" if not held and config.folds >= 2 else "holdout"
    texts = TrainingTexts(train_on, held, chosen, unlabelled, sources=context.sources())
    return Material(texts, schema, judged_on, notes, report)


def _flaws(copies: int, what: str) -> tuple[str, ...]:
    return (f"{copies:,} of the {what}: the score is too high.",) if copies else ()


def _with_dev(material: Material, path: Path, options: "ReadOptions") -> Material:
    """The same with the labelled texts of ``path`` as dev set."""
    read = read_with_entities(path, options)
    notes = material.notes + read.notes
    copies = copies_among(read.documents, material.texts.holdout)
    flaws = _flaws(copies, "dev texts also evaluate the model")
    texts = replace(material.texts, dev=read.documents)
    read_both, flawed = material.read + read.report, material.flaws + flaws
    return replace(material, texts=texts, notes=notes + flaws, read=read_both, flaws=flawed)


def _project_material(
    context: CliProject, project: int, progress: Progress
) -> tuple[list["Document"], "ReadReport", "LabelSchema", Mapping[str, str | None], tuple[str, ...]]:
    from wapaganda.selfish_cli.project import project_loop

    loop = project_loop(context, project, progress)
    report = loop.fetch().report
    labelled = list(loop.ledger.documents(labelled=True))
    drawn = {document.id: loop.ledger.selection_reason(document.id) for document in labelled}
    return labelled, report, loop.source.schema(), drawn, tuple(loop.unlabelled())


def _train(context: CliProject, material: Material, progress: Progress) -> "TrainingOutcome":
    progress("load", 0, 0)
    from wapaganda.pipeline import reading_figures, train_version
    from wapaganda.trainer import Callbacks, StepReport

    config = context.config()
    n_train = len(material.texts.train)
    parameters = {"encoder": config.encoder, "n_train": n_train}
    run = context.runs().start(
        f"{context.key} · train · {n_train:,} labelled", parameters, {"project": context.key}
    )

    run.metrics(0, reading_figures(material.read))

    def on_step(step: StepReport) -> None:
        figures = {"train_loss": step.loss, "learning_rate": step.learning_rate}
        if step.dev_f1 is not None:
            figures["dev_f1"] = step.dev_f1
        run.training_step(step.step, figures)

    try:
        trained = train_version(
            material.texts,
            material.schema,
            config,
            context.store(),
            context.directory / "training",
            Callbacks(progress, on_step),
        )
    except BaseException:
        run.end("FAILED")
        raise
    manifest = context.store().version(trained.version).manifest
    counts = {"texts": manifest.n_documents, "types": len(manifest.labels)}
    run.dataset(context.key, manifest.data_fingerprint, counts)
    if trained.scores is not None:
        micro = trained.scores.micro
        run.metrics(
            trained.steps,
            {f"{material.judged_on}_f1": micro.f1, "precision": micro.precision, "recall": micro.recall},
        )
    if trained.best_dev_f1 is not None and trained.best_step is not None:
        best = {"best_dev_f1": trained.best_dev_f1, "best_step": float(trained.best_step)}
        run.metrics(trained.steps, best)
    if trained.calibration is not None:
        run.metrics(trained.steps, _cross_validated(trained.calibration))
    if trained.fit is not None:
        run.metrics(trained.steps, _fit_figures(trained.fit))
        run.tags({"undertrained": trained.fit.describe()})
    run.end("FINISHED")
    return trained


def _cross_validated(calibration: "Calibration | None") -> dict[str, float]:
    if calibration is None:
        return {}
    low, high = calibration.f1_interval
    return {
        "cross_validated_f1": calibration.f1,
        "cross_validated_f1_low": low,
        "cross_validated_f1_high": high,
        "temperature": calibration.temperature,
        "span_calibration_error": calibration.ece_after,
    }


def _fit_figures(fit: "Fit") -> dict[str, float]:
    figures = {"train_loss_share": fit.loss_share}
    return figures if fit.f1 is None else figures | {"train_f1": fit.f1}


def _show(console: Console, context: CliProject, material: Material, trained: "TrainingOutcome") -> None:
    where = {"test": "on the test texts", "holdout": "on the held-out texts"}.get(
        material.judged_on, "out of fold"
    )
    if trained.scores is not None:
        console.show(
            scores_table(f"Strict span scores {where} ({trained.scores.n_documents:,})", trained.scores)
        )
    live = context.store().current()
    effort = (
        "trained before on the same texts"
        if trained.reused
        else f"{trained.steps:,} steps, {trained.seconds:.0f} s"
    )
    console.show(
        facts_table(
            "",
            [
                ("Version", f"{trained.version} ({effort})"),
                *(("Caution", flaw) for flaw in material.flaws),
                ("Trained on", f"{trained.n_train:,} texts"),
                *_calibration_facts(trained),
                ("Live", f"{live.name if live else 'none'}: {trained.decision.reason}"),
                ("Model", str(context.store().path(trained.version))),
            ],
        )
    )


def _calibration_facts(trained: "TrainingOutcome") -> list[tuple[str, str]]:
    found = trained.calibration
    if found is None:
        return []
    return cross_validated_facts(found.f1, found.f1_interval, found.ece_after, found.temperature)


def _result(
    context: CliProject, material: Material, trained: "TrainingOutcome", mlflow: str
) -> dict[str, Any]:
    live = context.store().current()
    scores: dict[str, Any] = {"test_f1": None, "holdout_f1": None, "out_of_fold_f1": None}
    if trained.scores is not None:
        micro, on = trained.scores.micro, material.judged_on
        scores |= {
            f"{on}_f1": micro.f1,
            f"{on}_precision": micro.precision,
            f"{on}_recall": micro.recall,
            f"{on}_macro_f1": trained.scores.macro.f1,
            "per_type": {
                label: {
                    "precision": each.precision,
                    "recall": each.recall,
                    "f1": each.f1,
                    "spans": each.support,
                }
                for label, each in trained.scores.per_type.items()
            },
        }
    return {
        "project": context.key,
        "version": trained.version,
        "promoted": trained.decision.promote,
        "reason": trained.decision.reason,
        "live": live.name if live else None,
        **scores,
        **_cross_validated(trained.calibration),
        "encoder": context.config().encoder,
        "labels": list(material.schema.labels),
        "n_train": trained.n_train,
        "n_judged": trained.scores.n_documents if trained.scores else 0,
        "steps": trained.steps,
        "stopped_because": trained.stopped_because,
        "fit": trained.fit.to_dict() if trained.fit else None,
        "best_dev_f1": trained.best_dev_f1,
        "best_step": trained.best_step,
        "seconds": round(trained.seconds, 2),
        "reused": trained.reused,
        "remarks": list(trained.messages),
        "model_path": str(context.store().path(trained.version)),
        "mlflow": mlflow,
        "notes": list(material.notes),
        "read": material.read.to_dict(),
    }
