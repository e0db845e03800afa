"""Folders that are read by one process and deleted by another."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Keep ``folder`` from `remove_unused` while it is read; a missing folder is the caller's business."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def remove_unused(folder: Path, scratch: Path) -> bool:
    """Delete ``folder`` unless a process uses it (`in_use`); whether it is gone.

    It is first renamed into ``scratch``, on the same disk, so it disappears in one step.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        scratch.mkdir(exist_ok=True)
        aside = folder.rename(scratch / f"{folder.name}-{uuid.uuid4().hex[:8]}")
    except OSError:
        return False
    finally:
        os.close(descriptor)
    shutil.rmtree(aside, ignore_errors=True)
    return True
