"""selfish export: write the finished data set with a data card."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wapaganda.annotation import Provenance
from wapaganda.dataset import FORMATS, export_formats, filter_lines
from wapaganda.errors import InputError
from wapaganda.selfish_cli.commands.finished.material import (
    HOW_TO_COMPLETE,
    CardOptions,
    facts_of,
    machine_part,
    source_of_files,
    source_of_project,
)
from wapaganda.selfish_cli.inputs import one_of
from wapaganda.selfish_cli.outputs import SHOWN, check_parent
from wapaganda.selfish_cli.package import package_version
from wapaganda.selfish_cli.project import open_context
from wapaganda.selfish_cli.ui import choices, completion, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, plain_table

if TYPE_CHECKING:
    from wapaganda.dataset import ExportReport

PROVENANCES = ", ".join(Provenance)


def export(
    out: Annotated[Path, typer.Option("--out", help="New folder for the data set.")],
    project: options.Project = None,
    data: choices.Data = None,
    pool: Annotated[
        Path | None, typer.Option("--pool", help="Texts without labels that belong to the data set, too.")
    ] = None,
    formats: Annotated[
        str,
        typer.Option(
            "--formats",
            help=f"Out of {', '.join(export_formats())}, with commas between.",
            autocompletion=completion.formats,
        ),
    ] = ",".join(FORMATS),
    split: Annotated[
        str, typer.Option("--split", help="Shares of train, dev and test; their sum is 1.")
    ] = "0.8,0.1,0.1",
    only: Annotated[
        str, typer.Option("--only", help=f"Only texts labelled in these ways, out of {PROVENANCES}.")
    ] = "",
    min_confidence: Annotated[
        float,
        typer.Option(
            "--min-confidence", min=0, max=1, help="Leave out texts of a machine with a less sure span."
        ),
    ] = 0.0,
    with_machine: Annotated[
        bool,
        typer.Option(
            "--with-machine", help="Take the live model's labels for the rest; they are not certified."
        ),
    ] = False,
    annotators: Annotated[
        bool, typer.Option("--annotators", help="Write who the annotators were, and all their answers.")
    ] = False,
    title: Annotated[str, typer.Option("--title", help="Title of the card, instead of the project's.")] = "",
    licence: Annotated[
        str,
        typer.Option("--license", "--licence", help="Licence of texts and labels, such as cc-by-4.0."),
    ] = "",
    language: Annotated[
        str, typer.Option("--language", help="Codes of the languages, such as en, with commas between.")
    ] = "",
    push_to_hub: Annotated[
        str, typer.Option("--push-to-hub", help="Also upload it as this data set, owner/name; private.")
    ] = "",
    public: Annotated[
        bool, typer.Option("--public", help="With --push-to-hub: everybody may read the data set.")
    ] = False,
    replay: Annotated[
        Path | None,
        typer.Option("--replay", help="Make the export of this export.json again, or say what has changed."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    name: options.Name = "default",
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
    """Write the labelled texts as a data set with a data card, split into train, dev and test.

    Every text says who labelled it. Dev and test hold only texts that people labelled and that were drawn at
    random. The texts that nobody has labelled are in it when selfish complete has accepted the model's
    labels of them, or with --with-machine. --replay takes all options from an earlier export.
    """
    overrides = {
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
        one_of("Name a project by --project ID or labelled texts by --data.", project=project, data=data)
        if pool is not None and data is None:
            raise InputError("Expected --data with --pool, was: none.", "A project has its own pool.")
        if public and not push_to_hub:
            raise InputError("Expected --push-to-hub with --public, was: none.")
        from wapaganda.dataset import ExportRequest, Replay, check_folder, check_hub, export_dataset

        again = None if replay is None else Replay.load(replay)
        if again is not None:
            chosen = (formats != ",".join(FORMATS), split != "0.8,0.1,0.1", only, min_confidence, annotators)
            if any((*chosen, with_machine, title, licence, language, push_to_hub, seed is not None)):
                raise InputError("Expected the source and --out with --replay, was: other options as well.")
            overrides |= again.reading
        shares = _shares(split)
        context = open_context(project, name, overrides)
        with console.progress() as progress:
            if push_to_hub:
                check_hub(push_to_hub)
            request = ExportRequest(
                tuple(_names(formats) + (["parquet"] if push_to_hub else [])),
                shares,
                context.settings.seed,
                tuple(_names(only)) or tuple(Provenance),
                min_confidence,
                annotators,
            )
            card = CardOptions(title, licence, tuple(_names(language)), package_version())
            if again is not None:
                request, with_machine = again.request, again.with_machine
                card = replace(
                    card,
                    title=again.title,
                    licence=again.licence,
                    languages=again.languages,
                    created_at=again.created_at,
                )
            check_folder(out, force)
            check_parent(out)
            if project is not None:
                source = source_of_project(context, project, progress)
            else:
                assert data is not None
                source = source_of_files(context, data, pool, progress)
            for note in source.read.lines():
                console.warn(note)
            machine = machine_part(context, source, with_machine, progress)
            facts = facts_of(context, source, card)
            progress("write", 0, 0)
            if machine is not None and machine.model:
                with suppress(OSError):  # where MODEL_DIR is read-only, nothing is pruned either
                    context.store().keep(machine.model)
            report = export_dataset(
                source.documents, out, request, machine=machine, facts=facts, force=force, replay=again
            )
        _show(console, report)
        address = _pushed(console, out, push_to_hub, public) if push_to_hub else None
        read = {"read": source.read.to_dict(), "hub": address}
        console.emit({"project": context.key, **report.to_dict(), **read})


def _pushed(console: Console, folder: Path, name: str, public: bool) -> str:
    from wapaganda.dataset import push_to_hub

    with console.progress() as progress:
        progress("upload", 0, 0)
        address = push_to_hub(folder, name, public=public)
    console.show(facts_table("", [("Uploaded", f"{address} ({'public' if public else 'private'})")]))
    return address


def _names(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"Expected shares such as 0.8,0.1,0.1, was: {text!r}.") from None


def _show(console: Console, report: "ExportReport") -> None:
    rows = [
        [each.name, f"{each.n_documents:,}", f"{each.n_empty:,}", f"{each.n_spans:,}"]
        for each in report.splits
    ]
    head = ["Split", "Texts", "Without entities", "Spans"]
    console.show(plain_table("Data set", head, rows, numbers=(1, 2, 3)))
    who = [
        [each, f"{counts.n_documents:,}", f"{counts.n_spans:,}"]
        for each, counts in report.by_provenance.items()
    ]
    console.show(plain_table("Labelled by", ["Provenance", "Texts", "Spans"], who, numbers=(1, 2)))
    console.show(facts_table("", _facts(report)))


def _facts(report: "ExportReport") -> list[tuple[str, str]]:
    formats = ", ".join(report.request.formats)
    facts = [("Written", f"{report.path} ({formats}; card: README.md)"), *_quality(report)]
    facts += [("Note", note) for note in report.notes]
    if report.n_unlabelled:
        how = "" if report.quality.model else f" {HOW_TO_COMPLETE}"
        facts.append(("Left out", f"{report.n_unlabelled:,} texts without labels.{how}"))
    facts += [("Left out", line) for line in filter_lines(report)]
    facts += [("Left out", reason) for reason in report.left_out[:SHOWN]]
    if len(report.left_out) > SHOWN:
        facts.append(("Left out", f"{len(report.left_out):,} texts in all that a format cannot hold"))
    if report.repairs.total:
        facts.append(("Repairs", report.repairs.describe()))
    return facts


def _quality(report: "ExportReport") -> list[tuple[str, str]]:
    quality, facts = report.quality, []
    if not quality.model:
        return []
    if quality.certificate is None:
        facts.append(("F1", f"not certified: nobody has audited the labels of {quality.model}"))
    else:
        facts.append(("Certified", quality.certified))
    if quality.estimate is not None:
        low, high = quality.estimate.interval
        facts.append(("F1", f"{quality.estimate.f1:.1%} ({low:.1%} to {high:.1%}), as the model expects"))
    return facts
