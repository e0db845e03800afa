"""The issues that are still open in the current labels."""

from collections.abc import Iterable
from dataclasses import dataclass

from wapaganda.label_errors.issue import LabelIssue, text_digest
from wapaganda.label_errors.looked_at import Shown, was_looked_at
from wapaganda.ner import Document


@dataclass(frozen=True, slots=True)
class OpenIssues:
    """The issues whose label has not changed, each with its document, in their order.

    ``n_changed``: issues whose label has changed since. ``n_gone``: issues whose text no longer exists.
    ``n_looked_at``: issues that people were shown and left as they are.
    """

    cases: tuple[tuple[LabelIssue, Document], ...]
    n_changed: int
    n_gone: int
    n_looked_at: int = 0


def find_open_issues(
    issues: Iterable[LabelIssue], documents: Iterable[Document], shown: Shown | None = None
) -> OpenIssues:
    """The issues that are open in ``documents``, found by id and text, or by the text alone.

    ``shown``: what people were shown (``SHOWN``); an issue at which somebody has looked since is left out.
    An id with another text does not count, because a file may have been sorted or renumbered since.
    """
    by_id: dict[tuple[str, str], Document] = {}
    by_text: dict[str, Document] = {}
    for document in documents:
        digest = text_digest(document.text)
        by_id[document.id, digest] = document
        by_text.setdefault(digest, document)
    cases: list[tuple[LabelIssue, Document]] = []
    n_changed = n_gone = n_looked_at = 0
    for issue in issues:
        found = by_id.get((issue.document_id, issue.text_key)) or by_text.get(issue.text_key)
        if found is None:
            n_gone += 1
        elif issue.is_open_in(found) and was_looked_at(issue, found, shown or {}):
            n_looked_at += 1
        elif issue.is_open_in(found):
            cases.append((issue, found))
        else:
            n_changed += 1
    return OpenIssues(tuple(cases), n_changed, n_gone, n_looked_at)
