"""selfish adapt: domain adaptation of the encoder on unlabelled texts."""

from pathlib import Path
from typing import Annotated

import typer

from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.selfish_cli.inputs import one_of, read_pool
from wapaganda.selfish_cli.outputs import check_parent
from wapaganda.selfish_cli.project import CliProject, open_context, project_loop
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import session
from wapaganda.selfish_cli.ui.tables import facts_table

_WINDOW = 50
"""Steps over which a loss is averaged."""


def adapt(
    out: Annotated[Path, typer.Option("--out", help="New folder for the adapted encoder.")],
    pool: choices.Pool = None,
    project: options.Project = None,
    encoder: options.Encoder = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps.")] = 600,
    seed: options.Seed = None,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    as_json: options.AsJson = False,
) -> None:
    """Adapt the encoder to your texts by masked language modelling, once, before you train on labels.

    Labels are ignored. Use the new folder as BASELINE_MODEL_NAME from then on.
    """
    overrides = {
        "baseline_model_name": encoder,
        "seed": seed,
        "label_studio_url": url,
        "label_studio_api_key": api_key,
        "read_columns": columns,
        "read_scheme": scheme,
        "text_field": text_field,
        "label_tag": label_tag,
    }
    with session(as_json, "Nothing was written.") as console:
        one_of("Name the texts by --pool FILE or a project by --project ID.", pool=pool, project=project)
        if out.exists():
            raise InputError(
                f"Expected a new folder, was: {out}, which exists.", "Name another one by --out."
            )
        check_parent(out)
        context = open_context(project, overrides=overrides)
        settings = context.settings
        with console.progress() as progress:
            texts, notes = _texts(context, project, pool, progress)
            for note in notes:
                console.warn(note)
            progress("load", 0, 0)
            from wapaganda.trainer import AdaptationRecipe
            from wapaganda.trainer import adapt as adapt_encoder

            recipe = AdaptationRecipe(
                steps, settings.explicit_learning_rate, seed=settings.seed, device=settings.device
            )
            found = adapt_encoder(texts, settings.baseline_model_name, out, recipe, progress)
        if found.is_new_head:
            console.warn("The encoder has no head for masked words: a new one was trained with it.")
        first, last = (sum(part) / len(part) for part in (found.losses[:_WINDOW], found.losses[-_WINDOW:]))
        facts = [
            ("Adapted to", f"{len(texts):,} texts, {steps:,} steps, {found.seconds:,.0f} s"),
            ("Loss", f"{first:.2f} → {last:.2f} nats per masked word piece"),
            ("Written", str(out)),
            ("Next", f"BASELINE_MODEL_NAME={out.resolve()}"),
        ]
        console.show(facts_table("", facts))
        console.emit(
            {
                "encoder": settings.baseline_model_name,
                "out": str(out),
                "texts": len(texts),
                "steps": steps,
                "seconds": round(found.seconds, 3),
                "first_loss": first,
                "last_loss": last,
                "is_new_head": found.is_new_head,
            }
        )


def _texts(
    context: CliProject, project: int | None, pool: Path | None, progress: Progress
) -> tuple[list[str], tuple[str, ...]]:
    if project is not None:
        loop = project_loop(context, project, progress)
        notes = tuple(loop.fetch().messages)
        return [each.text for each in loop.ledger.documents()], notes
    assert pool is not None
    progress("read", 0, 0)
    read = read_pool(pool, context.reading)
    return [each.text for each in read.documents], read.notes
