"""Freed memory goes back to the system."""

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Give the freed memory of this process back to the system.

    glibc keeps what lies below a block in use: a server grew with each exchange of its model. Other
    C libraries have no such call, and nothing happens.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
