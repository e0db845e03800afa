"""selfish agree: how far annotators agree, and where they do not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.selfish_cli.inputs import one_of, read_texts
from wapaganda.selfish_cli.outputs import check_parent
from wapaganda.selfish_cli.project import CliProject, open_context, project_loop
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, percent, plain_table

if TYPE_CHECKING:
    from wapaganda.metrics import AnnotatorAgreement
    from wapaganda.ner import Document
    from wapaganda.pipeline import Disagreement

TITLE = "Disagreements"
"""Of the Data Manager's tab."""
SHOWN_SPANS = 4
"""The disputed spans of a text that are shown."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The agreement of the annotators, whose names are by number, and all texts in which they disagree."""

    found: "AnnotatorAgreement"
    disputed: tuple["Disagreement", ...]
    names: Mapping[str, str]

    @property
    def hours(self) -> float:
        """The hours to read the disputed texts and to decide."""
        return sum(each.seconds + each.reading for each in self.disputed) / 3600


def agree(
    data: choices.Data = None,
    project: options.Project = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="How many texts, the dearest first; 0: all.")
    ] = 20,
    view: Annotated[
        bool, typer.Option("--view", help=f'Show the texts in Label Studio, in the tab "{TITLE}".')
    ] = False,
    annotators: Annotated[
        int | None,
        typer.Option(
            "--annotators", min=1, help="Set how many annotators a text is served to in Label Studio."
        ),
    ] = None,
    share: Annotated[
        int,
        typer.Option("--share", min=1, max=100, help="With --annotators: for how many percent of the texts."),
    ] = 100,
    out: Annotated[Path | None, typer.Option("--out", help="File for the disagreements: .jsonl.")] = None,
    name: options.Name = "default",
    url: options.Url = None,
    api_key: options.ApiKey = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    as_json: options.AsJson = False,
) -> None:
    """Measure how far annotators agree, and list the texts in which they do not, the dearest first.

    The measure is the strict F1 of the spans of one annotator against those of another, in the texts that
    both have labelled. ANSWERS says what is learnt from such texts. With --view the newest labels are fetched
    first.
    """
    overrides = {
        "label_studio_url": url,
        "label_studio_api_key": api_key,
        "text_field": text_field,
        "label_tag": label_tag,
        "lenient": lenient,
    }
    with session(as_json, "Nothing was written.") as console:
        one_of("Name a project by --project ID or an export by --data.", data=data, project=project)
        _check_usage(project, view or annotators is not None, out)
        context = open_context(project, name, overrides)
        with console.progress() as progress:
            if annotators is not None and project is not None:
                context.studio().set_annotators(project, annotators, share)
            documents = _documents(console, context, data, project, view, progress)
            agreed = _agreed(context, documents, project)
            shown = agreed.disputed[: limit or None]
            if out is not None:
                _write(out, shown)
            tab = _tab(context, project, shown) if view and project is not None else None
        _show(console, agreed, shown, out, tab)
        if annotators is not None:
            console.show(f"Label Studio asks for {annotators} answers in {share}% of the texts.")
        console.emit(_result(context, agreed, shown, out, tab))


def _check_usage(project: int | None, needs_project: bool, out: Path | None) -> None:
    if needs_project and project is None:
        raise InputError(
            "Expected --project with --view and --annotators, was: none.", "Name the project by --project ID."
        )
    if out is None:
        return
    if out.suffix != ".jsonl" or out.is_dir():
        raise InputError(f"Expected a file name that ends in .jsonl, was: {out}.")
    check_parent(out)


def _documents(
    console: Console,
    context: CliProject,
    data: Path | None,
    project: int | None,
    view: bool,
    progress: Progress,
) -> "Sequence[Document]":
    """The texts of the file or the project; with ``view``, and for a new project, they are fetched."""
    progress("read", 0, 0)
    if data is not None:
        texts = read_texts(data, context.reading)
        for note in texts.notes:
            console.warn(note)
        return texts.documents
    assert project is not None
    if view or not (context.directory / "ledger.sqlite").exists():
        loop = project_loop(context, project, progress)
        for note in loop.fetch().report.lines():
            console.warn(note)
    return list(context.ledger().documents())


def _agreed(context: CliProject, documents: "Sequence[Document]", project: int | None) -> Agreed:
    from wapaganda.pipeline import agreement_of, disagreements, fitted_prices, read_proposals

    labelled = [document for document in documents if document.is_labelled]
    prices = fitted_prices(labelled, read_proposals(context.directory / "rounds")).prices
    names = _user_names(context) if project is not None else {}
    return Agreed(agreement_of(documents), tuple(disagreements(documents, prices)), names)


def _user_names(context: CliProject) -> dict[str, str]:
    """The names of the annotators; their numbers will do when Label Studio does not answer."""
    from wapaganda.label_studio import LabelStudioError

    if not context.settings.label_studio_api_key.get_secret_value():
        return {}
    try:
        return context.studio().user_names()
    except LabelStudioError:
        return {}


def _write(path: Path, shown: "Sequence[Disagreement]") -> None:
    from wapaganda.storage import write_text

    write_text(path, "".join(json.dumps(each.to_dict(), ensure_ascii=False) + "\n" for each in shown))


def _tab(context: CliProject, project: int, shown: "Sequence[Disagreement]") -> dict[str, Any]:
    studio = context.studio()
    numbers = [int(each.document.id) for each in shown]
    tab = studio.show_annotated(project, numbers, TITLE)
    url = studio.page(project, tab)
    return {"id": tab, "title": TITLE, "texts": len(numbers), "url": url}


def _show(
    console: Console,
    agreed: Agreed,
    shown: "Sequence[Disagreement]",
    out: Path | None,
    tab: dict[str, Any] | None,
) -> None:
    found = agreed.found
    if found.pairs:
        labels = list(found.per_type)
        rows = [
            [
                agreed.names.get(pair.left, pair.left),
                agreed.names.get(pair.right, pair.right),
                f"{pair.n_texts:,}",
                _with_interval(pair.f1, pair.interval),
                *(percent(pair.per_type.get(label)) for label in labels),
            ]
            for pair in found.pairs
        ]
        whole = ["all pairs", "", f"{found.n_texts:,}", _with_interval(found.f1, found.interval)]
        rows.append([*whole, *(percent(found.per_type[label]) for label in labels)])
        head = ["Annotator", "Annotator", "Texts", "F1 (95%)", *labels]
        console.show(plain_table("Agreement", head, rows, numbers=range(2, len(head))))
    if shown:
        title = f"The {len(shown):,} dearest of {len(agreed.disputed):,} disagreements"
        head = ["Rank", "Text", "Seconds", "Disputed (marked by)"]
        rows = [
            [str(rank), each.document.id, f"{each.seconds:.0f}", _spans(each, agreed.names)]
            for rank, each in enumerate(shown, start=1)
        ]
        console.show(plain_table(title, head, rows, numbers=(0, 2)))
    facts = [("Labelled twice", _summary(agreed))]
    if out is not None:
        facts.append(("Written", str(out)))
    if tab is not None:
        facts.append(("Label Studio", f"{tab['texts']:,} texts in the tab {TITLE}: {tab['url']}"))
    console.show(facts_table("", facts))


def _summary(agreed: Agreed) -> str:
    found = agreed.found
    if not found.n_texts:
        return "no text has answers of two annotators (selfish doctor --project ID says how to get them)"
    return (
        f"{found.n_texts:,} texts, {found.n_equal:,} of them the same by all; "
        f"{agreed.hours:.1f} hours to decide the others"
    )


def _with_interval(f1: float | None, interval: tuple[float, float] | None) -> str:
    if f1 is None or interval is None:
        return "–"
    return f"{percent(f1)} ({percent(interval[0])} to {percent(interval[1])})"


def _spans(each: "Disagreement", names: Mapping[str, str]) -> str:
    text = each.document.text
    parts = [
        f"{' '.join(text[span.start : span.end].split())} {span.label} "
        f"({', '.join(names.get(name, name) for name in by)})"
        for span, by in each.disputed
    ]
    more = f"; {len(parts) - SHOWN_SPANS} more" if len(parts) > SHOWN_SPANS else ""
    return "; ".join(parts[:SHOWN_SPANS]) + more


def _result(
    context: CliProject,
    agreed: Agreed,
    shown: "Sequence[Disagreement]",
    out: Path | None,
    tab: dict[str, Any] | None,
) -> dict[str, Any]:
    return {
        "project": context.key,
        **agreed.found.to_dict(),
        "answers": context.settings.answers,
        "annotators": dict(agreed.names),
        "n_disagreements": len(agreed.disputed),
        "hours": round(agreed.hours, 3),
        "out": str(out) if out else None,
        "view": tab,
        "disagreements": [each.to_dict() for each in shown],
    }
