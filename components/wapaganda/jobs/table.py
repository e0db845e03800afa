"""The SQLite table of the jobs."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from wapaganda.jobs.job import Job, State

# The two unique indexes are the rule: one running job for a project, one queued job of a kind.
MIGRATIONS: Final = (
    """
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
    """,
    """
    ALTER TABLE jobs ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN queued_at REAL NOT NULL DEFAULT 0;
    UPDATE jobs SET queued_at = created_at;
    """,
    "ALTER TABLE jobs ADD COLUMN step_at REAL;",
)


def payload(reason: str) -> str:
    """The column ``payload`` of a job: a JSON object, so that other facts may join the reason."""
    return json.dumps({"reason": reason})


def rows(connection: sqlite3.Connection, where: str, values: Sequence[Any] = ()) -> list[Job]:
    """The jobs that meet a condition."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return [_job(row) for row in cursor.execute(f"SELECT * FROM jobs WHERE {where}", values)]


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    values["reason"] = str(json.loads(values.pop("payload")).get("reason", ""))
    values["state"] = State(values["state"])
    values["cancel_requested"] = bool(values["cancel_requested"])
    return Job(**values)
