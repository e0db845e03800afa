"""selfish predict: entity spans for new texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.selfish_cli.inputs import one_of, read_pool
from wapaganda.selfish_cli.outputs import check_out, document_dict, write_texts
from wapaganda.selfish_cli.project import CliProject, load_tagger, open_context
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session

if TYPE_CHECKING:
    from wapaganda.annotation import ReadReport
    from wapaganda.ner import Document
    from wapaganda.tagger import Tagger

SHOWN = 20
"""Texts that are shown when no --out is given."""
STYLES = (
    "black on cyan",
    "black on green",
    "black on yellow",
    "black on magenta",
    "white on blue",
    "white on red",
)


@dataclass(frozen=True, slots=True)
class By:
    """Who has found the spans, a model or sources, and the types that they know."""

    version: str
    labels: tuple[str, ...]


def predict(
    text: Annotated[
        str | None, typer.Argument(help="One text, instead of --data.", show_default=False)
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help=f"Texts: {choices.FORMATS}.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help=f"File for the texts with their spans: {choices.SUFFIXES}."),
    ] = None,
    project: options.Project = None,
    name: options.Name = "default",
    model: options.Version = None,
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    as_json: options.AsJson = False,
) -> None:
    """Find the entities in a text or in the texts of a file.

    Without a model they are those that the SOURCES find. --out marks the spans as proposed: no command takes
    them for labels, and Label Studio imports them as predictions.
    """
    with session(as_json, "Nothing was written.") as console:
        one_of("Give one text in quotes, or name a file by --data.", text=text, data=data)
        if out is not None:
            check_out(out, data)
        overrides = {
            "read_columns": columns,
            "read_scheme": scheme,
            "text_field": text_field,
            "label_tag": label_tag,
        }
        context = open_context(project, name, overrides)
        with console.progress() as progress:
            documents, read = _documents(context, text, data, console, progress)
            if model is None and context.sources() is not None and context.store().current() is None:
                found, by = _ask_sources(context, documents, console, progress)
            else:
                tagger = load_tagger(context, model, progress)
                if context.settings.scoring_precision == "auto" and data is not None:
                    tagger = tagger.fast()
                found, by = _predict(tagger, documents, progress), By(tagger.version, tagger.schema.labels)
            if out is not None:
                from wapaganda.annotation import with_proposal

                proposed = [with_proposal(each, each.spans or (), by.version) for each in found]
                for message in write_texts(proposed, out):
                    console.warn(message)
        _show(console, found, by, out)
        console.emit(_result(context, found, by, out) | {"read": read.to_dict()})


def _ask_sources(
    context: CliProject, documents: Sequence["Document"], console: Console, progress: Progress
) -> tuple[list["Document"], By]:
    """What the sources find, judged by the labels that the project has."""
    from wapaganda.pipeline import proposed_by_sources
    from wapaganda.source import sources_version

    files = context.sources()
    assert files is not None
    labelled = list(context.ledger().documents(labelled=True)) if context.ledger_path.exists() else []
    schema = files.schema(labelled)
    found = proposed_by_sources(files, labelled, documents, schema, progress)
    for message in found.messages:
        console.warn(message)
    if not found.names:
        raise InputError("Expected a model or a source that answers, was: neither.", "Train a model first.")
    marked = [each.with_spans(spans) for each, spans in zip(documents, found.spans, strict=True)]
    return marked, By(sources_version(found.names), schema.labels)


def _documents(
    context: CliProject, text: str | None, data: Path | None, console: Console, progress: Progress
) -> tuple[Sequence["Document"], "ReadReport"]:
    from wapaganda.annotation import ReadReport
    from wapaganda.ner import Document

    if text is not None:
        return [Document("text", text)], ReadReport(n_unlabelled=1)
    assert data is not None
    progress("read", 0, 0)
    read = read_pool(data, context.reading)
    for note in read.notes:
        console.warn(note)
    return read.documents, read.report


def _predict(tagger: "Tagger", documents: Sequence["Document"], progress: Progress) -> list["Document"]:
    progress("predict", 0, len(documents))
    found = []
    for done, tagged in enumerate(tagger.tag([document.text for document in documents])):
        found.append(documents[done].with_spans(tagged.spans))
        progress("predict", done + 1, len(documents))
    return found


def _show(console: Console, found: Sequence["Document"], by: By, out: Path | None) -> None:
    n_spans = sum(len(document.spans or ()) for document in found)
    if out is not None:
        console.show(f"{len(found):,} texts with {n_spans:,} spans by {by.version} are in {out}.")
        return
    styles = dict(zip(by.labels, STYLES * len(by.labels), strict=False))
    for document in found[:SHOWN]:
        console.show(_highlighted(document, styles))
    if not n_spans:
        console.say(f"{by.version} finds no entity.")
    if len(found) > SHOWN:
        console.say(f"… and {len(found) - SHOWN:,} more; --out FILE writes all.")


def _highlighted(document: "Document", styles: dict[str, str]) -> Text:
    line, at = Text(), 0
    for span in document.spans or ():
        line.append(document.text[at : span.start])
        score = "" if span.score is None else f" {span.score:.2f}"
        line.append(f"[{document.text[span.start : span.end]}]", style=styles.get(span.label, "bold"))
        line.append(f"({span.label}{score})", style="dim")
        at = span.end
    line.append(document.text[at:])
    return line


def _result(context: CliProject, found: Sequence["Document"], by: By, out: Path | None) -> dict[str, Any]:
    result: dict[str, Any] = {
        "project": context.key,
        "version": by.version,
        "texts": len(found),
        "spans": sum(len(document.spans or ()) for document in found),
        "out": str(out) if out else None,
    }
    if out is None:
        result["documents"] = [document_dict(document) for document in found]
    return result
