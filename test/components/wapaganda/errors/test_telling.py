"""Errors of libraries as sentences, and a full disk behind what they make of it."""

import errno
import shutil
import sqlite3

import pytest
from safetensors import SafetensorError

from wapaganda.errors import DiskFullError, InputError, Retry, WapagandaError, is_disk_full, retry_of, tell

FULL = "No space left on device"


def _sqlite_full():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("PRAGMA max_page_count = 2")
    try:
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 4000,)] * 9)
    except sqlite3.Error as error:
        return error
    finally:
        connection.close()


def _caused():
    try:
        raise WapagandaError("Expected room.", "Make some.") from OSError(errno.ENOSPC, FULL)
    except WapagandaError as error:
        return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, FULL, "/m/x"), "/m/x: the disk is full."),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/m/x"), "/m/x: the disk is full."),
        (OSError(errno.ENOSPC, FULL), "A disk is full."),
        (shutil.Error([("/a/x", "/m/x", f"[Errno 28] {FULL}: '/m/x'")]), "/m/x: the disk is full."),
        (SafetensorError(f"Error while serializing: I/O error: {FULL} (os error 28)"), "A disk is full."),
        (Exception(f"{FULL} (os error 28)"), "A disk is full."),
        (_sqlite_full(), "A disk is full."),
        (_caused(), "Expected room."),
        (DiskFullError("Expected room.", "Make some."), "Expected room."),
    ],
)
def test_a_full_disk_is_recognised_and_passes(error, told):
    assert tell(error).message == told
    assert tell(error).hint.startswith("Make ")
    assert not tell(error).is_defect
    assert retry_of(error) is Retry.LATER


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/m/x"), "/m/x: Permission denied."),
        (shutil.Error([("/a/x", "/m/x", "[Errno 13] Permission denied")]), "/m/x: it cannot be copied."),
        (ConnectionError("Label Studio is down"), "Label Studio is down"),
        (MemoryError(), "There is not enough memory."),
        (
            InputError("Expected x, was: No space left on device.", "Name one."),
            "Expected x, was: No space left on device.",
        ),
    ],
)
def test_errors_of_the_system_are_sentences(error, told):
    assert not is_disk_full(error)
    assert tell(error).message == told
    assert not tell(error).is_defect


@pytest.mark.parametrize(
    "error", [KeyError("tasks"), RecursionError("maximum depth"), TypeError("NoneType"), OSError()]
)
def test_the_text_of_a_defect_is_never_shown(error, tmp_path):
    told = tell(error, tmp_path / "7.log")
    assert told.is_defect
    assert str(told) == (
        f"An unexpected error ended the work: {type(error).__name__}. "
        f"The log {tmp_path / '7.log'} has the details."
    )
