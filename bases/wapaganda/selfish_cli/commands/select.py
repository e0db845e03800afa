"""selfish select: the next batch from a pool, without training or releasing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.selfish_cli.inputs import one_of, read_pool, read_texts
from wapaganda.selfish_cli.outputs import check_out, document_dict, write_texts
from wapaganda.selfish_cli.project import (
    CliProject,
    chosen_version,
    load_tagger,
    open_context,
    project_loop,
)
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, plain_table

if TYPE_CHECKING:
    from wapaganda.annotation import ReadReport
    from wapaganda.ner import Document
    from wapaganda.pipeline import PoolScores, ProposalsPart
    from wapaganda.sampler import Selection

SHOWN = 10
"""Texts of the batch that are shown."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The chosen texts, best first, with the spans of the model ``version`` (``None``: no model).
    ``proposals``: how many of these spans were left out as too doubtful. ``sources``: whose spans they are,
    without a model; ``notes``: about them."""

    selection: "Selection"
    documents: list["Document"]
    version: str | None
    labels: tuple[str, ...]
    proposals: "ProposalsPart"
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def select(
    pool: choices.Pool = None,
    project: options.Project = None,
    scored: Annotated[
        Path | None,
        typer.Option("--scored", help="Folder that selfish score wrote, instead of --pool."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Labelled texts: they and their near duplicates are never selected."),
    ] = None,
    size: options.Size = None,
    strategy: choices.Strategy = None,
    measure: choices.Measure = None,
    threshold: options.Threshold = None,
    seed: options.Seed = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help=f"File for the batch, best first: {choices.SUFFIXES}."),
    ] = None,
    name: options.Name = "default",
    model: options.Version = None,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    as_json: options.AsJson = False,
) -> None:
    """Select the texts that are worth labelling next, with the spans that the model proposes.

    Nothing is trained and nothing is released; selfish update does both. Without a model it selects
    representative texts with the pretrained encoder, and the spans are those of the SOURCES. While the data
    set is completed (PURPOSE), they are the texts to review next.
    """
    overrides = {
        "samples_per_iteration": size,
        "strategy": strategy,
        "measure": measure,
        "uncertainty_threshold": threshold,
        "seed": seed,
        "label_studio_url": url,
        "label_studio_api_key": api_key,
        "read_columns": columns,
        "read_scheme": scheme,
        "text_field": text_field,
        "label_tag": label_tag,
        "lenient": lenient,
    }
    with session(as_json, "Nothing was written.") as console:
        one_of(
            "Name the texts by --pool FILE, a scored pool by --scored FOLDER or a project by --project ID.",
            pool=pool,
            scored=scored,
            project=project,
        )
        if out is not None:
            check_out(out, pool, data)
        context = open_context(project, name, overrides)
        with console.progress() as progress:
            candidates, known, read = _texts(context, project, pool, data, progress)
            for note in read.lines():
                console.warn(note)
            if scored is not None:
                batch = _choose_scored(context, scored, known, model, console)
            else:
                batch = _choose(context, candidates, known, model, progress)
            for note in batch.notes:
                console.warn(note)
            if out is not None:
                for message in write_texts(_proposed(batch), out):
                    console.warn(message)
        by_worth = context.settings.strategy == "hybrid" and context.settings.measure == "auto"
        _show(console, batch, out, by_worth)
        console.emit(_result(context, batch, out) | {"read": read.to_dict()})


def _texts(
    context: CliProject, project: int | None, pool: Path | None, data: Path | None, progress: Progress
) -> tuple[list["Document"], list["Document"], "ReadReport"]:
    """The pool, the other known texts, and the report of the reading."""
    progress("read", 0, 0)
    from wapaganda.annotation import ReadReport, has_machine_answer
    from wapaganda.pipeline import OPEN_AUDIT, is_waiting

    read = read_texts(data, context.reading) if data else None
    known = list(read.documents) if read else []
    report = read.report if read else ReadReport()
    if project is not None:
        loop = project_loop(context, project, progress)
        report += loop.fetch().report
        held = list(loop.ledger.documents())
        audited = set(loop.ledger.value(OPEN_AUDIT, []))  # these are labelled without proposals
        waiting = [each for each in held if is_waiting(each) and each.id not in audited]
        waiting = [each for each in waiting if not has_machine_answer(each)]
        return waiting, [*known, *held], report
    if pool is None:
        return [], known, report
    candidates = read_pool(pool, context.reading)
    return list(candidates.documents), known, report + candidates.report


def _choose(
    context: CliProject,
    pool: Sequence["Document"],
    known: Sequence["Document"],
    model: str | None,
    progress: Progress,
) -> Batch:
    progress("load", 0, 0)
    from wapaganda.pipeline import ProposalsPart, choose_step, score_pool, selected_documents

    config = context.config()
    labelled = [each for each in known if each.is_labelled]
    tagger = None
    if model is not None or context.store().current() is not None:
        tagger = load_tagger(context, model, progress)
    scored = None
    if tagger is not None:
        scored = score_pool(tagger, pool, config, progress)
        progress("select", 0, 0)
    if scored is not None and _is_for_review(context):
        selection = _reviewed(context, pool, scored, labelled, model)
    else:
        selection = choose_step(pool, scored, labelled, config, config.seed, progress)
    ranked = _decided(context, _ranked(selection, selected_documents(selection, pool, scored)))
    if tagger is None:
        plain = Batch(selection, ranked, None, (), ProposalsPart())
        return _with_sources(context, plain, known, progress)
    shown, proposals = _worth_showing(ranked, context.proposal_floor())
    return Batch(selection, shown, tagger.version, tagger.schema.labels, proposals)


def _with_sources(
    context: CliProject, batch: Batch, known: Sequence["Document"], progress: Progress
) -> Batch:
    """The batch with what the sources propose."""
    from wapaganda.pipeline import proposed_by_sources

    files = context.sources()
    if files is None:
        return batch
    labelled = [each for each in known if each.is_labelled]
    schema = files.schema(labelled)
    found = proposed_by_sources(files, labelled, batch.documents, schema, progress)
    marked = [each.with_spans(spans) for each, spans in zip(batch.documents, found.spans, strict=True)]
    if not found.names:
        return replace(batch, notes=found.messages)
    shown, proposals = _worth_showing(_decided(context, marked), context.proposal_floor())
    return replace(
        batch,
        documents=shown,
        labels=schema.labels,
        proposals=proposals,
        sources=found.names,
        notes=found.messages,
    )


def _choose_scored(
    context: CliProject, folder: Path, known: Sequence["Document"], model: str | None, console: Console
) -> Batch:
    """The batch from the kept texts of a scored pool."""
    from wapaganda.pipeline import ScoredPool, choose, selected_documents
    from wapaganda.sampler import UNSCORED_REASONS

    if model is not None:
        raise InputError(f"Expected no --model with --scored, was: {model}.", "selfish score has the option.")
    if _is_for_review(context):
        raise InputError(
            "Expected batches for the model, was: for the review, whose order needs every text.",
            "Set PURPOSE=model, or name the texts by --pool.",
        )
    config = context.config()
    pool = ScoredPool.load(folder)
    pool.check(config)
    labelled = [each for each in known if each.is_labelled]
    selection = choose(pool.documents, pool.scored, labelled, config, config.seed, pool.is_random)
    ranked = _decided(context, _ranked(selection, selected_documents(selection, pool.documents, pool.scored)))
    picks = [each for each in selection.picks if each.reason not in UNSCORED_REASONS]
    lower = sum(not pool.is_best[each.index] for each in picks)
    if lower or len(selection.picks) < min(config.batch_size, pool.n_texts):
        console.warn(f"{folder} keeps too few texts for this batch: score the pool with a larger --keep.")
    shown, proposals = _worth_showing(ranked, context.proposal_floor())
    of_all = replace(selection, n_pool=pool.n_texts, n_candidates=pool.n_candidates)
    return Batch(of_all, shown, pool.version, pool.scored.labels, proposals)


def _decided(context: CliProject, batch: Sequence["Document"]) -> list["Document"]:
    """The texts with the terms that people have decided, where a model proposes spans."""
    decided = context.decided_terms()
    return [
        each if each.spans is None else each.with_spans(decided.applied(each.text, each.spans))
        for each in batch
    ]


def _worth_showing(batch: Sequence["Document"], floor: float) -> tuple[list["Document"], "ProposalsPart"]:
    """The texts without the spans below the floor, and the numbers of both kinds."""
    from wapaganda.annotation_cost import worth_showing
    from wapaganda.pipeline import ProposalsPart

    shown = [each.with_spans(worth_showing(each.spans or (), floor)) for each in batch]
    all_ = (span for each in batch for span in each.spans or ())
    return shown, ProposalsPart(floor).of(all_, (span for each in shown for span in each.spans or ()))


def _is_for_review(context: CliProject) -> bool:
    """Whether the batch is for reviewing the model's labels, by PURPOSE and what the rounds decided."""
    from wapaganda.pipeline import selected_purpose

    has_ledger = (context.directory / "ledger.sqlite").exists()
    purpose = selected_purpose(context.ledger() if has_ledger else None, context.settings.purpose)
    return purpose == "dataset"


def _reviewed(
    context: CliProject,
    pool: Sequence["Document"],
    scored: "PoolScores",
    labelled: Sequence["Document"],
    model: str | None,
) -> "Selection":
    from wapaganda.pipeline import calibration_of, choose_review, fitted_prices, read_proposals

    prices = fitted_prices(labelled, read_proposals(context.directory / "rounds")).prices
    wanted = chosen_version(context, model)
    manifest = next(each.manifest for each in context.store().versions() if each.name == wanted)
    size = context.settings.samples_per_iteration
    done = {each.text for each in labelled}
    waiting = [each for each in pool if each.text not in done]
    return choose_review(waiting, scored, size, prices, calibration_of(manifest))


def _ranked(selection: "Selection", chosen: Sequence["Document"]) -> list["Document"]:
    """The texts with their place in the batch as ``meta``."""
    return [
        replace(
            document,
            meta={"rank": rank, "uncertainty": round(float(pick.score), 6), "drawn": pick.reason},
        )
        for rank, (document, pick) in enumerate(zip(chosen, selection.picks, strict=True))
    ]


def _proposed(batch: Batch) -> list["Document"]:
    """The texts with the spans as what the model proposes, which no reader takes for labels."""
    from wapaganda.annotation import with_proposal

    return [
        each if each.spans is None else with_proposal(each, each.spans, _by(batch))
        for each in batch.documents
    ]


def _by(batch: Batch) -> str:
    """What has proposed the spans."""
    from wapaganda.source import sources_version

    return batch.version or sources_version(batch.sources)


def _show(console: Console, batch: Batch, out: Path | None, by_worth: bool) -> None:
    chosen = batch.selection
    rows = [
        [str(rank + 1), f"{pick.score:.3f}", pick.reason, _short(document.text)]
        for rank, (document, pick) in enumerate(
            zip(batch.documents[:SHOWN], chosen.picks[:SHOWN], strict=True)
        )
    ]
    title = f"The first {len(rows)} of {len(batch.documents):,} selected texts"
    if rows:
        console.show(plain_table(title, ["Rank", "Score", "Reason", "Text"], rows, numbers=(0, 1)))
    facts = [
        ("Model", batch.version or "none yet: representative texts are selected"),
        ("Pool", f"{chosen.n_pool:,} texts, {chosen.n_candidates:,} candidates"),
        ("Choice", chosen.summary),
    ]
    if batch.sources:
        facts.append(("Proposals", f"by the sources {', '.join(batch.sources)}"))
    if batch.version and by_worth:
        facts.append(("Rank", "by expected errors a second of work; the score only finds the candidates"))
    if hidden := batch.proposals.describe():
        facts.append(("Hidden", hidden))
    if out is not None:
        facts.append(("Written", f"{out}; selfish answers adds its answers to the labelled texts"))
    console.show(facts_table("", facts))


def _short(text: str, width: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _strategy(context: CliProject, batch: Batch) -> str:
    """The name of the strategy, or the reason of the texts when it was not asked."""
    reason = next((pick.reason for pick in batch.selection.picks), "random")
    return context.settings.strategy if batch.version and reason != "review" else reason


def _result(context: CliProject, batch: Batch, out: Path | None) -> dict[str, Any]:
    from wapaganda.uncertainty import find_measure

    chosen = batch.selection
    return {
        "project": context.key,
        "version": batch.version,
        "sources": list(batch.sources),
        "strategy": _strategy(context, batch),
        "measure": find_measure(context.settings.measure).name,
        "n_pool": chosen.n_pool,
        "n_candidates": chosen.n_candidates,
        "n_selected": len(chosen.picks),
        "n_filled": chosen.n_filled,
        "n_duplicates": chosen.n_duplicates,
        "should_stop": chosen.should_stop,
        "reason": chosen.summary,
        "out": str(out) if out else None,
        **asdict(batch.proposals),
        "batch": [document_dict(document) | dict(document.meta) for document in batch.documents],
    }
