import sqlite3
import threading

import pytest

from wapaganda.errors import WapagandaError
from wapaganda.storage import Database, DatabaseError, is_damage, open_whole, put_aside

ONE = "CREATE TABLE words (word TEXT PRIMARY KEY)"
TWO = "ALTER TABLE words ADD COLUMN length INTEGER"


def words(database):
    with database.reading() as connection:
        return [row[0] for row in connection.execute("SELECT word FROM words ORDER BY word")]


def version(path):
    connection = sqlite3.connect(path)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return found


def test_a_new_file_gets_every_migration_and_its_folder(tmp_path):
    path = tmp_path / "new" / "words.sqlite"

    database = Database(path, (ONE, TWO), "a list of words")
    with database.writing() as connection:
        connection.execute("INSERT INTO words VALUES ('a', 1)")

    assert words(database) == ["a"]
    assert version(path) == 2


def test_an_older_file_gets_only_what_it_lacks(tmp_path):
    path = tmp_path / "words.sqlite"
    with Database(path, (ONE,), "a list of words").writing() as connection:
        connection.execute("INSERT INTO words VALUES ('a')")

    database = Database(path, (ONE, TWO), "a list of words")

    with database.reading() as connection:
        assert connection.execute("SELECT word, length FROM words").fetchall() == [("a", None)]


def test_a_failed_migration_leaves_the_older_file(tmp_path):
    path = tmp_path / "words.sqlite"
    Database(path, (ONE,), "a list of words")

    with pytest.raises(DatabaseError, match="Expected a list of words in"):
        Database(path, (ONE, TWO + "; DROP TABLE missing"), "a list of words")

    assert version(path) == 1
    assert words(Database(path, (ONE,), "a list of words")) == []


def test_a_newer_file_is_refused_with_a_hint(tmp_path):
    path = tmp_path / "words.sqlite"
    Database(path, (ONE, TWO), "a list of words")

    with pytest.raises(DatabaseError, match=r"of schema version 1 or older .* was: 2") as caught:
        Database(path, (ONE,), "a list of words")

    assert caught.value.hint
    assert version(path) == 2


def test_a_brick_may_name_its_own_error(tmp_path):
    class WordsError(WapagandaError):
        pass

    (tmp_path / "words.sqlite").write_text("not a database, but long enough to look at" * 10)

    with pytest.raises(WordsError, match="Expected a list of words in"):
        Database(tmp_path / "words.sqlite", (ONE,), "a list of words", WordsError)


def test_an_error_in_a_write_rolls_it_back(tmp_path):
    database = Database(tmp_path / "words.sqlite", (ONE,), "a list of words")

    def write_and_fail():
        with database.writing() as connection:
            connection.execute("INSERT INTO words VALUES ('a')")
            raise KeyError("stop")

    with pytest.raises(KeyError):
        write_and_fail()

    assert words(database) == []


def test_commits_are_on_the_disk_and_readers_do_not_wait(tmp_path):
    database = Database(tmp_path / "words.sqlite", (ONE,), "a list of words")

    with database.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.execute("INSERT INTO words VALUES ('a')")
        assert words(database) == []

    assert words(database) == ["a"]


def test_many_threads_may_open_a_new_file_at_once_and_write_it(tmp_path):
    failures = []

    def work(number):
        try:
            database = Database(tmp_path / "words.sqlite", (ONE,), "a list of words")
            with database.writing() as connection:
                connection.execute("INSERT INTO words VALUES (?)", (f"w{number}",))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert words(Database(tmp_path / "words.sqlite", (ONE,), "a list of words")) == [
        f"w{number}" for number in range(8)
    ]


def _fill(path):
    database = Database(path, (ONE,), "a list of words")
    with database.writing() as connection:
        connection.executemany("INSERT INTO words VALUES (?)", [(f"{n:0300d}",) for n in range(300)])
    return database


def _open(path):
    return open_whole(path, lambda: Database(path, (ONE,), "a list of words"))


def _zero_a_page(path):
    content = bytearray(path.read_bytes())
    content[8192:12288] = bytes(4096)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b"\x07random bytes" * 999),
        _zero_a_page,
    ],
    ids=["cut", "random", "a page in the middle"],
)
def test_a_damaged_file_is_put_aside_with_its_log_and_never_over_an_earlier_one(tmp_path, damage):
    path = tmp_path / "words.sqlite"
    for turn in ("", "-2"):
        _fill(path)
        damage(path)
        content = path.read_bytes()

        database, aside = _open(path)

        assert aside == tmp_path / f"words.sqlite.damaged{turn}"
        assert aside.read_bytes() == content
        assert words(database) == []
    assert _open(path)[1] is None


def test_a_damaged_page_is_an_error_of_ours_when_it_is_read(tmp_path):
    database = _fill(tmp_path / "words.sqlite")
    _zero_a_page(database.path)

    with pytest.raises(DatabaseError, match=r"words.sqlite, was: database disk image is malformed") as caught:
        words(database)

    assert is_damage(caught.value)


def _fill_a_disk(database):
    with database.writing() as connection:
        connection.execute("PRAGMA max_page_count = 1")
        connection.executemany("INSERT INTO words VALUES (?)", [(f"{n:0400d}",) for n in range(300)])


def test_a_newer_a_locked_and_a_full_file_are_not_put_aside(tmp_path, monkeypatch):
    path = tmp_path / "words.sqlite"
    Database(path, (ONE, TWO), "a list of words")
    with pytest.raises(DatabaseError, match="written by a newer wapaganda"):
        _open(path)

    path = tmp_path / "locked.sqlite"
    database = _fill(path)
    monkeypatch.setattr("wapaganda.storage.database._BUSY_SECONDS", 0.01)
    with (
        database.writing(),
        pytest.raises(DatabaseError, match=r"locked.sqlite, was: database is locked") as locked,
        database.writing(),
    ):
        pass
    with pytest.raises(DatabaseError, match=r"was: database or disk is full") as full:
        _fill_a_disk(database)
    assert not is_damage(locked.value)
    assert not is_damage(full.value)
    assert "Make room" in full.value.hint
    assert not list(tmp_path.glob("*.damaged*"))


def test_a_mistake_in_our_own_sql_is_not_told_as_a_fault_of_the_file(tmp_path):
    with (
        pytest.raises(sqlite3.OperationalError, match="no such table"),
        _fill(tmp_path / "words.sqlite").reading() as connection,
    ):
        connection.execute("SELECT * FROM missing")


def test_in_a_read_only_folder_the_file_is_read_and_not_written(tmp_path, read_only):
    _fill(tmp_path / "words.sqlite")
    with read_only(tmp_path):
        database = Database(tmp_path / "words.sqlite", (ONE,), "a list of words")
        assert len(words(database)) == 300
        with (
            pytest.raises(DatabaseError, match="attempt to write a readonly database"),
            database.writing() as connection,
        ):
            connection.execute("DELETE FROM words")


def test_the_log_of_a_file_goes_aside_with_it(tmp_path):
    path = tmp_path / "words.sqlite"
    for turn in ("", "-2"):
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).write_text(ending)
        assert put_aside(path, "-wal", "-shm") == tmp_path / f"words.sqlite.damaged{turn}"
        for ending in ("", "-wal", "-shm"):
            assert (tmp_path / f"words.sqlite.damaged{turn}{ending}").read_text() == ending
    assert not path.exists()
