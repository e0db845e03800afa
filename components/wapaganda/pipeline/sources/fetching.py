"""Update the ledger from the source, including deletions and documents that were missed before."""

from dataclasses import replace

from filelock import FileLock

from wapaganda.annotation import ReadReport
from wapaganda.ledger import Ledger
from wapaganda.pipeline.ports import Changes, Source
from wapaganda.progress import Progress

READ_REPORT = "read"
"""The key in the ledger for the report of the last reading, of the whole source."""
PROJECT_TITLE = "title"
"""The key in the ledger for the title of the project in Label Studio."""
PEOPLE = "people"
"""The key in the ledger for the names of annotators by their ids."""
_ADDED = "added labels"
"""The key in the ledger for the labels that were added since the last finished fetch."""
_UNREAD = "unread"
"""The key in the ledger for the ids of documents that the source has but cannot read."""


def fetch_into(ledger: Ledger, source: Source, progress: Progress) -> Changes:
    """Write the changes since the last fetch into the ledger; its history keeps deleted labels.

    The report of the returned changes is that of the whole source. The cursor is stored last, so an
    interrupted fetch is repeated.
    """
    # Without the lock, of two programs that fetch at the same time the later one could write older labels.
    with FileLock(ledger.path.with_name("fetch.lock")):
        cursor = ledger.cursor()
        changes = _take(ledger, source, cursor, progress)
        if changes.total != ledger.counts().documents + len(ledger.value(_UNREAD, [])):
            changes = _settle(ledger, source, changes, cursor, progress)
        report = changes.report if changes.complete else ReadReport.of(ledger.documents())
        ledger.set_value(READ_REPORT, report.to_dict())
        if changes.title:
            ledger.set_value(PROJECT_TITLE, changes.title)
        if changes.people:
            ledger.set_value(PEOPLE, dict(changes.people))
        ledger.set_cursor(changes.cursor)
        ledger.set_value(_ADDED, [])
    return replace(changes, report=report)


def _take(ledger: Ledger, source: Source, cursor: str | None, progress: Progress) -> Changes:
    changes = source.fetch(cursor, progress)
    first_use = _first_use(ledger, changes)
    if changes.labels is not None:
        ledger.set_labels(changes.labels, changes.renamed)
    ledger.mark_unlabelled(changes.unlabelled)
    ledger.upsert_documents(changes.documents, source.name, changes.labels, first_use)
    return changes


def _first_use(ledger: Ledger, changes: Changes) -> dict[str, str]:
    """The labels that were added since the last finished fetch, and when an answer first has each.

    Nobody can say when a label was added. It was there when an annotator used it, so answers from the first
    use on could choose from it; those before are taken as if they could not.
    """
    known = ledger.labels()
    if known is None or changes.labels is None:
        return {}
    present = {changes.renamed.get(name, name) for name in known} | set(known)
    added = {*ledger.value(_ADDED, []), *(name for name in changes.labels if name not in present)}
    ledger.set_value(_ADDED, sorted(added))
    first = dict.fromkeys(added, "")
    for document in changes.documents:
        moment = str(document.meta.get("updated_at") or "")
        for label in {span.label for span in document.spans or ()} & added:
            first[label] = min(filter(None, (first[label], moment)), default="")
    return first


def _settle(
    ledger: Ledger, source: Source, changes: Changes, cursor: str | None, progress: Progress
) -> Changes:
    """Remove documents that the source no longer has; read all if it has more than the ledger."""
    held = source.ids()
    known = {document.id for document in ledger.documents()}
    ledger.remove(sorted(known - held))
    if cursor is not None and held - known - set(ledger.value(_UNREAD, [])):
        changes = _take(ledger, source, None, progress)
        known |= {document.id for document in changes.documents}
    ledger.set_value(_UNREAD, sorted(held - known))
    return changes
