"""selfish score: the scores of a pool of any size, and the best of its texts."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.selfish_cli.outputs import check_parent
from wapaganda.selfish_cli.project import CliProject, chosen_version, open_context
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table

if TYPE_CHECKING:
    from wapaganda.pipeline import PieceEngine, ScoredPool

_BATCHES = 10
"""Batches for which the best texts are kept, unless the user says how many texts."""


class EngineName(StrEnum):
    """Where the pool is scored."""

    LOCAL = "local"
    RAY = "ray"


def score(
    pool: Annotated[
        Path,
        typer.Option("--pool", help="A Parquet file, or a folder of them, with a column text (and id)."),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="New folder for the scores; an unfinished one is continued.")
    ],
    engine: Annotated[
        EngineName,
        typer.Option("--engine", help="local: this process; ray: actors of Ray (docs/scaling.md)."),
    ] = EngineName.LOCAL,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Actors of Ray. Default: one for each GPU, else each core."),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", help="A running Ray cluster. Default: Ray starts on this machine."),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep", min=1, help="Best texts, and random texts, to choose from later. Default: ten batches."
        ),
    ] = None,
    strategy: choices.Strategy = None,
    measure: choices.Measure = None,
    threshold: options.Threshold = None,
    seed: options.Seed = None,
    project: options.Project = None,
    name: options.Name = "default",
    model: options.Version = None,
    as_json: options.AsJson = False,
) -> None:
    """Score a pool that is too large for memory, on this machine or on a Ray cluster.

    selfish select --scored FOLDER then chooses batches from the best texts and a random sample. After an
    interruption the same command goes on.
    """
    overrides = {
        "strategy": strategy,
        "measure": measure,
        "uncertainty_threshold": threshold,
        "seed": seed,
    }
    with session(as_json, "Finished pieces are kept; the same command goes on.") as console:
        context = open_context(project, name, overrides)
        check_parent(out)
        chosen = _engine(context, engine, workers, ray_address)
        wanted = chosen_version(context, model)
        with console.progress() as progress:
            progress("load", 0, 0)
            from wapaganda.pipeline import ScoringJob, score_shards

            config = context.config()
            folder = context.store().read(wanted).path.resolve()
            job = ScoringJob(folder, config, keep or _BATCHES * config.batch_size, out.resolve())
            found = score_shards(pool, job, chosen, progress)
        _show(console, found, out)
        console.emit(_result(context, found, out) | {"engine": engine.value})


def _engine(context: CliProject, name: EngineName, workers: int | None, address: str | None) -> "PieceEngine":
    from wapaganda.errors import InputError

    if name is EngineName.RAY:
        from wapaganda.ray_engine import RayEngine

        return RayEngine(workers, address, context.settings.device)
    if workers is not None or address is not None:
        raise InputError("Expected --engine ray with --workers or --ray-address, was: local.")
    from wapaganda.pipeline import in_this_process

    return in_this_process


def _show(console: Console, found: "ScoredPool", out: Path) -> None:
    if found.n_renamed:
        console.warn(f"{found.n_renamed:,} kept texts have the id of another one and got a number behind it.")
    facts = [
        ("Model", found.version),
        ("Measure", found.measure),
        ("Pool", f"{found.n_texts:,} texts, {found.n_candidates:,} candidates"),
        ("Kept", f"{int(found.is_best.sum()):,} best, {int(found.is_random.sum()):,} random"),
        ("Written", str(out)),
    ]
    console.show(facts_table("", facts))


def _result(context: CliProject, found: "ScoredPool", out: Path) -> dict[str, Any]:
    return {
        "project": context.key,
        "version": found.version,
        "measure": found.measure,
        "n_pool": found.n_texts,
        "n_candidates": found.n_candidates,
        "n_best": int(found.is_best.sum()),
        "n_random": int(found.is_random.sum()),
        "n_renamed": found.n_renamed,
        "out": str(out),
    }
