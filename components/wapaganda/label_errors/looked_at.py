"""Which issues people have looked at: they were shown, and the text was submitted again since."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from wapaganda.label_errors.issue import LabelIssue
from wapaganda.ner import Document, Span

SHOWN = "shown label errors"
"""The key in the ledger for what was shown: ``{document id: {issue: time}}``."""

Shown = Mapping[str, Mapping[str, str]]


def with_shown(shown: Shown, cases: Iterable[tuple[LabelIssue, Document]], at: str) -> dict[str, Any]:
    """What was shown until now, with these cases since ``at`` (ISO 8601). An issue keeps its first time."""
    known: dict[str, dict[str, str]] = {name: dict(issues) for name, issues in shown.items()}
    for issue, document in cases:
        known.setdefault(document.id, {}).setdefault(_name(issue), at)
    return known


def was_looked_at(issue: LabelIssue, document: Document, shown: Shown) -> bool:
    """Whether somebody has submitted the text since the issue was shown. Its labels are as they were."""
    at = shown.get(document.id, {}).get(_name(issue))
    updated = document.meta.get("updated_at")
    if at is None or updated is None:
        return False
    try:
        return _moment(str(updated)) > _moment(at)
    except ValueError:
        return False


def _name(issue: LabelIssue) -> str:
    return f"{_place(issue.given)} {_place(issue.proposed)}"


def _place(span: Span | None) -> str:
    return "-" if span is None else f"{span.start}:{span.end}:{span.label}"


def _moment(time: str) -> datetime:
    found = datetime.fromisoformat(time)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
