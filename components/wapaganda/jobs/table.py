"""The SQLite table of the jobs."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from wapaganda.jobs.job import Job, JobError, State

_BUSY_SECONDS = 60.0
_VERSION = 1

# The two unique indexes are the rule: one running job for a project, one queued job of a kind.
_SCHEMA = f"""
BEGIN;
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    progress_text TEXT NOT NULL DEFAULT '',
    progress_fraction REAL,
    error TEXT NOT NULL DEFAULT '',
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    process INTEGER
);
CREATE UNIQUE INDEX one_queued ON jobs (project, kind) WHERE state = 'queued';
CREATE UNIQUE INDEX one_running ON jobs (project) WHERE state = 'running';
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class Table:
    """The job table in the file ``path``; every call opens a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Switching to WAL does not wait for other connections, so the first opening has a lock of its own.
        with FileLock(path.with_name(path.name + ".lock")):
            self._prepare()

    def read(self, where: str, values: Sequence[Any] = ()) -> list[Job]:
        """The jobs that a condition holds for."""
        with closing(self._connect()) as connection:
            return rows(connection, where, values)

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
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _prepare(self) -> None:
        try:
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    connection.executescript(_SCHEMA)
                elif version != _VERSION:
                    raise JobError(
                        f"Expected a job table of version {_VERSION} in {self.path}, was: {version}"
                    )
        except sqlite3.DatabaseError as error:
            raise JobError(f"Expected a job table in {self.path}, was: {error}") from error


def rows(connection: sqlite3.Connection, where: str, values: Sequence[Any] = ()) -> list[Job]:
    """The jobs that a condition holds for."""
    return [_job(row) for row in connection.execute(f"SELECT * FROM jobs WHERE {where}", values)]


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    values["payload"] = json.loads(values["payload"])
    values["state"] = State(values["state"])
    values["cancel_requested"] = bool(values["cancel_requested"])
    return Job(**values)
