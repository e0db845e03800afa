"""A likely label error in words."""

from typing import Final

from wapaganda.label_errors.issue import IssueKind, LabelIssue
from wapaganda.ner import Document, Span

ISSUE_KINDS: Final[dict[IssueKind, str]] = {
    "missed": "not marked",
    "spurious": "no entity",
    "type": "another type",
    "border": "other borders",
}
"""What is suspected, by the kind of the issue."""
_AROUND = 40
"""Characters that are shown before and after a span."""


def span_words(span: Span | None, document: Document) -> str | None:
    """The words of a span with its label; ``None`` for no span."""
    if span is None:
        return None
    return f"{' '.join(document.text[span.start : span.end].split())} ({span.label})"


def issue_context(issue: LabelIssue, document: Document) -> str:
    """The text around the label on one line, the label in brackets."""
    text, place = document.text, issue.place
    before, after = text[: place.start][-_AROUND:], text[place.end :][:_AROUND]
    if place.start > _AROUND:
        before = "…" + (before.partition(" ")[2] or before)
    if len(text) - place.end > _AROUND:
        after = (after.rpartition(" ")[0] or after) + "…"
    return " ".join(f"{before}[{text[place.start : place.end]}]{after}".split())
