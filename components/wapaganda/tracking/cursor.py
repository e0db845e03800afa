"""The mirrored position of a run: a small file next to its log, one for each MLflow."""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Self

from wapaganda.storage import write_json


@dataclass(frozen=True, slots=True)
class Cursor:
    """The run's id in MLflow (None before it exists), and the number of log lines that MLflow has."""

    path: Path
    mlflow_id: str | None = None
    lines: int = 0

    def at(self, mlflow_id: str | None, lines: int) -> Self:
        """The cursor at another position."""
        return replace(self, mlflow_id=mlflow_id, lines=lines)


def read_cursor(log: Path, tracking_uri: str) -> Cursor:
    """The cursor of a log for an MLflow; at the beginning when the file is missing or unreadable."""
    path = log.with_suffix(f".{sha256(tracking_uri.encode()).hexdigest()[:8]}.cursor")
    try:
        values = json.loads(path.read_text("utf-8"))
        return Cursor(path, values["mlflow_id"], int(values["lines"]))
    except (OSError, ValueError, KeyError, TypeError):
        # Replaying from the beginning does not change what MLflow has.
        return Cursor(path)


def read_lines(path: Path) -> int:
    """The number of log lines that MLflow has by the cursor file ``path``; 0 when it is unreadable."""
    try:
        return int(json.loads(path.read_text("utf-8"))["lines"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def write_cursor(cursor: Cursor) -> None:
    """Store the cursor."""
    write_json(cursor.path, {"mlflow_id": cursor.mlflow_id, "lines": cursor.lines})
