"""The tables of the ledger and their migrations."""

from typing import Final

from wapaganda.errors import WapagandaError

# One entry per schema version; an entry that was released is never changed, only followed by another.
MIGRATIONS: Final = (
    """
    CREATE TABLE documents (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        text TEXT NOT NULL,
        spans TEXT,
        meta TEXT NOT NULL,
        origin TEXT NOT NULL,
        updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    );
    CREATE INDEX documents_labelled ON documents (position) WHERE spans IS NOT NULL;
    CREATE TABLE past_labels (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        text TEXT NOT NULL,
        spans TEXT NOT NULL,
        meta TEXT NOT NULL,
        origin TEXT NOT NULL,
        why TEXT NOT NULL,
        replaced_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    );
    CREATE INDEX past_labels_id ON past_labels (id);
    CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE rounds (
        number INTEGER PRIMARY KEY,
        step TEXT NOT NULL,
        payload TEXT NOT NULL,
        started_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    );
    CREATE TABLE offers (
        round INTEGER NOT NULL,
        id TEXT NOT NULL,
        rank INTEGER NOT NULL,
        score REAL NOT NULL,
        drawn TEXT NOT NULL,
        PRIMARY KEY (round, id)
    ) WITHOUT ROWID;
    CREATE INDEX offers_id ON offers (id);
    """,
    # The labels that the annotators of a labelled text could choose from, as a JSON list.
    "ALTER TABLE documents ADD COLUMN considered TEXT;",
    # Decisions on terms (label NULL: no entity), and the places in texts that they cover.
    """
    CREATE TABLE terms (
        number INTEGER PRIMARY KEY,
        term TEXT NOT NULL,
        label TEXT,
        score REAL NOT NULL,
        facts TEXT NOT NULL,
        decided_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    );
    CREATE TABLE term_places (
        text TEXT NOT NULL,
        number INTEGER NOT NULL,
        start INTEGER NOT NULL,
        end INTEGER NOT NULL,
        PRIMARY KEY (text, number, start)
    ) WITHOUT ROWID;
    CREATE INDEX term_places_number ON term_places (number);
    """,
)


class LedgerError(WapagandaError):
    """The file is no ledger, or a newer version of wapaganda wrote it."""
