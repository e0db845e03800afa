"""The lock of a project: the process that works for the project holds it until it ends or dies."""

import fcntl
import os
from hashlib import sha256
from pathlib import Path


def lock_path(queue_path: Path, project: str) -> Path:
    """The lock file of a project."""
    return queue_path.parent / "job-locks" / f"{sha256(project.encode()).hexdigest()[:16]}.lock"


def take(path: Path) -> int | None:
    """Take the lock and return its file descriptor; None when a living process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_alive(path: Path) -> bool:
    """Whether a living process holds the lock."""
    descriptor = take(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def adopt_stdin(path: Path) -> int | None:
    """Keep the lock that the parent passed as standard input, so that own child processes do not inherit it.

    Returns its file descriptor; None when standard input is something else.
    """
    try:
        same = os.path.samestat(os.fstat(0), path.stat())
    except OSError:
        return None
    if not same:
        return None
    descriptor = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return descriptor
