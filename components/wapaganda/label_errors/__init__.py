"""Labels that are probably wrong: found by a model that was not trained on them, ranked, kept as JSON."""

from wapaganda.label_errors.detect import TextPrediction, find_label_issues
from wapaganda.label_errors.issue import (
    REVIEW_FILE,
    IssueKind,
    LabelIssue,
    read_issues,
    text_digest,
    write_issues,
)
from wapaganda.label_errors.open_issues import OpenIssues, find_open_issues
from wapaganda.label_errors.wording import ISSUE_KINDS, issue_context, span_words

__all__ = [
    "ISSUE_KINDS",
    "REVIEW_FILE",
    "IssueKind",
    "LabelIssue",
    "OpenIssues",
    "TextPrediction",
    "find_label_issues",
    "find_open_issues",
    "issue_context",
    "read_issues",
    "span_words",
    "text_digest",
    "write_issues",
]
