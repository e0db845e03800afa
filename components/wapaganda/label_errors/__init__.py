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
from wapaganda.label_errors.looked_at import SHOWN, with_shown
from wapaganda.label_errors.open_issues import OpenIssues, find_open_issues
from wapaganda.label_errors.text_reading import TextReading, readings_of
from wapaganda.label_errors.wording import ISSUE_KINDS, issue_context, span_words

__all__ = [
    "ISSUE_KINDS",
    "REVIEW_FILE",
    "SHOWN",
    "IssueKind",
    "LabelIssue",
    "OpenIssues",
    "TextPrediction",
    "TextReading",
    "find_label_issues",
    "find_open_issues",
    "issue_context",
    "read_issues",
    "readings_of",
    "span_words",
    "text_digest",
    "with_shown",
    "write_issues",
]
