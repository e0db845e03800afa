"""Replaying the run log into MLflow; only for the mirror process, for MLflow takes seconds to import."""

import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout
from wapaganda.tracking.cursor import Cursor, read_cursor, write_cursor
from wapaganda.tracking.events import parse
from wapaganda.tracking.mirroring import MirrorReport
from wapaganda.tracking.mlflow_run import MlflowRun

if TYPE_CHECKING:
    from mlflow import MlflowClient

_logger = logging.getLogger(__name__)
_CONNECT_SECONDS = 3.0
_LOCK_SECONDS = 60.0
_BATCH = 200
_SQLITE = "sqlite:///"


def replay(log_dir: Path, tracking_uri: str, experiment: str) -> MirrorReport:
    """Brings what MLflow lacks into it, run by run; after a failure the next call goes on there."""
    try:
        with FileLock(log_dir / "mirror.lock", timeout=_LOCK_SECONDS):
            return _replay(log_dir, tracking_uri, experiment)
    except Timeout:
        return MirrorReport(False, f"Another mirror of {log_dir} has been at work for {_LOCK_SECONDS:g} s")
    except Exception as error:
        # MLflow raises whatever its stores raise, and a mirror has to live with all of it.
        _logger.exception("The mirror stopped")
        return MirrorReport(False, f"MLflow at {_shown(tracking_uri)} failed: {_first_line(error)}")


def _replay(log_dir: Path, tracking_uri: str, experiment: str) -> MirrorReport:
    behind = [each for each in _cursors(log_dir, tracking_uri) if _lines(each[0]) > each[1].lines]
    if not behind:
        return MirrorReport(True, "MLflow has every run already")
    unreachable = _unreachable(tracking_uri)
    if unreachable:
        return MirrorReport(False, unreachable)
    client = _client(tracking_uri)
    experiment_id = _experiment(client, experiment, tracking_uri)
    for path, cursor in behind:
        _replay_run(client, experiment_id, path, cursor)
    return MirrorReport(True, f"MLflow got {len(behind)} run{'s'[: len(behind) != 1]}")


def _replay_run(client: "MlflowClient", experiment_id: str, path: Path, cursor: Cursor) -> None:
    events = parse(path.read_bytes(), path)
    if not events or events[0] is None:
        _logger.warning("Expected a start event in %s; the run is left out", path)
        return
    run, is_new = MlflowRun.find_or_create(client, experiment_id, path.stem, cursor.mlflow_id, events[0])
    done = 0 if is_new else cursor.lines
    if run is not None:
        for start in range(done, len(events), _BATCH):
            batch = events[start : start + _BATCH]
            run.write([event for event in batch if event is not None])
            cursor = cursor.at(run.id, start + len(batch))
            write_cursor(cursor)
    write_cursor(cursor.at(cursor.mlflow_id, len(events)))


def _cursors(log_dir: Path, tracking_uri: str) -> list[tuple[Path, Cursor]]:
    database = _database(tracking_uri)
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


def _client(tracking_uri: str) -> "MlflowClient":
    import mlflow
    from mlflow import MlflowClient

    mlflow.set_tracking_uri(tracking_uri)
    database = _database(tracking_uri)
    if database is None:
        return MlflowClient(tracking_uri, tracking_uri)
    database.parent.mkdir(parents=True, exist_ok=True)
    # Processes that make the tables of a new file at the same time break each other.
    with FileLock(database.with_name(database.name + ".lock")):
        client = MlflowClient(tracking_uri, tracking_uri)
        client.search_experiments(max_results=1)
        client.search_registered_models(max_results=1)
    return client


def _experiment(client: "MlflowClient", name: str, tracking_uri: str) -> str:
    from mlflow.exceptions import MlflowException

    found: Any = client.get_experiment_by_name(name)
    if found is None:
        database = _database(tracking_uri)
        location = (database.parent / "mlruns" / name).as_uri() if database else None
        try:
            return str(client.create_experiment(name, artifact_location=location))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _database(tracking_uri: str) -> Path | None:
    if not tracking_uri.startswith(_SQLITE):
        return None
    return Path(tracking_uri.removeprefix(_SQLITE).split("?")[0]).absolute()


def _shown(tracking_uri: str) -> str:
    parts = urlsplit(tracking_uri)
    return tracking_uri.replace(f":{parts.password}@", ":***@") if parts.password else tracking_uri


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__
