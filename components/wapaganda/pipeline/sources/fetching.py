"""Update the ledger from the source, including deletions and documents that were missed before."""

from dataclasses import replace

from filelock import FileLock

from wapaganda.annotation import ReadReport
from wapaganda.ledger import Ledger
from wapaganda.pipeline.ports import Changes, Source
from wapaganda.progress import Progress

READ_REPORT = "read"
"""The key in the ledger for the report of the last reading, of the whole source."""
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
        ledger.set_cursor(changes.cursor)
    return replace(changes, report=report)


def _take(ledger: Ledger, source: Source, cursor: str | None, progress: Progress) -> Changes:
    changes = source.fetch(cursor, progress)
    if changes.labels is not None:
        ledger.set_labels(changes.labels, changes.renamed)
    ledger.mark_unlabelled(changes.unlabelled)
    ledger.upsert_documents(changes.documents, source.name, changes.labels)
    return changes


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
