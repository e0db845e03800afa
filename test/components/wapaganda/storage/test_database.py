import sqlite3
import threading

import pytest

from wapaganda.errors import WapagandaError
from wapaganda.storage import Database, DatabaseError

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
