"""The MLflow store: opened, made when it is not there yet, and the experiment in it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SQLITE = "sqlite:///"
_LOCK_SECONDS = 180.0


def database_file(tracking_uri: str) -> Path | None:
    """The file of a SQLite store; None when the store is something else."""
    if not tracking_uri.startswith(_SQLITE):
        return None
    return Path(tracking_uri.removeprefix(_SQLITE).split("?")[0]).absolute()


def open_store(tracking_uri: str) -> "MlflowClient":
    """A client of the store; a SQLite file appears only when all its tables are made."""
    import mlflow
    from mlflow import MlflowClient

    database = database_file(tracking_uri)
    if database is not None and not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        # Processes that make the tables of one new file at the same time break each other.
        with FileLock(database.with_name(f"{database.name}.lock"), timeout=_LOCK_SECONDS):
            if not database.exists():
                _make(database)
    mlflow.set_tracking_uri(tracking_uri)
    return MlflowClient(tracking_uri, tracking_uri)


def find_experiment(client: "MlflowClient", name: str, tracking_uri: str) -> str:
    """The id of the experiment ``name``, made or taken out of the bin when it has to be.

    With a SQLite store its files lie in ``mlruns`` beside the database, wherever the process was started.
    """
    from mlflow.exceptions import MlflowException

    found: Any = client.get_experiment_by_name(name)
    if found is None:
        database = database_file(tracking_uri)
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


def _make(database: Path) -> None:
    """Makes the tables in a draft first: a death in the middle would leave a file that is broken for ever."""
    from mlflow import MlflowClient

    for leftover in database.parent.glob(f"{database.name}.*.draft*"):
        leftover.unlink()
    draft = database.with_name(f"{database.name}.{os.getpid()}.draft")
    client = MlflowClient(f"{_SQLITE}{draft}", f"{_SQLITE}{draft}")
    client.search_experiments(max_results=1)
    client.search_registered_models(max_results=1)
    draft.rename(database)
