"""Likely label errors as a table for people and as records for machines."""

from typing import TYPE_CHECKING, Any

from wapaganda.label_errors import ISSUE_KINDS, issue_context, span_words
from wapaganda.selfish_cli.ui.tables import Fitting, plain_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wapaganda.label_errors import LabelIssue
    from wapaganda.ner import Document

    Case = tuple[LabelIssue, Document]

HEAD = ("Rank", "Score", "Suspected error", "Text", "Marked", "Model", "Context")


def label_errors_table(title: str, cases: "Sequence[Case]") -> Fitting:
    """The labels in their order, each with its context."""
    rows = [
        [
            str(rank),
            f"{issue.score:.3f}",
            ISSUE_KINDS[issue.kind],
            document.id,
            span_words(issue.given, document) or "–",
            span_words(issue.proposed, document) or "–",
            issue_context(issue, document),
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
            "marked": span_words(issue.given, document),
            "model": span_words(issue.proposed, document),
            "text": document.text,
        }
        for rank, (issue, document) in enumerate(cases, start=1)
    ]
