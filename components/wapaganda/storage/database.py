"""SQLite files: opening, schema migrations and transactions."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock

from wapaganda.errors import WapagandaError

_BUSY_SECONDS = 60.0


class DatabaseError(WapagandaError):
    """A file is not an SQLite database of the expected kind, or a newer version of wapaganda wrote it."""


class Database:
    """The SQLite file ``path``, created and migrated to the newest schema when it is opened.

    ``migrations`` are SQL scripts: script n migrates the file to ``PRAGMA user_version`` n. A released script
    never changes; the next one follows it. ``contents`` names what the file holds, such as "a ledger".

    The file uses write-ahead logging, so readers never wait for a writer. Every call opens a new
    connection: threads and processes may share a file.

    Raises:
        DatabaseError, or ``error`` if given: the file holds something else, or a newer schema.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[str],
        contents: str,
        error: type[WapagandaError] = DatabaseError,
    ) -> None:
        self.path = Path(path)
        self._migrations = migrations
        self._contents = contents
        self._error = error
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Switching to WAL does not wait for other connections, so the first opening has a separate lock.
        with FileLock(self.path.with_name(self.path.name + ".lock")):
            self._prepare()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading."""
        with closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a write transaction: on the disk at the end, rolled back after an error."""
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
        try:
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:  # a damaged file
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        try:
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                self._migrate(connection)
        except sqlite3.DatabaseError as error:
            raise self._error(f"Expected {self._contents} in {self.path}, was: {error}.") from error

    def _migrate(self, connection: sqlite3.Connection) -> None:
        newest = len(self._migrations)
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > newest:
            raise self._error(
                f"Expected {self._contents} of schema version {newest} or older in {self.path}, "
                f"was: {version}, written by a newer wapaganda.",
                "Install the version of wapaganda that wrote the file.",
            )
        for number, script in enumerate(self._migrations[version:], version + 1):
            connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
