"""selfish connect: create or set up a Label Studio project."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.selfish_cli.backend import ask_backend, backend_address, remember_address
from wapaganda.selfish_cli.inputs import read_texts
from wapaganda.selfish_cli.project import CliProject, open_context
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table

if TYPE_CHECKING:
    from wapaganda.annotation import ReadReport
    from wapaganda.label_studio import BackendInfo, LabelStudio, ProjectInfo
    from wapaganda.ner import Document

_LOOKS = 6
"""How often the backend is asked whether the imported labels start a training, every half second."""
KEPT = "The project in Label Studio is kept. Repeat the command with --project ID."


def connect(
    project: options.Project = None,
    title: Annotated[str | None, typer.Option("--title", help="Title of a new project.")] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", help="Entity types, separated by commas. Default: those of the imported texts."
        ),
    ] = None,
    backend: Annotated[
        str | None, typer.Option("--backend", help="Address of the ML backend, as Label Studio reaches it.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--import", help=f"Texts to import, labelled or not; can be repeated: {choices.FORMATS}."
        ),
    ] = None,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    as_json: options.AsJson = False,
) -> None:
    """Set up a Label Studio project: labels, texts, ML backend, webhook with credentials, sampling.

    Without --project it creates a new project. It can be repeated: what is right already is not changed.
    Only --import adds its texts again. Annotators get an instruction, unless the project has one. The
    description of the project names the page on which the backend shows its progress.
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
    with session(as_json, KEPT) as console:
        context = open_context(project, overrides=overrides)
        studio = _studio(context, project)
        with console.progress() as progress:
            progress("check", 0, 0)
            server = studio.check()
            documents, read = _read(context, data or [], console, progress)
            number = _project(studio, project, title, labels, documents)
            console.say(f"Project {number}: {studio.page(number)}")
            imported = _import(studio, number, documents, progress)
            with _saying_what_is_kept(number, imported):
                info = _backend(context, studio, number, backend, title or "wapaganda")
                studio.use_uncertainty_sampling(number)
            found = studio.project(number)
            with _saying_what_is_kept(number, imported):
                page = _people(context, studio, found, backend)
            progress("wait", 0, 0)
            n_labelled = sum(each.is_labelled for each in documents)
            upcoming = _next(open_context(number, overrides=overrides), number, page, n_labelled)
        facts = [
            ("Project", f"{number}: {found.title}, {studio.page(number)}"),
            ("Label Studio", f"{server.version} as {server.user}"),
            ("Labels", ", ".join(found.label_config.labels)),
            ("Imported", f"{imported:,} texts"),
            ("Backend", _describe(info)),
            *([("Progress", page)] if page else []),
            ("Next", upcoming),
        ]
        console.show(facts_table("Connected", facts))
        result = _result(number, found.title, studio.page(number), found.label_config.labels, imported, info)
        console.emit(result | {"page": page or None, "next": upcoming, "read": read.to_dict()})


def _people(context: CliProject, studio: "LabelStudio", found: "ProjectInfo", backend: str | None) -> str:
    """Write the instruction and the line in the description; return the address of the page, if known."""
    from wapaganda.annotation import TextForm, instruction

    config = found.label_config
    studio.instruct(found.id, instruction(config.labels, with_proposals=config.form is TextForm.TEXT))
    key = f"ls-{found.id}"
    if backend is not None:
        remember_address(context.settings, key, backend.rstrip("/"))
    address = backend_address(context.settings, key)
    page = f"{address}/projects/{key}" if address else ""
    if page:
        studio.describe(found.id, page)
    return page


def _next(context: CliProject, number: int, page: str, n_labelled: int) -> str:
    """What happens next, as the backend says it now."""
    update = f"selfish update --project {number}"
    if not page:
        return f"{update} trains and releases the first batch."
    for _ in range(_LOOKS if n_labelled else 1):
        now = ask_backend(context)
        if now.at_work or now.problem:
            break
        time.sleep(0.5)
    if now.at_work is not None and now.at_work["state"] == "running":
        return f"A training is running. Watch it at {page}; {update} shows it until it ends."
    if now.at_work is not None:
        wait = f"within {context.settings.train_debounce_seconds:.0f} s"
        return f"A training starts by itself {wait}. Watch it at {page}; {update} shows it until it ends."
    if now.problem:
        return f"{update} trains and releases the first batch. The backend was not asked: {now.problem}"
    after = context.settings.train_after_labels
    itself = f" The backend also trains by itself after {after} new labels." if after else ""
    return f"{update} trains and releases the first batch, or Start Training does.{itself}"


def _studio(context: CliProject, project: int | None) -> "LabelStudio":
    """Label Studio; the text of a new project is in the field ``text``, whatever it is in the files."""
    if project is not None:
        return context.studio()
    return replace(context, settings=context.settings.model_copy(update={"text_field": ""})).studio()


def _read(
    context: CliProject, paths: Sequence[Path], console: Console, progress: Progress
) -> tuple[list["Document"], "ReadReport"]:
    """The texts to import, without those whose labels were not understood, and the report of the reading."""
    progress("read", 0, 0)
    from wapaganda.annotation import ReadReport, is_unread

    documents: list[Document] = []
    report = ReadReport()
    for path in paths:
        texts = read_texts(path, context.reading)
        documents += [each for each in texts.documents if not is_unread(each)]
        report += texts.report
        for note in texts.notes:
            console.warn(note)
    return documents, report


def _project(
    studio: "LabelStudio",
    project: int | None,
    title: str | None,
    labels: str | None,
    documents: Sequence["Document"],
) -> int:
    from wapaganda.annotation import (
        default_label_config,
        labels_used,
        marks_whole_words,
        parse_label_config,
    )
    from wapaganda.label_studio import check_importable

    wanted = [label.strip() for label in (labels or "").split(",") if label.strip()]
    if project is not None:
        _check_labels(studio, project, wanted)
        return project
    used = list(labels_used(documents))
    if wanted and set(used) - set(wanted):
        raise InputError(
            f"Expected labels of the texts out of {', '.join(wanted)}, was: {', '.join(used)}.",
            "Name them all by --labels, or leave it out.",
        )
    wanted = wanted or used
    if not wanted:
        raise InputError(
            "Expected the entity types of the new project, was: none.",
            "Name them by --labels PER,LOC,… or import labelled texts by --import FILE.",
        )
    xml = default_label_config(wanted, whole_words=marks_whole_words(documents))
    check_importable(documents, parse_label_config(xml))  # before there is a project that would stay empty
    return studio.create_project(title or "Named entities", xml)


def _check_labels(studio: "LabelStudio", project: int, wanted: Sequence[str]) -> None:
    """Check that the labels are those of the project: a project in use is not changed."""
    there = studio.project(project).label_config.labels
    if wanted and set(wanted) != set(there):
        raise InputError(
            f"Expected the labels of project {project} ({', '.join(there)}), was: {', '.join(wanted)}.",
            "Leave --labels out, or change the labels in the project's settings.",
        )


def _import(studio: "LabelStudio", project: int, documents: Sequence["Document"], progress: Progress) -> int:
    if not documents:
        return 0
    progress("import", 0, len(documents))
    made = studio.import_documents(project, documents, progress)
    return len(made)


@contextlib.contextmanager
def _saying_what_is_kept(project: int, imported: int) -> Iterator[None]:
    """Add to an error how to repeat the command without a second project with the same texts."""
    from wapaganda.label_studio import LabelStudioError

    try:
        yield
    except LabelStudioError as error:
        kept = f"Project {project} is kept" + (f" with {imported:,} texts" if imported else "")
        again = f"{kept}: then repeat with --project {project} and without --title and --import."
        raise LabelStudioError(str(error), f"{error.hint} {again}".strip()) from error


def _backend(
    context: CliProject, studio: "LabelStudio", project: int, backend: str | None, title: str
) -> "BackendInfo | None":
    if backend is None:
        return None
    return studio.connect_backend(project, backend, title, context.settings.basic_auth)


def _describe(info: "BackendInfo | None") -> str:
    if info is None:
        return "none; connect one by --backend URL"
    secured = "with credentials" if info.webhook_has_auth else "without credentials"
    return f"{info.url} ({info.state or 'connected'}), webhook {secured}"


def _result(
    project: int, title: str, url: str, labels: Sequence[str], imported: int, info: "BackendInfo | None"
) -> dict[str, Any]:
    return {
        "project": project,
        "title": title,
        "url": url,
        "labels": list(labels),
        "imported": imported,
        "backend": asdict(info) if info else None,
    }
