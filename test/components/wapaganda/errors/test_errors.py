import errno
import shutil
import sqlite3

import pytest

from wapaganda.errors import InputError, Retry, WapagandaError, retry_after, retry_of


class BusyError(WapagandaError):
    retry = Retry.SOON
    retry_after = 7.0


def test_an_error_has_a_message_and_a_hint():
    error = InputError("Expected 0 or more, was: -1", hint="Give a larger number.")

    assert str(error) == "Expected 0 or more, was: -1"
    assert error.hint == "Give a larger number."


def test_the_hint_is_empty_when_there_is_none():
    assert WapagandaError("No space left").hint == ""


def test_wrong_input_is_a_value_error_and_one_of_ours():
    assert issubclass(InputError, ValueError)
    assert issubclass(InputError, WapagandaError)


def full_sqlite() -> sqlite3.Error:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA max_page_count = 2")
    connection.execute("CREATE TABLE filled (x)")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("INSERT INTO filled VALUES (zeroblob(100000))")
    connection.close()
    return caught.value


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        (WapagandaError("No."), Retry.NEVER),
        (InputError("No."), Retry.NEVER),
        (BusyError("It is busy."), Retry.SOON),
        (OSError(errno.ENOSPC, "No space left on device"), Retry.LATER),
        (OSError(errno.EROFS, "Read-only file system"), Retry.LATER),
        (OSError(errno.ENOENT, "No such file"), Retry.NEVER),
        (PermissionError(errno.EACCES, "Permission denied"), Retry.NEVER),
        (shutil.Error([("a", "b", "No space left")]), Retry.LATER),
        (ConnectionResetError("reset"), Retry.LATER),
        (TimeoutError("slow"), Retry.LATER),
        (MemoryError(), Retry.LATER),
        (full_sqlite(), Retry.LATER),
        (sqlite3.DatabaseError("file is not a database"), Retry.NEVER),
        (ValueError("a defect"), Retry.NEVER),
        (KeyError("tasks"), Retry.NEVER),
    ],
    ids=repr,
)
def test_faults_that_pass(error, retry):
    assert retry_of(error) is retry


def test_the_cause_counts_when_the_error_itself_says_nothing():
    error = WapagandaError("The ledger cannot be written.")
    error.__cause__ = full_sqlite()
    assert retry_of(error) is Retry.LATER
    error.__cause__ = BusyError("It is busy.")
    assert (retry_of(error), retry_after(error)) == (Retry.SOON, 7.0)
    assert retry_after(ValueError("a defect")) == 0.0
