"""Atomic writes: a reader sees the old file or the new one, also after a crash."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a path to write a file to; on success it takes the place of ``path``, on an error it is removed.

    Parent folders are made. The draft lies beside ``path`` and has the same suffix.

    Raises:
        OSError: the disk is full or read-only; ``path`` is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial{path.suffix}")
    try:
        yield draft
        sync(draft)
        draft.replace(path)
        sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 to ``path``, whole or not at all.

    Raises:
        OSError: as ``atomic_path``.
    """
    with atomic_path(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(path: Path, values: Any, *, indent: int | None = None) -> None:  # noqa: ANN401 (any JSON value)
    """Write ``values`` as one JSON document to ``path``, whole or not at all.

    Raises:
        OSError: as ``atomic_path``.
        TypeError: a value that JSON cannot hold.
    """
    write_text(path, json.dumps(values, ensure_ascii=False, indent=indent) + "\n")


def sync(path: Path) -> None:
    """Bring a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
