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

__all__ = [
    "REVIEW_FILE",
    "IssueKind",
    "LabelIssue",
    "OpenIssues",
    "TextPrediction",
    "find_label_issues",
    "find_open_issues",
    "read_issues",
    "text_digest",
    "write_issues",
]
