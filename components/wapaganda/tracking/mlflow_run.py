"""One run in MLflow; every write can be repeated without a change."""

import json
import logging
import re
import tempfile
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from wapaganda.tracking.events import Event, ModelEvent, metrics_of, model_of
from wapaganda.tracking.pyfunc import PYFUNC_FILES, is_model, write_pyfunc

if TYPE_CHECKING:
    from mlflow import MlflowClient

_logger = logging.getLogger(__name__)
_RUN_TAG = "selfish.run_id"
_VERSION_TAG = "selfish.version"
_PLACE_TAG = "selfish.folder"
_FILES_TAG = "selfish.files"
_PARENT_TAG = "mlflow.parentRunId"
_FOLDER, _MANIFEST = "model", "manifest.json"
_LIVE = "champion"
_LONGEST_VALUE = 5_000
_LONGEST_DIGEST = 36
_METRICS_PER_CALL = 1_000
_VALUES_PER_CALL = 100


class MlflowRun:
    """The run ``mlflow_id``; a tag holds its id in the log, so that it can be found again."""

    def __init__(self, client: "MlflowClient", mlflow_id: str) -> None:
        self._client = client
        self.id = mlflow_id

    @classmethod
    def find_or_create(
        cls, client: "MlflowClient", experiment_id: str, run_id: str, mlflow_id: str | None, start: Event
    ) -> tuple[Self | None, bool]:
        """The run (None if a user deleted it), and whether its log must be replayed from the start."""
        from mlflow.entities import ViewType

        found: Any = client.search_runs(
            [experiment_id], f"tags.`{_RUN_TAG}` = '{run_id}'", ViewType.ALL, max_results=1
        )
        if found:
            info = found[0].info
            run = None if info.lifecycle_stage == "deleted" else cls(client, str(info.run_id))
            return run, str(info.run_id) != mlflow_id
        created: Any = client.create_run(
            experiment_id, start_time=start.time, tags={_RUN_TAG: run_id}, run_name=start.values.get("name")
        )
        return cls(client, str(created.info.run_id)), True

    def write(self, events: Sequence[Event]) -> None:
        """Write events: values in few large calls, then files, models and the end."""
        self._write_values(events)
        for event in events:
            if event.kind == "artifact":
                self._write_artifact(Path(event.values["path"]), event.values.get("folder", ""))
            elif event.kind == "model":
                self._write_model(model_of(event))
            elif event.kind == "name":
                self._client.update_run(self.id, name=event.values["name"])
            elif event.kind == "dataset":
                self._write_dataset(event.values)
            elif event.kind == "curve":
                self._write_curve(event)
            elif event.kind == "end":
                self._client.set_terminated(self.id, event.values["status"], event.time)

    def _write_values(self, events: Sequence[Event]) -> None:
        from mlflow.entities import Metric, Param, RunTag

        metrics = [
            Metric(_name(name), value, event.time, event.step)
            for event in (metrics_of(each) for each in events if each.kind == "metrics")
            for name, value in event.values.items()
        ]
        params = [
            Param(_name(name), str(value)[:_LONGEST_VALUE]) for name, value in _all(events, "params").items()
        ]
        tags = [
            RunTag(_name(name), str(value)[:_LONGEST_VALUE]) for name, value in _all(events, "tags").items()
        ]
        known = self._client.get_run(self.id).data.params if params else {}
        params = [each for each in params if each.key not in known]
        for chunk in _chunks(metrics, _METRICS_PER_CALL):
            self._client.log_batch(self.id, metrics=chunk)
        for chunk in _chunks(params, _VALUES_PER_CALL):
            self._client.log_batch(self.id, params=chunk)
        for chunk in _chunks(tags, _VALUES_PER_CALL):
            self._client.log_batch(self.id, tags=chunk)

    def put_aside(self, run_id: str) -> None:
        """Leave what was copied of a training that was given up as a run of its own, so that the log
        ``run_id`` gets a new one."""
        name = self._client.get_run(self.id).info.run_name
        self._client.set_tag(self.id, _RUN_TAG, f"{run_id} given up")
        self._client.update_run(self.id, name=f"{name} (given up)")
        self._client.set_terminated(self.id, "KILLED")

    def _write_dataset(self, values: Mapping[str, Any]) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        source = json.dumps({"project": values["name"]})
        profile = json.dumps(values["counts"])
        made = Dataset(values["name"], values["digest"][:_LONGEST_DIGEST], "project", source, None, profile)
        tags = [InputTag("mlflow.data.context", "training")]
        self._client.log_inputs(self.id, [DatasetInput(made, tags)])

    def _write_curve(self, event: Event) -> None:
        """Write a point into the run of the project, and hang this run below it."""
        from mlflow.entities import Metric

        values = event.values
        experiment = self._client.get_run(self.id).info.experiment_id
        start = Event("start", event.time, {"name": values["name"]})
        key = f"project {values['project']}"
        above, _ = self.find_or_create(self._client, experiment, key, None, start)
        if above is None:
            return
        metrics = [
            Metric(_name(name), value, event.time, values["step"]) for name, value in values["values"].items()
        ]
        self._client.log_batch(above.id, metrics=metrics)
        self._client.update_run(above.id, name=values["name"])
        self._client.set_tag(above.id, "project", values["project"])
        self._client.set_terminated(above.id, "FINISHED", event.time)
        self._client.set_tag(self.id, _PARENT_TAG, above.id)

    def _write_artifact(self, path: Path, folder: str) -> None:
        if path.is_file():
            self._client.log_artifact(self.id, str(path), folder or None)
        else:
            _logger.warning("Expected a file to mirror, was: %s; it is left out", path)

    def _write_model(self, model: ModelEvent) -> None:
        """Register a version. MLflow holds the weights of the live one only, of the others what is small."""
        name, is_live = _name(model.name), model.alias == _LIVE
        number = self._registered(name, model.version)
        if number is None:
            if model.path is None or not model.path.is_dir():
                _logger.warning(
                    "Expected the folder of model %s to mirror, was: %s", model.version, model.path
                )
                return
            number = self._register(name, model.version, model.path)
        if is_live:
            self._write_files(name, number, model.path)
        if model.alias:
            self._client.set_registered_model_alias(name, model.alias, number)
        if is_live:
            self._drop_files_of_others(name, number)

    def _register(self, name: str, version: str, path: Path) -> str:
        from mlflow.exceptions import MlflowException

        if (path / _MANIFEST).is_file():
            self._client.log_artifact(self.id, str(path / _MANIFEST), _FOLDER)
        self._write_pyfunc(self.id, path)
        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"{self._client.get_run(self.id).info.artifact_uri}/{_FOLDER}"
        tags = {_VERSION_TAG: version, _PLACE_TAG: str(path), _FILES_TAG: "no"}
        made: Any = self._client.create_model_version(name, source, self.id, tags=tags)
        return str(made.version)

    def _write_files(self, name: str, number: str, path: Path | None) -> None:
        found: Any = self._client.get_model_version(name, number)
        if found.tags.get(_FILES_TAG) != "no":  # versions before 0.3 have no such tag, and their files
            return
        folder = path or Path(found.tags.get(_PLACE_TAG, ""))
        if not folder.is_dir():
            _logger.warning("Expected the folder of the live model to mirror, was: %s", folder)
            return
        self._write_pyfunc(found.run_id, folder)
        self._client.log_artifacts(found.run_id, str(folder), _FOLDER)
        self._client.set_model_version_tag(name, number, _FILES_TAG, "yes")

    def _write_pyfunc(self, run_id: str, version: Path) -> None:
        """Make the files of a version what ``mlflow.pyfunc.load_model`` loads, unless they are already."""
        if not is_model(version):
            return
        held: Any = self._client.list_artifacts(run_id, _FOLDER)
        if any(Path(each.path).name == "MLmodel" for each in held):
            return
        with tempfile.TemporaryDirectory() as scratch:
            write_pyfunc(Path(scratch, _FOLDER))
            self._client.log_artifacts(run_id, str(Path(scratch, _FOLDER)), _FOLDER)

    def _drop_files_of_others(self, name: str, live: str) -> None:
        """Delete the files of versions that were live before; their own folders are the only copy then."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        quoted = name.replace("'", "''")
        found: Any = self._client.search_model_versions(f"name = '{quoted}' AND tags.`{_FILES_TAG}` = 'yes'")
        for each in found:
            if str(each.version) == live:
                continue
            try:
                place = self._client.get_run(each.run_id).info.artifact_uri
                files: Any = get_artifact_repository(place, self._client.tracking_uri)
                for file in files.list_artifacts(_FOLDER):
                    if Path(file.path).name not in {_MANIFEST, *PYFUNC_FILES}:
                        files.delete_artifacts(file.path)
            except Exception:
                # Not every store of MLflow can delete; the next live version tries again.
                _logger.warning("The files of version %s stay in MLflow", each.version, exc_info=True)
            else:
                self._client.set_model_version_tag(name, str(each.version), _FILES_TAG, "no")

    def _registered(self, name: str, version: str) -> str | None:
        quoted = name.replace("'", "''")
        found: Any = self._client.search_model_versions(
            f"name = '{quoted}' AND tags.`{_VERSION_TAG}` = '{version}'"
        )
        return str(found[0].version) if found else None


def _all(events: Sequence[Event], kind: str) -> dict[str, Any]:
    return {
        name: value for each in events if each.kind == kind for name, value in each.values["values"].items()
    }


def _name(name: str) -> str:
    """``name`` with characters replaced that MLflow refuses, without empty or dotted path parts."""
    parts = (re.sub(r"[^\w\-. ]", "_", part).strip() for part in name.split("/"))
    return "/".join(part for part in parts if part.strip(".")) or "_"


def _chunks(values: Sequence[Any], size: int) -> list[list[Any]]:
    source = iter(values)
    chunks = []
    while chunk := list(islice(source, size)):
        chunks.append(chunk)
    return chunks
