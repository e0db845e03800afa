"""The result files of the benches: a JSON object with one line for each entry, for small diffs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wapaganda.storage import write_text


def read_entries(path: Path) -> dict[str, Any]:
    """The entries of a result file by name; none when there is no such file."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def write_entries(path: Path, entries: Mapping[str, Any]) -> None:
    """Write the entries, sorted by name, atomically."""
    lines = [f"{_compact(name)}:{_compact(entries[name])}" for name in sorted(entries)]
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def add_entry(path: Path, name: str, entry: object) -> None:
    """Add one entry to a result file, or replace it."""
    write_entries(path, read_entries(path) | {name: entry})


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
