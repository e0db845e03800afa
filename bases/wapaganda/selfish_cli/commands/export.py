"""selfish export: write the finished data set with a data card."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wapaganda.dataset import export_formats
from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.selfish_cli.inputs import one_of, read_texts
from wapaganda.selfish_cli.outputs import SHOWN, check_parent
from wapaganda.selfish_cli.project import CliProject, open_context, project_loop
from wapaganda.selfish_cli.ui import options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, plain_table
from wapaganda.selfish_cli.ui.versions import undertrained

if TYPE_CHECKING:
    from wapaganda.annotation import ReadReport
    from wapaganda.dataset import CardFacts, ExportReport
    from wapaganda.ner import Document


def export(
    out: Annotated[Path, typer.Option("--out", help="New folder for the data set.")],
    project: options.Project = None,
    data: options.Data = None,
    formats: Annotated[
        str, typer.Option("--formats", help=f"Out of {', '.join(export_formats())}, with commas between.")
    ] = "conll,jsonl,datasets",
    split: Annotated[
        str, typer.Option("--split", help="Shares of train, dev and test; their sum is 1.")
    ] = "0.8,0.1,0.1",
    title: Annotated[str, typer.Option("--title", help="Title of the data card.")] = "",
    licence: Annotated[
        str, typer.Option("--licence", help="Licence of texts and labels, for the card.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    name: options.Name = "default",
    seed: options.Seed = None,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    columns: options.Columns = None,
    scheme: options.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    as_json: options.AsJson = False,
) -> None:
    """Write the labelled texts as a data set with a data card, split by text into train, dev and test."""
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
        shares = _shares(split)
        context = open_context(project, name, overrides)
        with console.progress() as progress:
            from wapaganda.dataset import check_request, export_dataset

            wanted = [each.strip() for each in formats.split(",") if each.strip()]
            check_request(out, wanted, shares, force)
            check_parent(out)
            documents, facts, read = _material(context, project, data, title, licence, progress)
            for note in read.lines():
                console.warn(note)
            progress("write", 0, 0)
            report = export_dataset(
                documents,
                out,
                wanted,
                shares,
                context.settings.seed,
                facts=facts,
                force=force,
            )
        _show(console, report)
        console.emit({"project": context.key, **report.to_dict(), "read": read.to_dict()})


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"Expected shares such as 0.8,0.1,0.1, was: {text!r}.") from None


def _material(
    context: CliProject,
    project: int | None,
    data: Path | None,
    title: str,
    licence: str,
    progress: Progress,
) -> tuple[list["Document"], "CardFacts", "ReadReport"]:
    from wapaganda.dataset import CardFacts

    made = datetime.now(UTC).date().isoformat()
    live = context.store().current()
    if project is not None:
        loop = project_loop(context, project, progress)
        read = loop.fetch().report
        documents = list(loop.ledger.documents())
        drawn = {
            document.id: how
            for document in documents
            if document.is_labelled and (how := loop.ledger.selection_reason(document.id))
        }
        source = f"Label Studio project {project}"
    else:
        assert data is not None
        progress("read", 0, 0)
        texts = read_texts(data, context.reading)
        documents, read, drawn, source = list(texts.documents), texts.report, {}, data.name
    facts = CardFacts(
        title=title or f"{source}: a data set for named-entity recognition",
        source=source,
        drawn=drawn,
        encoder=live.manifest.encoder if live and project is not None else "",
        model_version=live.name if live and project is not None else "",
        model_warning=undertrained(live) if live and project is not None else "",
        created_at=made,
        licence=licence,
        read=read,
        answers=context.settings.answers,
    )
    return documents, facts, read


def _show(console: Console, report: "ExportReport") -> None:
    rows = [
        [each.name, f"{each.n_documents:,}", f"{each.n_empty:,}", f"{each.n_spans:,}"]
        for each in report.splits
    ]
    head = ["Split", "Texts", "Without entities", "Spans"]
    console.show(plain_table("Data set", head, rows, numbers=(1, 2, 3)))
    facts = [("Written", f"{report.path} ({', '.join(report.formats)}; card: README.md)")]
    if report.n_unlabelled:
        facts.append(("Left out", f"{report.n_unlabelled:,} texts without labels"))
    facts += [("Left out", reason) for reason in report.left_out[:SHOWN]]
    if len(report.left_out) > SHOWN:
        facts.append(("Left out", f"{len(report.left_out):,} texts in all that a format cannot hold"))
    if report.repairs.total:
        facts.append(("Repairs", report.repairs.describe()))
    console.show(facts_table("", facts))
