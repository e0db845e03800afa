"""The MLflow store: opened, created if missing, and the experiment in it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from wapaganda.storage import atomic_path

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SQLITE = "sqlite:///"
_LOCK_SECONDS = 180.0
_KIND, _TRAININGS, _GUESSED = "mlflow.experimentKind", "custom_model_development", "_inferred"
"""By this tag MLflow 3 shows runs with charts instead of traces of a language model; it guesses otherwise."""


def database_file(tracking_uri: str) -> Path | None:
    """The file of a SQLite store; None for another kind of store."""
    if not tracking_uri.startswith(_SQLITE):
        return None
    return Path(tracking_uri.removeprefix(_SQLITE).split("?")[0]).absolute()


def open_store(tracking_uri: str) -> "MlflowClient":
    """A client of the store; a new SQLite file appears with all its tables."""
    import mlflow
    from mlflow import MlflowClient

    database = database_file(tracking_uri)
    if database is not None and not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        # Processes that create the tables of one file at the same time break each other.
        with FileLock(database.with_name(f"{database.name}.lock"), timeout=_LOCK_SECONDS):
            if not database.exists():
                _make(database)
    mlflow.set_tracking_uri(tracking_uri)
    return MlflowClient(tracking_uri, tracking_uri)


def find_experiment(client: "MlflowClient", name: str, tracking_uri: str) -> str:
    """The id of the experiment ``name``, created or restored if necessary.

    With a SQLite store its artifacts are in ``mlruns`` next to the database, whatever the working directory.
    """
    from mlflow.exceptions import MlflowException

    found: Any = client.get_experiment_by_name(name)
    kind = {_KIND: _TRAININGS}
    if found is None:
        database = database_file(tracking_uri)
        location = (database.parent / "mlruns" / name).as_uri() if database else None
        try:
            return str(client.create_experiment(name, artifact_location=location, tags=kind))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    if found.tags.get(_KIND, _GUESSED).endswith(_GUESSED):
        client.set_experiment_tag(found.experiment_id, _KIND, _TRAININGS)
    return str(found.experiment_id)


def _make(database: Path) -> None:
    """Create the tables in a draft: MLflow cannot use a file with only a part of them."""
    from mlflow import MlflowClient

    for leftover in database.parent.glob(f".{database.name}.*.partial*"):
        leftover.unlink()
    with atomic_path(database) as draft:
        client = MlflowClient(f"{_SQLITE}{draft}", f"{_SQLITE}{draft}")
        client.search_experiments(max_results=1)
        client.search_registered_models(max_results=1)
