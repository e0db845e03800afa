"""selfish review: likely label errors, the most suspicious first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.selfish_cli.commands.answers.added import show_added
from wapaganda.selfish_cli.commands.answers.empty import doubted, sentence_of, show_empty
from wapaganda.selfish_cli.commands.answers.second_look import SecondLook
from wapaganda.selfish_cli.inputs import read_labelled
from wapaganda.selfish_cli.outputs import check_parent
from wapaganda.selfish_cli.project import (
    CliProject,
    chosen_version,
    last_reading,
    open_context,
    project_loop,
)
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.label_errors import label_errors_records, label_errors_table
from wapaganda.selfish_cli.ui.tables import facts_table

if TYPE_CHECKING:
    from wapaganda.annotation import ReadReport
    from wapaganda.label_errors import LabelIssue, OpenIssues
    from wapaganda.ner import Document

TITLE = "Likely label errors"
"""Of the Data Manager's tab."""


@dataclass(frozen=True, slots=True)
class Review:
    """The open issues of a version today; ``shown``: those that the user asked for. ``doubts``: one sentence
    about empty answers where models that have not seen the text expect entities."""

    version: str
    found: "OpenIssues"
    shown: tuple[tuple["LabelIssue", "Document"], ...]
    doubts: str = ""


def review(
    data: Annotated[
        Path | None,
        typer.Option("--data", help="The labelled texts as they are now. Default: those of the last update."),
    ] = None,
    project: options.Project = None,
    added: Annotated[
        str | None,
        typer.Option("--added", help="List the texts that were labelled before this type existed instead."),
    ] = None,
    empty: Annotated[
        bool,
        typer.Option("--empty", help="List the empty answers where the model expects entities instead."),
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="How many, the most suspicious first; 0: all.")
    ] = 20,
    view: Annotated[
        bool, typer.Option("--view", help=f'Show their texts in Label Studio, in the tab "{TITLE}".')
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File for the list: .jsonl.")] = None,
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
    """List the labels that are probably wrong, with what the model would mark instead.

    Each label is compared with the prediction of a model that was not trained on its text. The training of
    the live model makes the list. Labels that were changed since then are left out. With --view the newest
    labels are fetched first, and what the model would mark is shown beside each annotation. A text leaves the
    tab, and the list, when somebody corrects it or marks it as ground truth.

    With --added TYPE it lists the texts that were labelled before TYPE existed instead, first those in which
    the models of the cross-fitting find most of it.

    With --empty it lists the texts that people have labelled as having no entity although the model expects
    some, first those in which it is most confident. A text that annotators were shown without proposals may
    be among them.
    """
    overrides = {
        "label_studio_url": url,
        "label_studio_api_key": api_key,
        "read_columns": columns,
        "read_scheme": scheme,
        "text_field": text_field,
        "label_tag": label_tag,
        "lenient": lenient,
    }
    with session(as_json, "Nothing was written.") as console:
        _check_usage(data, project, view, out)
        if empty and added is not None:
            raise InputError("Expected --empty or --added, was: both.")
        context = open_context(project, name, overrides)
        with console.progress() as progress:
            fetched = project if view else None
            if added is not None or empty:
                version = chosen_version(context, model) if empty else ""
                documents, read = _documents(console, context, data, fetched, progress)
                look = SecondLook(console, context, limit, out, fetched)
                shown = (
                    show_empty(look, version, documents)
                    if added is None
                    else show_added(look, added, documents)
                )
                console.emit(shown | {"read": read.to_dict()})
                return
            version, issues = _issues(context, model)
            documents, read = _documents(console, context, data, fetched, progress)
            from wapaganda.label_errors import SHOWN, find_open_issues

            found = find_open_issues(issues, documents, _stored(context, SHOWN))
            doubts = sentence_of(doubted(context, version, documents, predicts=False))
            reviewed = Review(version, found, found.cases[: limit or None], doubts)
            if out is not None:
                _write(out, reviewed)
            tab = _tab(context, project, reviewed) if view and project is not None else None
        _show(console, reviewed, out, tab)
        console.emit(_result(context, reviewed, out, tab) | {"read": read.to_dict()})


def _check_usage(data: Path | None, project: int | None, view: bool, out: Path | None) -> None:
    if data is not None and project is not None:
        raise InputError(
            "Expected --data or --project, was: both.", "A project's texts come from Label Studio."
        )
    if view and project is None:
        raise InputError("Expected --project with --view, was: none.", "Name the project by --project ID.")
    if out is None:
        return
    if out.suffix != ".jsonl" or out.is_dir():
        raise InputError(f"Expected a file name that ends in .jsonl, was: {out}.")
    if data is not None and out.resolve() == data.resolve():
        raise InputError(f"Expected a new file, was: {out}, which is read from.", "Name another by --out.")
    check_parent(out)


def _issues(context: CliProject, model: str | None) -> tuple[str, "list[LabelIssue]"]:
    from wapaganda.label_errors import REVIEW_FILE, read_issues

    version = chosen_version(context, model)
    path = context.store().path(version) / REVIEW_FILE
    if not path.exists():
        raise InputError(
            f"Expected a list of likely label errors of {version}, was: none.",
            "selfish train and selfish update make it for a new version when FOLDS is 2 or more "
            "and there are at least 20 labelled texts.",
        )
    return version, read_issues(path)


def _documents(
    console: Console, context: CliProject, data: Path | None, fetched: int | None, progress: Progress
) -> tuple[Sequence["Document"], "ReadReport"]:
    """The labelled texts as they are now, and the report of the reading; ``fetched`` is fetched first."""
    progress("read", 0, 0)
    if data is not None:
        texts = read_labelled(data, context.reading)
        for note in texts.notes:
            console.warn(note)
        return texts.documents, texts.report
    if fetched is not None:
        loop = project_loop(context, fetched, progress)
        report = loop.fetch().report
        for note in report.lines():
            console.warn(note)
        return list(loop.ledger.documents(labelled=True)), report
    if not (context.directory / "ledger.sqlite").exists():
        raise InputError(
            "Expected the labelled texts that the model was trained on, was: none.", "Name them by --data."
        )
    return list(context.ledger().documents(labelled=True)), last_reading(context)


def _tab(context: CliProject, project: int, reviewed: Review) -> dict[str, Any]:
    from wapaganda.label_errors import SHOWN, readings_of, with_shown
    from wapaganda.label_studio import ShownReading

    studio = context.studio()
    readings = [
        ShownReading(int(each.document.id), each.document.text, each.spans, each.says(), each.score)
        for each in readings_of(reviewed.shown)
    ]
    tab, at = studio.show_readings(project, TITLE, readings)
    ledger = context.ledger()
    ledger.set_value(SHOWN, with_shown(ledger.value(SHOWN, {}), reviewed.shown, at))
    return {
        "id": tab,
        "title": TITLE,
        "texts": len(readings),
        "url": studio.page(project, tab),
    }


def _stored(context: CliProject, key: str) -> dict[str, Any]:
    """A value of the ledger, if there is one."""
    has_ledger = (context.directory / "ledger.sqlite").exists()
    return dict(context.ledger().value(key, {})) if has_ledger else {}


def _write(path: Path, reviewed: Review) -> None:
    from wapaganda.storage import write_text

    lines = [json.dumps(each, ensure_ascii=False) for each in label_errors_records(reviewed.shown)]
    write_text(path, "".join(f"{line}\n" for line in lines))


def _show(console: Console, reviewed: Review, out: Path | None, tab: dict[str, Any] | None) -> None:
    found = reviewed.found
    if reviewed.shown:
        title = f"The {len(reviewed.shown):,} most suspicious of {len(found.cases):,} labels"
        console.show(label_errors_table(title, reviewed.shown))
    facts = [("Model", reviewed.version), ("Likely errors", f"{len(found.cases):,} labels{_since(found)}")]
    if reviewed.doubts:
        facts.append(("Empty answers", reviewed.doubts))
    if out is not None:
        facts.append(("Written", str(out)))
    if tab is not None:
        facts.append(("Label Studio", f"{tab['texts']:,} texts in the tab {TITLE}: {tab['url']}"))
    console.show(facts_table("", facts))


def _since(found: "OpenIssues") -> str:
    parts = [
        f"{number:,} {what}"
        for number, what in (
            (found.n_changed, "were changed since then"),
            (found.n_looked_at, "were looked at and left as they are"),
            (found.n_gone, "are in texts that were removed"),
        )
        if number
    ]
    return f"; {', '.join(parts)}" if parts else ""


def _result(
    context: CliProject, reviewed: Review, out: Path | None, tab: dict[str, Any] | None
) -> dict[str, Any]:
    found = reviewed.found
    return {
        "project": context.key,
        "version": reviewed.version,
        "n_doubtful": len(found.cases),
        "n_changed": found.n_changed,
        "n_looked_at": found.n_looked_at,
        "n_gone": found.n_gone,
        "empty_answers": reviewed.doubts,
        "out": str(out) if out else None,
        "view": tab,
        "suspects": label_errors_records(reviewed.shown),
    }
