"""Folders and files that only their user may read: they hold texts, labels and tokens."""

import logging
import os
import shlex
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

PRIVATE_UMASK: Final = 0o077
"""The umask of a process all of whose files are private."""


def private_folder(path: Path) -> None:
    """Make a folder that only its user may enter, if it is missing.

    Raises:
        OSError: it cannot be made.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)


def close_to_others(paths: Iterable[Path]) -> None:
    """Close those of the paths that exist and that other users may read.

    What belongs to another user stays as it is, and so does a folder with the setgid bit: somebody has
    shared it with a group. The log says in one line what was closed, and in one how to close the rest.
    """
    closed, left = [], []
    for path in paths:
        try:
            facts = path.stat()
            if not facts.st_mode & PRIVATE_UMASK:
                continue
            if facts.st_uid != os.geteuid() or facts.st_mode & stat.S_ISGID:
                left.append(path)
            else:
                path.chmod(facts.st_mode & 0o700)
                closed.append(path)
        except FileNotFoundError:
            continue
        except OSError:  # a file system without modes, or a read-only one
            left.append(path)
    if closed:
        logger.warning("Closed to other users, as they hold texts and labels: %s", _listed(closed))
    if left:
        logger.warning(
            "Other users may read what is another user's or a group's. Close it: chmod -R go-rwx %s",
            _listed(left),
        )


def _listed(paths: Iterable[Path]) -> str:
    return " ".join(shlex.quote(str(path)) for path in paths)
