"""Folders that only their user may read: they hold texts, labels and tokens."""

import logging
import shlex
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

PRIVATE_UMASK: Final = 0o077
"""The umask of a process all of whose files are private."""


def private_folder(path: Path, *, tighten: bool = False) -> None:
    """Make a folder that only its user may enter, if it is missing.

    An existing one that others may enter is closed to them with ``tighten``; else, or where that is not
    allowed, the log says how.

    Raises:
        OSError: it cannot be made.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    mode = path.stat().st_mode
    if not mode & PRIVATE_UMASK:
        return
    if tighten:
        try:
            path.chmod(mode & 0o700)
        except OSError:  # the folder is another user's
            tighten = False
    if not tighten:
        logger.warning(
            "Other users may read %s, with texts and labels. Close it: chmod go-rwx %s",
            path,
            shlex.quote(str(path)),
        )
