"""Likely label errors as a table for people and as records for machines."""

from typing import TYPE_CHECKING, Any

from wapaganda.selfish_cli.ui.tables import Fitting, plain_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wapaganda.label_errors import LabelIssue
    from wapaganda.ner import Document, Span

    Case = tuple[LabelIssue, Document]

KINDS = {
    "missed": "not marked",
    "spurious": "no entity",
    "type": "another type",
    "border": "other borders",
}
HEAD = ("Rank", "Score", "Suspected error", "Text", "Marked", "Model", "Context")
AROUND = 40
"""Characters that are shown before and after a span."""


def label_errors_table(title: str, cases: "Sequence[Case]") -> Fitting:
    """The labels in their order, each with its context."""
    rows = [
        [
            str(rank),
            f"{issue.score:.3f}",
            KINDS[issue.kind],
            document.id,
            _span_text(issue.given, document) or "–",
            _span_text(issue.proposed, document) or "–",
            _context(issue, document),
        ]
        for rank, (issue, document) in enumerate(cases, start=1)
    ]
    return plain_table(title, HEAD, rows, numbers=(0, 1))


def label_errors_records(cases: "Sequence[Case]") -> list[dict[str, Any]]:
    """The labels as JSON holds them, with the words of the spans and the text."""
    return [
        {
            "rank": rank,
            **issue.to_dict(),
            "document_id": document.id,
            "marked": _span_text(issue.given, document),
            "model": _span_text(issue.proposed, document),
            "text": document.text,
        }
        for rank, (issue, document) in enumerate(cases, start=1)
    ]


def _span_text(span: "Span | None", document: "Document") -> str | None:
    if span is None:
        return None
    return f"{' '.join(document.text[span.start : span.end].split())} ({span.label})"


def _context(issue: "LabelIssue", document: "Document") -> str:
    """The text around the label on one line, the label in brackets."""
    text, place = document.text, issue.place
    before, after = text[: place.start][-AROUND:], text[place.end :][:AROUND]
    if place.start > AROUND:
        before = "…" + (before.partition(" ")[2] or before)
    if len(text) - place.end > AROUND:
        after = (after.rpartition(" ")[0] or after) + "…"
    return " ".join(f"{before}[{text[place.start : place.end]}]{after}".split())
