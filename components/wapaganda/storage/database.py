"""SQLite files: opening, schema migrations and transactions, and what to do with a damaged one."""

import errno
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from filelock import FileLock

from wapaganda.errors import WapagandaError
from wapaganda.storage.atomic import put_aside

Opened = TypeVar("Opened")
_BUSY_SECONDS = 60.0
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_HINTS = {
    sqlite3.SQLITE_CORRUPT: "Restore the file from a backup, or move it away: it is then made anew.",
    sqlite3.SQLITE_NOTADB: "Restore the file from a backup, or move it away: it is then made anew.",
    sqlite3.SQLITE_FULL: "Make room on the disk, then try again.",
    sqlite3.SQLITE_IOERR: "Look whether the disk is full or failing, then try again.",
    sqlite3.SQLITE_BUSY: "Another process holds it: try again later.",
    sqlite3.SQLITE_LOCKED: "Another process holds it: try again later.",
    sqlite3.SQLITE_READONLY: "Make the file and its folder writable.",
    sqlite3.SQLITE_CANTOPEN: "Look whether the folder exists and may be written.",
}
"""What to do about the faults of a file; other errors of SQLite are defects of ours."""


class DatabaseError(WapagandaError):
    """A file is not an SQLite database of the expected kind, or a newer version of wapaganda wrote it."""


class Database:
    """The SQLite file ``path``, created and migrated to the newest schema when it is opened.

    ``migrations`` are SQL scripts: script n migrates the file to ``PRAGMA user_version`` n. A released script
    never changes; the next one follows it. ``contents`` names what the file holds, such as "a ledger".

    The file uses write-ahead logging, so readers never wait for a writer. Every call opens a new
    connection: threads and processes may share a file. In a folder that is read-only the file can be read.
    ``on_damage`` is called when a later use finds the file damaged or without its tables, and may mend it;
    that use fails, the next one has the new file.

    Raises:
        DatabaseError, or ``error`` if given: the file holds something else, a newer schema, or it cannot be
            used; the same in every later use.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[str],
        contents: str,
        error: type[WapagandaError] = DatabaseError,
        on_damage: Callable[[], object] | None = None,
    ) -> None:
        self.path = Path(path)
        self._migrations = migrations
        self._contents = contents
        self._error = error
        self._on_damage: Callable[[], object] | None = None
        self._read_only = False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Switching to WAL does not wait for other connections, so the first opening has a separate lock.
        try:
            with FileLock(self.path.with_name(self.path.name + ".lock")), self._named():
                self._prepare()
        except OSError as problem:
            if problem.errno not in _READ_ONLY or not self.path.exists():
                raise
            self._read_only = True
        self._on_damage = on_damage

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading."""
        with self._named(), closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a write transaction: on the disk at the end, rolled back after an error."""
        with self._named(), closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _connect(self) -> sqlite3.Connection:
        # In a read-only folder SQLite cannot make the files of the log, and nobody else can change the file.
        place = f"file:{quote(str(self.path.absolute()))}" + (
            "?mode=ro&immutable=1" if self._read_only else ""
        )
        connection = sqlite3.connect(place, timeout=_BUSY_SECONDS, isolation_level=None, uri=True)
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
            raise self._unusable(error) from error

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the file in the faults of it."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if is_damage(error) or "no such table" in str(error):
                self._mend()
            if _code(error) not in _HINTS:
                raise
            raise self._unusable(error) from error

    def _mend(self) -> None:
        mend, self._on_damage = self._on_damage, None  # what mends may use the file itself
        try:
            if mend is not None:
                mend()
        finally:
            self._on_damage = mend

    def _unusable(self, error: sqlite3.DatabaseError) -> WapagandaError:
        hint = _HINTS.get(_code(error), "")
        return self._error(f"Expected {self._contents} in {self.path}, was: {error}.", hint)

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


def is_damage(error: BaseException | None) -> bool:
    """Whether a file is damaged, or no SQLite file; not: locked, full, read-only, of a newer version."""
    while error is not None:
        if isinstance(error, sqlite3.DatabaseError) and _code(error) in _DAMAGED:
            return True
        error = error.__cause__
    return False


def open_whole(path: Path, make: Callable[[], Opened]) -> tuple[Opened, Path | None]:
    """What ``make`` opens in the SQLite file ``path``, and the new name of the file if it was damaged.

    A damaged file is renamed to ``<name>.damaged`` with its log, never over an earlier one, and ``make``
    begins a new file. Every page is checked: about a second for 500 MB.

    Raises:
        WapagandaError: the file cannot be used for another reason; it stays where it is.
        OSError: the folder cannot be written.
    """
    found = _open(path, make)
    if found is not None:
        return found, None
    with FileLock(path.with_name(path.name + ".mend.lock")):
        found = _open(path, make)  # another process may have been faster
        if found is not None:
            return found, None
        aside = put_aside(path, "-wal", "-shm")
        return make(), aside


def _open(path: Path, make: Callable[[], Opened]) -> Opened | None:
    """What ``make`` opens; ``None``: the file is damaged."""
    try:
        made = make()
        with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except (WapagandaError, sqlite3.DatabaseError) as error:
        if is_damage(error):
            return None
        raise
    return made if found == ("ok",) else None


def _code(error: sqlite3.DatabaseError) -> int:
    """The kind of an error: the low byte of its code."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
