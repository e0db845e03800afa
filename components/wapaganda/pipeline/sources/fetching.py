"""Bring the ledger up to date with the source, also about what was deleted there or missed before."""

from filelock import FileLock

from wapaganda.ledger import Ledger
from wapaganda.pipeline.ports import Changes, Source
from wapaganda.progress import Progress

_UNREAD = "unread"
"""The key in the ledger for the ids of documents that the source has but cannot read."""


def fetch_into(ledger: Ledger, source: Source, progress: Progress) -> Changes:
    """Write what changed since the last time into the ledger; its history keeps labels that vanish.

    The cursor moves last, so a fetch that dies half-way is done again.
    """
    # Of two programs that fetch at a time, the one that read earlier could write later, over newer labels.
    with FileLock(ledger.path.with_name("fetch.lock")):
        cursor = ledger.cursor()
        changes = _take(ledger, source, cursor, progress)
        if changes.total != ledger.counts().documents + len(ledger.value(_UNREAD, [])):
            changes = _settle(ledger, source, changes, cursor, progress)
        ledger.set_cursor(changes.cursor)
    return changes


def _take(ledger: Ledger, source: Source, cursor: str | None, progress: Progress) -> Changes:
    changes = source.fetch(cursor, progress)
    ledger.mark_unlabelled(changes.unlabelled)
    ledger.upsert_documents(changes.documents, source.name)
    return changes


def _settle(
    ledger: Ledger, source: Source, changes: Changes, cursor: str | None, progress: Progress
) -> Changes:
    """Remove what the source has lost; read it whole when it holds more than the ledger knows of."""
    held = source.ids()
    known = {document.id for document in ledger.documents()}
    ledger.remove(sorted(known - held))
    if cursor is not None and held - known - set(ledger.value(_UNREAD, [])):
        changes = _take(ledger, source, None, progress)
        known |= {document.id for document in changes.documents}
    ledger.set_value(_UNREAD, sorted(held - known))
    return changes
