"""Lists of texts for a second look, with what the model finds in them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wapaganda.selfish_cli.project import CliProject
from wapaganda.selfish_cli.ui.console import Console
from wapaganda.selfish_cli.ui.tables import facts_table, plain_table

if TYPE_CHECKING:
    from wapaganda.ner import Document, Span

    Case = tuple[Document, tuple[Span, ...]]
    """A text, and the spans that the model finds in it."""

WIDTH = 60
"""Characters of a text that are shown."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Where a list goes: the console, ``out`` and, with ``project``, a tab of the Data Manager.

    ``limit``: how many texts; 0: all.
    """

    console: Console
    context: CliProject
    limit: int
    out: Path | None
    project: int | None

    def show(
        self, cases: "Sequence[Case]", title: str, tab: str, what: str, sentence: str
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Show the texts in their order; return them and where they were written, for ``--json``.

        ``title``: of the list, after the number of texts in it. ``tab``: the title of the tab. ``what``: the
        head of the column with the words that the model finds. ``sentence``: about all texts.
        """
        shown = cases[: self.limit or None]
        records = [_record(rank, case) for rank, case in enumerate(shown, start=1)]
        if self.out is not None:
            from wapaganda.storage import write_text

            lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in records]
            write_text(self.out, "".join(lines))
        view = self._view(tab, [document for document, _ in shown])
        rows = [_row(each) for each in records]
        heads = ("Rank", "Text", what, "Beginning")
        self.console.show(plain_table(f"{len(rows):,} of {len(cases):,} {title}", heads, rows, numbers=(0,)))
        facts = [("Second look", sentence)]
        if self.out is not None:
            facts.append(("Written", str(self.out)))
        if view is not None:
            facts.append(("Label Studio", f"{view['texts']:,} texts in the tab {tab}: {view['url']}"))
        self.console.show(facts_table("", facts))
        return records, {"out": str(self.out) if self.out else None, "view": view}

    def _view(self, title: str, documents: "Sequence[Document]") -> dict[str, Any] | None:
        if self.project is None:
            return None
        studio, numbers = self.context.studio(), [int(each.id) for each in documents]
        view = studio.show_annotated(self.project, numbers, title)
        url = studio.page(self.project, view)
        return {"id": view, "title": title, "texts": len(numbers), "url": url}


def _record(rank: int, case: "Case") -> dict[str, Any]:
    document, spans = case
    return {
        "rank": rank,
        "document_id": document.id,
        "model": [document.text[span.start : span.end] for span in spans],
        "text": document.text,
    }


def _row(record: dict[str, Any]) -> list[str]:
    found = "; ".join(" ".join(part.split()) for part in record["model"]) or "–"
    line = " ".join(record["text"].split())
    return [
        str(record["rank"]),
        record["document_id"],
        found,
        line if len(line) <= WIDTH else line[:WIDTH] + "…",
    ]
