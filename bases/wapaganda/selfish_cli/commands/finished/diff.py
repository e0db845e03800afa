"""selfish diff: what has changed between two exports."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wapaganda.selfish_cli.ui import options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, plain_table

if TYPE_CHECKING:
    from wapaganda.dataset import ExportDifference, RecordChange
    from wapaganda.ner import Span


def diff(
    before: Annotated[Path, typer.Argument(help="Folder of the earlier export.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="Folder of the later export.", show_default=False)],
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many changed texts; 0: all.")] = 20,
    as_json: options.AsJson = False,
) -> None:
    """Show what has changed between two exports: texts and spans, by who gave the labels, and splits.

    With --json the object holds all changes, whatever --limit is.
    """
    with session(as_json, "Nothing was changed.") as console:
        from wapaganda.dataset import compare_exports

        found = compare_exports(before, after)
        _show(console, found, limit)
        console.emit(found.to_dict())


def _show(console: Console, found: "ExportDifference", limit: int) -> None:
    texts, spans = found.texts_by_provenance(), found.spans_by_provenance()
    ways = sorted({way for table in (texts, spans) for counts in table.values() for way in counts})
    rows = [
        [way or "(not said)", *(f"{table[what].get(way, 0):,}" for table in (texts, spans) for what in table)]
        for way in ways
    ]
    head = ["Labelled by", "Texts added", "removed", "changed", "Spans added", "removed", "changed"]
    if rows:
        console.show(plain_table("Differences", head, rows, numbers=range(1, 7)))
    facts = [("Equal", f"{found.n_equal:,} texts")]
    facts += [("Labelled by", f"{pair}: {n:,} texts") for pair, n in found.transitions().items()]
    facts += [("Split", f"{pair}: {n:,} texts") for pair, n in found.moves().items()]
    shown = found.changed[: limit or None]
    facts += [(each.after.id or "text", _line(each)) for each in shown]
    if len(found.changed) > len(shown):
        facts.append(("More", f"{len(found.changed) - len(shown):,} changed texts (--limit 0 shows all)"))
    console.show(facts_table("", facts))


def _line(change: "RecordChange") -> str:
    """The change of a text in one line."""
    before, after = change.before, change.after
    parts = [f"{before.provenance} → {after.provenance}"] if before.provenance != after.provenance else []
    parts += [f"{before.split} → {after.split}"] if before.split != after.split else []
    parts += ["the text has changed"] if before.text != after.text else []
    parts += [f"{_words(old, before.text)} → {_words(new, after.text)}" for old, new in change.moved]
    parts += [f"− {_words(span, before.text)}" for span in change.removed]
    parts += [f"+ {_words(span, after.text)}" for span in change.added]
    return "; ".join(parts) or "who gave its spans"


def _words(span: "Span", text: str) -> str:
    return f"{text[span.start : span.end]!r} {span.label}"
