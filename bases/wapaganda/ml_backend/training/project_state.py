"""The stored state of the projects: their ids, configs and new labels."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.ml_backend.training.webhook_event import NewLabel, WebhookEvent
from wapaganda.storage import Database

logger = logging.getLogger(__name__)

# Release 0.1 created these tables at user_version 0, so "IF NOT EXISTS" is needed.
_MIGRATIONS = (
    """
    CREATE TABLE IF NOT EXISTS projects (
        key TEXT PRIMARY KEY, number INTEGER, created INTEGER, label_config TEXT,
        total INTEGER, trained_total INTEGER
    );
    CREATE TABLE IF NOT EXISTS new_labels (
        project TEXT NOT NULL, annotation INTEGER NOT NULL, task INTEGER NOT NULL,
        PRIMARY KEY (project, annotation)
    );
    """,
    """
    CREATE TABLE machine_answers (
        project TEXT NOT NULL, annotation INTEGER NOT NULL, task INTEGER NOT NULL,
        PRIMARY KEY (project, annotation)
    );
    """,
    # training: the job that learns the label; NULL: none yet.
    """
    ALTER TABLE new_labels ADD COLUMN training TEXT;
    ALTER TABLE machine_answers ADD COLUMN training TEXT;
    CREATE TABLE trainings (
        project TEXT NOT NULL, job TEXT NOT NULL, total INTEGER, PRIMARY KEY (project, job)
    );
    """,
    """
    ALTER TABLE projects ADD COLUMN title TEXT;
    ALTER TABLE new_labels ADD COLUMN annotator INTEGER;
    ALTER TABLE new_labels ADD COLUMN seconds REAL;
    ALTER TABLE machine_answers ADD COLUMN annotator INTEGER;
    ALTER TABLE machine_answers ADD COLUMN seconds REAL;
    """,
)
_TABLES = ("new_labels", "machine_answers")
_MOST_IDLE = 100


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """A project as last seen; ``total`` and ``trained_total`` count the labelled tasks now and those that the
    last finished training could see.
    """

    ref: ProjectRef
    label_config: str | None = None
    total: int | None = None
    trained_total: int | None = None
    title: str | None = None


class ProjectState:
    """The projects and their labels since the last finished training, in a SQLite file; records come from
    memory.

    A training that was submitted takes the labels so far. When it is done they are forgotten; when it fails
    they are new again. Of projects without labels and trainings the last 100 are remembered: anybody who may
    call the server can name projects that do not exist.

    Only the server's process writes it; every thread may call every method. ``mend`` is called when the file
    is found damaged, and puts a new one in its place; the projects are then stored in it.

    Raises:
        DatabaseError: the file is something else, or a newer version of wapaganda wrote it.
    """

    def __init__(self, path: Path, mend: Callable[[], object] | None = None) -> None:
        self._mend = mend
        self._database = Database(
            path, _MIGRATIONS, "the state of projects", on_damage=None if mend is None else self._rebuild
        )
        self._lock = threading.RLock()
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT key, number, created, label_config, total, trained_total, title FROM projects"
            ).fetchall()
        self._records = {
            key: ProjectRecord(ProjectRef(key, number, created), *values)
            for key, number, created, *values in rows
        }

    def _rebuild(self) -> None:
        assert self._mend is not None
        with self._lock:
            self._mend()
            for record in self._records.values():
                self._save(record)

    def records(self) -> tuple[ProjectRecord, ...]:
        """All known projects, in the order in which they were first seen."""
        return tuple(self._records.values())

    def record(self, key: str) -> ProjectRecord | None:
        """The project of that key, from memory."""
        return self._records.get(key)

    def upsert_project(
        self,
        ref: ProjectRef,
        label_config: str | None = None,
        total: int | None = None,
        title: str | None = None,
    ) -> ProjectRecord:
        """Add or update a project; ``None`` leaves a value as it is."""
        with self._lock:
            old = self._records.get(ref.key, ProjectRecord(ref))
            _warn_if_recreated(old.ref, ref)
            new = replace(
                old,
                ref=replace(ref, created=ref.created if ref.created is not None else old.ref.created),
                label_config=old.label_config if label_config is None else label_config,
                total=old.total if total is None else total,
                title=old.title if title is None else title,
            )
            if ref.key not in self._records:
                self._forget_idle()
            if new != old or ref.key not in self._records:
                self._save(new)
        return new

    def _forget_idle(self) -> None:
        """Make room for a new project: forget the oldest one of which only a /setup is known."""
        idle = [
            key for key, each in self._records.items() if each.total is None and each.trained_total is None
        ]
        if len(idle) < _MOST_IDLE:
            return
        with self._database.writing() as connection:
            for table in (*_TABLES, "trainings"):
                rows = connection.execute(f"SELECT DISTINCT project FROM {table}").fetchall()
                idle = [key for key in idle if (key,) not in rows]
            for key in idle[: len(idle) + 1 - _MOST_IDLE]:
                connection.execute("DELETE FROM projects WHERE key = ?", (key,))
                del self._records[key]

    def record_labels(self, *events: WebhookEvent) -> None:
        """Store the labels of events, oldest first; an annotation counts once, and so does a task.

        An annotation that an event before had as a machine's is a label when a person has changed it.
        """
        changes = [(each.project.key, each) for each in events if each.project and each.changes_labels]
        if not changes:
            return
        with self._lock, self._database.writing() as connection:
            for key, event in changes:
                _store_labels(connection, key, event)

    def new_labels(self, key: str) -> int:
        """The number of labelled tasks that no finished training has seen."""
        record = self._records.get(key)
        with self._database.reading() as connection:
            return _count(connection, key, record, record.trained_total if record else None, "TRUE")

    def labels(self, key: str) -> list[NewLabel]:
        """The labels that no finished training has seen, in the order of the annotations."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT annotation, task, annotator, seconds FROM new_labels WHERE project = ? "
                "ORDER BY annotation",
                (key,),
            ).fetchall()
        return [NewLabel(*row) for row in rows]

    def free_labels(self, key: str) -> int:
        """The number of labelled tasks that no training has seen or will see."""
        record = self._records.get(key)
        with self._database.reading() as connection:
            taken = connection.execute(
                "SELECT max(total) FROM trainings WHERE project = ?", (key,)
            ).fetchone()[0]
            base = taken if taken is not None else record.trained_total if record else None
            return _count(connection, key, record, base, "training IS NULL")

    def trainings(self, key: str) -> list[str]:
        """The jobs that have taken labels and were not over when last looked at."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT job FROM trainings WHERE project = ?", (key,)).fetchall()
        return [job for (job,) in rows]

    def take(self, key: str, job: str) -> None:
        """A job that has not started yet will see the labels so far."""
        record = self._records.get(key)
        with self._lock, self._database.writing() as connection:
            for table in _TABLES:
                connection.execute(
                    f"UPDATE {table} SET training = ? WHERE project = ? AND training IS NULL", (job, key)
                )
            connection.execute(
                "INSERT OR REPLACE INTO trainings VALUES (?, ?, ?)",
                (key, job, record.total if record else None),
            )

    def finish(self, key: str, job: str, *, done: bool) -> None:
        """A job is over: forget the labels that it has taken, or without ``done`` make them new again."""
        with self._lock:
            with self._database.writing() as connection:
                taken = connection.execute(
                    "SELECT total FROM trainings WHERE project = ? AND job = ?", (key, job)
                ).fetchone()
                connection.execute("DELETE FROM trainings WHERE project = ? AND job = ?", (key, job))
                for table in _TABLES:
                    change = f"DELETE FROM {table}" if done else f"UPDATE {table} SET training = NULL"
                    connection.execute(f"{change} WHERE project = ? AND training = ?", (key, job))
            record = self._records.get(key)
            if done and record and taken and taken[0] is not None:
                self._save(replace(record, trained_total=taken[0]))

    def set_baseline(self, key: str, trained_total: int) -> None:
        """Set the number of labelled tasks of the last training, for a project first seen after it."""
        with self._lock:
            if record := self._records.get(key):
                self._save(replace(record, trained_total=trained_total))

    def _save(self, record: ProjectRecord) -> None:
        ref = record.ref
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO projects (key, number, created, label_config, total, trained_total, "
                "title) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(ref.key, ref.number, ref.created, record.label_config),
                    *(record.total, record.trained_total, record.title),
                ),
            )
        self._records[ref.key] = record


def _store_labels(connection: sqlite3.Connection, key: str, event: WebhookEvent) -> None:
    gone = [*(label.annotation for label in (*event.labels, *event.machine)), *event.withdrawn]
    for table, labels in zip(_TABLES, (event.labels, event.machine), strict=True):
        connection.executemany(
            f"DELETE FROM {table} WHERE project = ? AND annotation = ?",
            [(key, annotation) for annotation in gone],
        )
        connection.executemany(
            f"DELETE FROM {table} WHERE project = ? AND task = ?",
            [(key, task) for task in event.deleted_tasks],
        )
        connection.executemany(
            f"INSERT OR REPLACE INTO {table} (project, annotation, task, annotator, seconds) "
            "VALUES (?, ?, ?, ?, ?)",
            [(key, each.annotation, each.task, each.annotator, each.seconds) for each in labels],
        )


def _count(
    connection: sqlite3.Connection, key: str, record: ProjectRecord | None, base: int | None, which: str
) -> int:
    """The new labelled tasks by events or by Label Studio's total, the larger one. ``base``: the total at the
    last training. The total counts tasks with a machine's answer, which are subtracted.
    """
    (seen,) = connection.execute(
        f"SELECT COUNT(DISTINCT task) FROM new_labels WHERE project = ? AND {which}", (key,)
    ).fetchone()
    (machine,) = connection.execute(
        f"SELECT COUNT(DISTINCT task) FROM machine_answers WHERE project = ? AND {which} AND task NOT IN "
        f"(SELECT task FROM new_labels WHERE project = ? AND {which})",
        (key, key),
    ).fetchone()
    if record is None or record.total is None or base is None:
        return int(seen)
    return max(int(seen), record.total - base - int(machine))


def _warn_if_recreated(old: ProjectRef, new: ProjectRef) -> None:
    if old.created is not None and new.created not in (None, old.created):
        logger.warning(
            "Expected project %s as created at %s, was: created at %s. If Label Studio was installed again, "
            "move the old project's folders of that name away from MODEL_DIR and DATA_DIR.",
            old.key,
            old.created,
            new.created,
        )
