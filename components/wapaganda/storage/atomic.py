"""Atomic writes: a reader sees the old file or folder or the new one, also after a crash."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wapaganda.errors import DiskFullError, is_disk_full


@contextmanager
def naming_full_disk(place: Path) -> Iterator[None]:
    """Say which file or folder did not fit when the disk is full; libraries leave that out.

    Raises:
        DiskFullError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, DiskFullError) or not is_disk_full(error):
            raise
        raise DiskFullError(
            f"Expected room on the disk for {place}, was: none left.",
            "Make room and repeat: what was finished is kept.",
        ) from error


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a path to write a file to. On success the file replaces ``path``, on an error it is removed.

    Parent folders are created. The draft is in the folder of ``path`` and has the same suffix.

    Raises:
        DiskFullError, OSError: the disk is full, or read-only; ``path`` is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial{path.suffix}")
    try:
        with naming_full_disk(path):
            yield draft
            sync(draft)
            draft.replace(path)
            sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty folder to fill. On success it becomes ``path``, on an error it is removed.

    Parent folders are created. The draft is next to ``path``. ``replace`` allows ``path`` to hold files: they
    are removed after the swap.

    Raises:
        FileExistsError: ``path`` holds files and ``replace`` is false; nothing was written then.
        DiskFullError, OSError: the disk is full, or read-only; ``path`` is then as it was.
    """
    if not replace and path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise FileExistsError(errno.EEXIST, "Expected a new or empty folder", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        with naming_full_disk(path):
            yield draft
            sync_folder(draft)
            _swap(draft, path)
            sync(path.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _swap(draft: Path, path: Path) -> None:
    if not path.exists():
        draft.rename(path)
        return
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    path.rename(old)
    try:
        draft.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 to ``path``, atomically.

    Raises:
        OSError: as ``atomic_path``.
    """
    with atomic_path(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(path: Path, values: Any, *, indent: int | None = None) -> None:  # noqa: ANN401 (any JSON value)
    """Write ``values`` as one JSON document to ``path``, atomically.

    Raises:
        OSError: as ``atomic_path``.
        TypeError: a value that JSON cannot hold.
    """
    write_text(path, json.dumps(values, ensure_ascii=False, indent=indent) + "\n")


def put_aside(path: Path, *beside: str) -> Path:
    """Rename a damaged file to ``<name>.damaged``, or ``.damaged-2`` … if there is one; return the new path.

    ``beside``: endings of files that belong to it, such as ``-wal``; they are renamed alike.
    """
    number = 1
    while True:
        aside = path.with_name(f"{path.name}.damaged" + (f"-{number}" if number > 1 else ""))
        if not any(aside.with_name(aside.name + ending).exists() for ending in ("", *beside)):
            break
        number += 1
    for ending in (*beside, ""):  # the file comes last: until then it is still the damaged one
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    sync(path.parent)
    return aside


def sync(path: Path) -> None:
    """Sync a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Sync every file and folder below ``folder`` to the disk."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(parent, name))
        sync(Path(parent))
