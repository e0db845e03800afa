"""selfish review --added: the texts that were labelled before a type existed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wapaganda.errors import InputError
from wapaganda.selfish_cli.project import CliProject, later_types_of
from wapaganda.selfish_cli.ui.console import Console
from wapaganda.selfish_cli.ui.tables import facts_table, plain_table

if TYPE_CHECKING:
    from wapaganda.ner import Document, Span
    from wapaganda.pipeline import LaterType

    Case = tuple[Document, tuple[Span, ...]]

TITLE = "Labelled before {label}"
"""Of the Data Manager's tab."""
WIDTH = 60
"""Characters of a text that are shown."""


def show_added(
    console: Console,
    context: CliProject,
    label: str,
    documents: "Sequence[Document]",
    limit: int,
    out: Path | None,
    project: int | None,
) -> dict[str, Any]:
    """Show the texts that were labelled before ``label`` existed, and return them for ``--json``.

    They are also written to ``out`` and, with ``project``, put into a tab of the Data Manager.

    Raises:
        InputError: no labelled text was labelled before the type existed.
    """
    found = _found(context, label, documents)
    cases = _cases(context, found)
    shown = cases[: limit or None]
    records = [_record(rank, case) for rank, case in enumerate(shown, start=1)]
    if out is not None:
        from wapaganda.storage import write_text

        write_text(out, "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records))
    tab = None
    if project is not None:
        studio, title = context.studio(), TITLE.format(label=label)
        numbers = [int(document.id) for document, _ in shown]
        view = studio.show_annotated(project, numbers, title)
        url = f"{studio.url}/projects/{project}/data?tab={view}"
        tab = {"id": view, "title": title, "texts": len(numbers), "url": url}
    _show(console, found, records, out, tab)
    return {
        "project": context.key,
        **found.to_dict(),
        "out": str(out) if out else None,
        "view": tab,
        "added": records,
    }


def _found(context: CliProject, label: str, documents: "Sequence[Document]") -> "LaterType":
    later = {each.label: each for each in later_types_of(context, documents)}
    if label not in later:
        raise InputError(
            f"Expected a type that some labelled texts could not have ({', '.join(later) or 'none'}), "
            f"was: {label!r}.",
            "Texts that were read before a label was added to the label config are listed.",
        )
    return later[label]


def _cases(context: CliProject, found: "LaterType") -> "list[Case]":
    """The texts with the spans of the type that models which did not see them find; most spans first."""
    live = context.store().current()
    proposed: Sequence[Sequence[Span] | None] = [None] * len(found.documents)
    if live is not None:
        from wapaganda.pipeline import out_of_fold_spans

        proposed = out_of_fold_spans(live.path, found.documents)
    cases = [
        (document, tuple(span for span in spans or () if span.label == found.label))
        for document, spans in zip(found.documents, proposed, strict=True)
    ]
    return sorted(cases, key=lambda case: -len(case[1]))


def _record(rank: int, case: "Case") -> dict[str, Any]:
    document, spans = case
    return {
        "rank": rank,
        "document_id": document.id,
        "model": [document.text[span.start : span.end] for span in spans],
        "text": document.text,
    }


def _show(
    console: Console,
    found: "LaterType",
    records: Sequence[dict[str, Any]],
    out: Path | None,
    tab: dict[str, Any] | None,
) -> None:
    rows = [
        [
            str(each["rank"]),
            each["document_id"],
            "; ".join(" ".join(part.split()) for part in each["model"]) or "–",
            _shortened(each["text"]),
        ]
        for each in records
    ]
    title = f"{len(rows):,} of {len(found.documents):,} texts labelled before {found.label} existed"
    console.show(
        plain_table(title, ("Rank", "Text", f"Model: {found.label}", "Beginning"), rows, numbers=(0,))
    )
    facts = [("Second look", found.line())]
    if out is not None:
        facts.append(("Written", str(out)))
    if tab is not None:
        facts.append(("Label Studio", f"{tab['texts']:,} texts in the tab {tab['title']}: {tab['url']}"))
    console.show(facts_table("", facts))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else line[:WIDTH] + "…"
