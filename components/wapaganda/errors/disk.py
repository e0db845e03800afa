"""A full disk: the one place that recognises it, also behind what libraries make of it."""

import errno
import shutil
import sqlite3

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_TEXTS = ("No space left on device", "Disk quota exceeded", "(os error 28)", "(os error 122)", "disk is full")


def is_disk_full(error: BaseException) -> bool:
    """Whether a disk or a quota was full.

    ``OSError`` says it by its number, SQLite by its code, and ``shutil.Error``, safetensors and tokenizers
    only by their texts. What caused the error counts as well.
    """
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        if isinstance(found, shutil.Error):
            full = _said(found)
        elif isinstance(found, OSError):
            full = found.errno in _FULL
        elif isinstance(found, sqlite3.Error):
            full = (getattr(found, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_FULL
        else:
            full = not hasattr(found, "retry") and _said(found)  # errors of ours quote others
        if full:
            return True
        found = found.__cause__
    return False


def _said(error: BaseException) -> bool:
    return any(text in str(error) for text in _TEXTS)
