"""How far a run has been mirrored: a small file beside its log, one for each MLflow."""

import json
import os
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Cursor:
    """The run's id in MLflow, None before there is one, and how many lines of the log are there."""

    path: Path
    mlflow_id: str | None = None
    lines: int = 0

    def at(self, mlflow_id: str | None, lines: int) -> Self:
        """The same cursor further on."""
        return replace(self, mlflow_id=mlflow_id, lines=lines)


def read_cursor(log: Path, tracking_uri: str) -> Cursor:
    """The cursor of a log for an MLflow; at the beginning when there is none that can be read."""
    path = log.with_suffix(f".{sha256(tracking_uri.encode()).hexdigest()[:8]}.cursor")
    try:
        values = json.loads(path.read_text("utf-8"))
        return Cursor(path, values["mlflow_id"], int(values["lines"]))
    except (OSError, ValueError, KeyError, TypeError):
        # Replaying from the beginning changes nothing in MLflow that is there already.
        return Cursor(path)


def write_cursor(cursor: Cursor) -> None:
    """Replaces the file of the cursor."""
    draft = cursor.path.with_name(f"{cursor.path.name}.{os.getpid()}.draft")
    draft.write_text(json.dumps({"mlflow_id": cursor.mlflow_id, "lines": cursor.lines}), "utf-8")
    draft.replace(cursor.path)
