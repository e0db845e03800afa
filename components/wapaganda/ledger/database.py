"""The SQLite file: how it is opened, its tables and how they grow from version to version."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock

_BUSY_SECONDS = 60.0

# One entry per schema version; an entry that was released is never changed, only followed by another.
_MIGRATIONS = (
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
)


class LedgerError(Exception):
    """The ledger cannot be used as it is; the message says what was expected and what was found."""


class Database:
    """The file at ``path``, made and brought to the newest schema when it is first used.

    Every call opens a connection of its own, so threads and processes may share a `Database`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Switching to WAL does not wait for other connections, so the first opening has a lock of its own.
        with FileLock(path.with_name(path.name + ".lock")):
            self._prepare()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading."""
        with closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a write transaction: committed to the disk at the end, undone by an error."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _prepare(self) -> None:
        try:
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                self._migrate(connection)
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"Expected a ledger in {self.path}, was: {error}") from error

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(_MIGRATIONS):
            raise LedgerError(
                f"Expected a ledger of schema version {len(_MIGRATIONS)} or older in {self.path}, "
                f"was: {version}. "
                "It was written by a newer wapaganda."
            )
        for number, script in enumerate(_MIGRATIONS[version:], version + 1):
            connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
