"""Replay the run log into MLflow. Only the mirror process imports this: MLflow takes seconds to import."""

import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from wapaganda.tracking.cursor import Cursor, read_cursor, write_cursor
from wapaganda.tracking.events import parse, without_given_up
from wapaganda.tracking.mlflow_run import MlflowRun
from wapaganda.tracking.mlflow_store import database_file, find_experiment, open_store
from wapaganda.tracking.report import MirrorReport

if TYPE_CHECKING:
    from mlflow import MlflowClient

_logger = logging.getLogger(__name__)
_CONNECT_SECONDS = 3.0
_LOCK_SECONDS = 60.0
_BATCH = 200


def replay(
    log_dir: Path, tracking_uri: str, experiment: str, on_ready: Callable[[], None] = lambda: None
) -> MirrorReport:
    """Copy what MLflow lacks, run by run; after a failure the next call continues there.

    ``on_ready`` is called when MLflow is imported and its store is open.
    """
    try:
        with FileLock(log_dir / "mirror.lock", timeout=_LOCK_SECONDS):
            return _replay(log_dir, tracking_uri, experiment, on_ready)
    except Timeout:
        return MirrorReport(False, f"Another mirror of {log_dir} has worked for {_LOCK_SECONDS:g} s")
    except Exception as error:
        # MLflow passes on whatever its stores raise.
        _logger.exception("The mirror stopped")
        return MirrorReport(False, f"MLflow at {_shown(tracking_uri)} failed: {_first_line(error)}")


def _replay(log_dir: Path, tracking_uri: str, experiment: str, on_ready: Callable[[], None]) -> MirrorReport:
    behind = [each for each in _cursors(log_dir, tracking_uri) if _lines(each[0]) > each[1].lines]
    if not behind:
        return MirrorReport(True, "MLflow has every run already")
    unreachable = _unreachable(tracking_uri)
    if unreachable:
        return MirrorReport(False, unreachable)
    client = open_store(tracking_uri)
    on_ready()
    experiment_id = find_experiment(client, experiment, tracking_uri)
    for path, cursor in behind:
        _replay_run(client, experiment_id, path, cursor)
    return MirrorReport(True, f"MLflow got {len(behind)} run{'s'[: len(behind) != 1]}")


def _replay_run(client: "MlflowClient", experiment_id: str, path: Path, cursor: Cursor) -> None:
    events = parse(path.read_bytes(), path)
    if not events or events[0] is None:
        _logger.warning("Expected a start event in %s; the run is left out", path)
        return
    first, (kept, anew) = events[0], without_given_up(events)
    run, is_new = MlflowRun.find_or_create(client, experiment_id, path.stem, cursor.mlflow_id, first)
    done = 0 if is_new else cursor.lines
    if run is not None and done <= anew and kept[:done] != events[:done]:
        run.put_aside(path.stem)
        run, _ = MlflowRun.find_or_create(client, experiment_id, path.stem, None, first)
        done = 0
    events = kept
    if run is not None:
        for start in range(done, len(events), _BATCH):
            batch = events[start : start + _BATCH]
            run.write([event for event in batch if event is not None])
            cursor = cursor.at(run.id, start + len(batch))
            write_cursor(cursor)
    write_cursor(cursor.at(cursor.mlflow_id, len(events)))


def _cursors(log_dir: Path, tracking_uri: str) -> list[tuple[Path, Cursor]]:
    database = database_file(tracking_uri)
    is_lost = database is not None and not database.exists()
    found = [(path, read_cursor(path, tracking_uri)) for path in sorted(log_dir.glob("*.jsonl"))]
    return [(path, cursor.at(None, 0) if is_lost else cursor) for path, cursor in found]


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def _unreachable(tracking_uri: str) -> str:
    parts = urlsplit(tracking_uri)
    if parts.scheme not in ("http", "https"):
        return ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), _CONNECT_SECONDS).close()
    except OSError as error:
        return f"MLflow at {_shown(tracking_uri)} does not answer: {error}. The run log follows later"
    return ""


def _shown(tracking_uri: str) -> str:
    parts = urlsplit(tracking_uri)
    return tracking_uri.replace(f":{parts.password}@", ":***@") if parts.password else tracking_uri


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__
