"""Labels in doubt as a table for people and as records for machines."""

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
HEAD = ("Rank", "Doubt", "Perhaps", "Text", "Marked", "Model", "In its words")
AROUND = 40
"""Characters that are shown before and behind a span."""


def label_errors_table(title: str, cases: "Sequence[Case]") -> Fitting:
    """The labels in their order, each with the words around it."""
    rows = [
        [
            str(rank),
            f"{issue.doubt:.3f}",
            KINDS[issue.kind],
            document.id,
            _told(issue.given, document) or "–",
            _told(issue.proposed, document) or "–",
            _in_words(issue, document),
        ]
        for rank, (issue, document) in enumerate(cases, start=1)
    ]
    return plain_table(title, HEAD, rows, numbers=(0, 1))


def label_errors_records(cases: "Sequence[Case]") -> list[dict[str, Any]]:
    """The labels as JSON holds them, with the spans in words and the text."""
    return [
        {
            "rank": rank,
            **issue.to_dict(),
            "document_id": document.id,
            "marked": _told(issue.given, document),
            "model": _told(issue.proposed, document),
            "text": document.text,
        }
        for rank, (issue, document) in enumerate(cases, start=1)
    ]


def _told(span: "Span | None", document: "Document") -> str | None:
    if span is None:
        return None
    return f"{' '.join(document.text[span.start : span.end].split())} ({span.label})"


def _in_words(issue: "LabelIssue", document: "Document") -> str:
    """The text around the label in doubt, on one line, the label in brackets."""
    text, place = document.text, issue.place
    before, behind = text[: place.start][-AROUND:], text[place.end :][:AROUND]
    if place.start > AROUND:
        before = "…" + (before.partition(" ")[2] or before)
    if len(text) - place.end > AROUND:
        behind = (behind.rpartition(" ")[0] or behind) + "…"
    return " ".join(f"{before}[{text[place.start : place.end]}]{behind}".split())
