"""The run log: append-only JSON lines, one file for each run. MLflow holds a copy."""

import os
import shutil
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from wapaganda.storage import naming_full_disk
from wapaganda.tracking.cursor import read_lines
from wapaganda.tracking.events import Event, LoggedRun, last_training_step, parse, record

Status = Literal["FINISHED", "FAILED", "KILLED"]


class RunLog:
    """The runs below the folder ``directory``: ``<run id>.jsonl``, and copies of their files next to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory).absolute()

    def start(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Mapping[str, str] | None = None
    ) -> "Run":
        """Start a run."""
        self.directory.mkdir(parents=True, exist_ok=True)
        # Microseconds, so that the names sort by start.
        began = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        run = Run(self.directory / f"{began}-{uuid.uuid4().hex[:8]}.jsonl")
        run.append("start", {"name": name}, durable=True)
        if params:
            run.params(params)
        if tags:
            run.tags(tags)
        return run

    def resume(self, run_id: str) -> "Run":
        """The run ``run_id``, to append to.

        Raises:
            KeyError: there is no such run.
        """
        return Run(self._path(run_id))

    def read(self, run_id: str) -> LoggedRun:
        """The record of the run ``run_id``.

        Raises:
            KeyError: there is no such run.
        """
        path = self._path(run_id)
        return record(run_id, parse(path.read_bytes(), path))

    def runs(self) -> list[LoggedRun]:
        """All runs, oldest first."""
        found = [self.read(path.stem) for path in sorted(self.directory.glob("*.jsonl"))]
        return sorted(found, key=lambda run: run.started_at)

    def prune(self, newest: int) -> int:
        """Delete runs that have ended, except the ``newest``; return how many.

        A run that MLflow has not got whole stays, unless it is older than ten times as many.
        """
        old = sorted(self.directory.glob("*.jsonl"))[: -newest or None]
        gone = 0
        for place, path in enumerate(reversed(old)):
            content = path.read_bytes()
            cursors = list(self.directory.glob(f"{path.stem}.*.cursor"))
            copied = any(read_lines(each) >= content.count(b"\n") for each in cursors)
            ended = record(path.stem, parse(content, path)).status != "RUNNING"
            if not ended or not (copied or place >= 9 * newest):
                continue
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            for each in (path, *cursors):
                each.unlink(missing_ok=True)
            gone += 1
        return gone

    def _path(self, run_id: str) -> Path:
        path = self.directory / f"{run_id}.jsonl"
        if path.parent != self.directory or not path.is_file():
            raise KeyError(f"Expected the id of a run in {self.directory}, was: {run_id!r}")
        return path


class Run:
    """A run; every call appends one line, so a crash damages at most the last one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._training_step: int | None = None

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.path.stem

    def params(self, values: Mapping[str, Any]) -> None:
        """Add parameters; values that JSON cannot hold become text."""
        plain = {name: _plain(value) for name, value in values.items()}
        self.append("params", {"values": plain})

    def tags(self, values: Mapping[str, str]) -> None:
        """Add tags."""
        self.append("tags", {"values": {name: str(value) for name, value in values.items()}})

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Add metrics at a step."""
        self.append(
            "metrics", {"step": int(step), "values": {name: float(value) for name, value in values.items()}}
        )

    def training_step(self, step: int, values: Mapping[str, float]) -> None:
        """Add the metrics of an optimiser step, of which one is ``train_loss``.

        A step that is not behind the last one begins a training anew, after an interruption for example.
        MLflow is then not given the steps of the training before it.
        """
        if self._training_step is None:
            events = parse(self.path.read_bytes(), self.path) if self.path.exists() else []
            self._training_step = last_training_step(events)
        if step <= self._training_step:
            self.append("anew", {})
        self._training_step = step
        self.metrics(step, values)

    def rename(self, name: str) -> None:
        """Give the run another name."""
        self.append("name", {"name": name})

    def dataset(self, name: str, digest: str, counts: Mapping[str, int]) -> None:
        """Name the data that the run learns from: a digest and counts that it determines, never the texts."""
        self.append("dataset", {"name": name, "digest": digest, "counts": dict(counts)})

    def curve(self, project: str, name: str, n_labelled: int, values: Mapping[str, float]) -> None:
        """Add a point to the curves of a project: metrics by the number of labelled texts.

        In MLflow they are in one run of the project, called ``name``, above its rounds.
        """
        plain = {key: float(value) for key, value in values.items()}
        self.append("curve", {"project": project, "name": name, "step": n_labelled, "values": plain})

    def artifact(self, path: Path, folder: str = "") -> None:
        """Add a copy of the file ``path`` to the files of the run, below ``folder``."""
        kept = self.path.with_suffix("") / folder
        kept.mkdir(parents=True, exist_ok=True)
        copy = Path(shutil.copyfile(path, kept / path.name))
        self.append("artifact", {"path": str(copy), "folder": folder})

    def model(self, path: Path, name: str, version: str, alias: str | None = None) -> None:
        """Add a model version to be registered under ``name``; its folder ``path`` must stay.

        ``alias`` is ``champion`` for the live model, ``challenger`` for another one.
        """
        self.append(
            "model",
            {"path": str(path.absolute()), "name": name, "version": version, "alias": alias},
            durable=True,
        )

    def alias(self, name: str, version: str, alias: str) -> None:
        """Give an alias to a model version that any run added before, for example after a rollback."""
        self.append("model", {"path": None, "name": name, "version": version, "alias": alias}, durable=True)

    def end(self, status: Status = "FINISHED") -> None:
        """End the run."""
        self.append("end", {"status": status}, durable=True)

    def append(self, kind: str, values: Mapping[str, Any], *, durable: bool = False) -> None:
        """Append an event in one write; ``durable`` waits for the disk."""
        line = Event(kind, time.time_ns() // 1_000_000, values).to_line()
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            with naming_full_disk(self.path):
                size = os.fstat(descriptor).st_size
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                os.write(descriptor, b"\n" + line if torn else line)
                if durable:
                    os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any parameter
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
