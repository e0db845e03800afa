"""Which faults pass: the one place that decides whether, and how soon, failed work is tried again."""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from enum import StrEnum

from wapaganda.errors.disk import is_disk_full


class Retry(StrEnum):
    """When work that failed should be tried again without anybody asking.

    ``NEVER``: somebody must correct something first. ``SOON``: what was in the way ends soon. ``LATER``: the
    fault passes, but nobody knows when. ``RARELY``: it needs a person, who may act elsewhere.
    """

    NEVER = "never"
    SOON = "soon"
    LATER = "later"
    RARELY = "rarely"


_ERRNOS = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.ESTALE,
        errno.EAGAIN,
        errno.ENOMEM,
        errno.EMFILE,
        errno.ENFILE,
    }
)
_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)


def retry_of(error: BaseException) -> Retry:
    """When the work that raised ``error`` should be tried again.

    An error of ours says it by ``WapagandaError.retry``. Of the others a full or failing disk, lack of
    memory, and a network that does not answer pass. If the error does not, the one that caused it counts.
    """
    found = (_own_retry(each) for each in _chain(error))
    return next((each for each in found if each is not Retry.NEVER), Retry.NEVER)


def retry_after(error: BaseException) -> float:
    """The seconds for which a server has asked us to wait; 0 when none has."""
    return max((float(getattr(each, "retry_after", 0.0) or 0.0) for each in _chain(error)), default=0.0)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def _own_retry(error: BaseException) -> Retry:
    declared = getattr(error, "retry", None)
    if isinstance(declared, Retry):
        return declared
    if isinstance(error, sqlite3.Error):
        # The low byte is the kind; the others say more.
        passes = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _SQLITE
    elif isinstance(error, OSError):
        lost = isinstance(error, ConnectionError | TimeoutError | shutil.Error)
        passes = lost or error.errno in _ERRNOS
    else:
        passes = isinstance(error, MemoryError) or is_disk_full(error)
    return Retry.LATER if passes else Retry.NEVER
