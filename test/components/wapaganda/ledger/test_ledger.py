import multiprocessing
import os
import signal
import sqlite3
import threading

import pytest

from wapaganda.ledger import Ledger, LedgerError, Offer, UpsertReport
from wapaganda.ner import Document, Span

FORK = multiprocessing.get_context("fork")
ROME = (Span(0, 4, "LOC", 0.9),)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "demo" / "ledger.sqlite")


def pool(n, start=0):
    return [Document(f"d{i}", f"text number {i}") for i in range(start, start + n)]


# The tables as release 0.1 made them.
RELEASED = """
CREATE TABLE documents (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    spans TEXT,
    meta TEXT NOT NULL,
    origin TEXT NOT NULL,
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX documents_labelled ON documents (position) WHERE spans IS NOT NULL;
CREATE TABLE past_labels (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    spans TEXT NOT NULL,
    meta TEXT NOT NULL,
    origin TEXT NOT NULL,
    why TEXT NOT NULL,
    replaced_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX past_labels_id ON past_labels (id);
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rounds (
    number INTEGER PRIMARY KEY,
    step TEXT NOT NULL,
    payload TEXT NOT NULL,
    started_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE TABLE offers (
    round INTEGER NOT NULL,
    id TEXT NOT NULL,
    rank INTEGER NOT NULL,
    score REAL NOT NULL,
    drawn TEXT NOT NULL,
    PRIMARY KEY (round, id)
) WITHOUT ROWID;
CREATE INDEX offers_id ON offers (id);
INSERT INTO documents (id, text, spans, meta, origin)
VALUES ('a', 'Rome', '[[0, 4, "LOC", 0.5]]', '{}', 'labels');
INSERT INTO documents (id, text, meta, origin) VALUES ('b', 'No', '{}', 'pool');
INSERT INTO facts VALUES ('cursor', '"2025-06-01"');
INSERT INTO rounds (number, step, payload) VALUES (1, 'done', '{"version": "v0001-01234567"}');
INSERT INTO offers VALUES (1, 'a', 1, 0.9, 'random');
PRAGMA user_version = 1;
"""


def test_documents_come_back_as_they_were(ledger):
    docs = [
        Document("1", "Rome 😀\r\n", ROME, {"lead_time": 2.5, "annotators": ["á"]}),
        Document("2", "", ()),
        Document("3", "nobody\x00looked"),
    ]

    assert ledger.upsert_documents(docs, "import") == UpsertReport(added=3)
    assert list(ledger.documents()) == docs
    assert next(ledger.documents()).spans[0].score == 0.9
    assert [each.id for each in ledger.documents(labelled=True)] == ["1", "2"]
    assert [each.id for each in ledger.documents(labelled=False)] == ["3"]
    assert Ledger(ledger.path).counts() == ledger.counts()


def test_iteration_streams_over_many_pages_in_the_order_of_arrival(ledger):
    ledger.upsert_documents(iter(pool(2_500)), "pool")
    ledger.upsert_documents([Document("d7", "text number 7", ())], "labels")

    assert [each.id for each in ledger.documents()] == [f"d{i}" for i in range(2_500)]
    seen = []
    for each in ledger.documents():
        seen.append(each.id)
        if len(seen) == 10:
            ledger.upsert_documents([Document("new", "came during the reading")], "pool")
    assert seen[-1] == "new"


def test_labels_are_not_overwritten_by_a_copy_without(ledger):
    labelled = Document("1", "Rome", ROME)
    ledger.upsert_documents([labelled], "labels")

    report = ledger.upsert_documents([Document("1", "Rome"), Document("1", "another text")], "pool")

    assert report == UpsertReport(kept=2)
    assert list(ledger.documents()) == [labelled]
    assert ledger.history("1") == []


def test_replaced_labels_stay_in_the_history(ledger):
    ledger.upsert_documents([Document("1", "Rome", ROME)], "labels")
    ledger.upsert_documents([Document("1", "Rome", ROME, {"seen": 1})], "labels")
    assert ledger.history("1") == []

    ledger.upsert_documents([Document("1", "Rome", ())], "labels")
    assert ledger.mark_unlabelled(["1", "unknown"]) == 1
    assert ledger.mark_unlabelled(["1"]) == 0
    assert next(ledger.documents()).spans is None
    ledger.upsert_documents([Document("1", "Rome", ROME)], "labels")
    assert ledger.remove(["1", "unknown"]) == 1

    past = ledger.history("1")
    assert [each.document.spans for each in past] == [ROME, (), ROME]
    assert [each.why for each in past] == ["replaced", "unlabelled", "removed"]
    assert list(ledger.documents()) == []


def test_the_report_tells_what_happened(ledger):
    ledger.upsert_documents(pool(3), "pool")

    report = ledger.upsert_documents(
        [Document("d0", "text number 0"), Document("d1", "text number 1", ()), *pool(2, 3)], "labels"
    )

    assert report == UpsertReport(added=2, changed=1, unchanged=1)
    assert ledger.counts().origins == {"labels": 3, "pool": 2}


def test_find_keeps_the_order_and_goes_beyond_the_limit_of_variables(ledger):
    ledger.upsert_documents(pool(1_500), "pool")
    ids = [f"d{i}" for i in reversed(range(1_600))]

    assert [each.id for each in ledger.find(ids)] == ids[100:]
    assert ledger.mark_unlabelled(ids) == 0


def test_a_text_that_cannot_be_written_names_its_document(ledger):
    with pytest.raises(ValueError, match="UTF-8 can hold in document 'bad'"):
        ledger.upsert_documents([Document("good", "x"), Document("bad", "\ud800")], "pool")

    assert list(ledger.documents()) == []


def test_cursor_and_facts(ledger):
    assert ledger.cursor() is None
    assert ledger.value("config", "none") == "none"

    ledger.set_cursor("2026-01-01T00:00:00Z")
    ledger.set_value("config", {"labels": ["PER"]})

    again = Ledger(ledger.path)
    assert again.cursor() == "2026-01-01T00:00:00Z"
    assert again.value("config") == {"labels": ["PER"]}
    again.set_cursor(None)
    assert ledger.cursor() is None


def test_rounds_keep_what_each_step_wrote(ledger):
    first = ledger.start_round()
    assert (first.number, first.step, first.payload) == (1, "started", {})

    ledger.save_step(1, "fetched", new_labels=3)
    ledger.save_step(1, "trained", version="v0001-01234567", scores={"f1": 0.5})
    assert ledger.start_round().number == 2

    rounds = Ledger(ledger.path).rounds()
    assert [(each.number, each.step) for each in rounds] == [(1, "trained"), (2, "started")]
    assert rounds[0].payload == {"new_labels": 3, "version": "v0001-01234567", "scores": {"f1": 0.5}}
    assert rounds[0].updated_at >= rounds[0].started_at
    with pytest.raises(KeyError, match="was: 3"):
        ledger.save_step(3, "fetched")


def test_the_reason_of_a_removed_option_is_still_read(ledger):
    ledger.upsert_documents(pool(1), "pool")
    ledger.start_round()
    ledger.record_offers(1, [("d0", 1, 0.9, "rare")])
    assert ledger.offers(1) == [Offer("d0", 1, 0.9, "rare")]
    assert ledger.selection_reason("d0") == "rare"


def test_offers_are_kept_by_round_and_can_be_written_again(ledger):
    ledger.upsert_documents(pool(4), "pool")
    ledger.start_round()
    ledger.start_round()
    ledger.record_offers(1, [("d0", 1, 0.9, "random")])
    ledger.record_offers(1, [("d1", 2, 0.8, "diverse"), ("d0", 1, 0.9, "uncertain")])
    ledger.record_offers(2, [Offer("d1", 1, 0.7, "random")])
    ledger.upsert_documents([Document("d0", "text number 0", ())], "labels")

    assert ledger.offers(1) == [Offer("d0", 1, 0.9, "uncertain"), Offer("d1", 2, 0.8, "diverse")]
    assert ledger.selection_reason("d1") == "random"
    assert ledger.selection_reason("d3") is None
    assert ledger.offered_ids() == {"d0", "d1"}
    counts = ledger.counts()
    assert (counts.documents, counts.labelled, counts.unlabelled, counts.offered, counts.waiting) == (
        4,
        1,
        3,
        2,
        1,
    )
    with pytest.raises(KeyError, match="was: 9"):
        ledger.record_offers(9, [])


def test_offers_with_a_mistake_leave_the_old_ones(ledger):
    ledger.start_round()
    ledger.record_offers(1, [("d0", 1, 0.9, "random")])

    with pytest.raises(sqlite3.IntegrityError):
        ledger.record_offers(1, [("d1", 1, 0.9, "random"), ("d1", 2, 0.9, "random")])

    assert ledger.offers(1) == [Offer("d0", 1, 0.9, "random")]


def test_a_file_that_is_no_ledger_is_refused(tmp_path):
    (tmp_path / "ledger.sqlite").write_text("not a database, but long enough to look at" * 10)

    with pytest.raises(LedgerError, match="Expected a ledger in"):
        Ledger(tmp_path / "ledger.sqlite")


def test_a_ledger_of_an_earlier_release_is_migrated_and_loses_nothing(tmp_path):
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(RELEASED)
    schema = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()

    ledger = Ledger(path)

    assert [each.id for each in ledger.documents(labelled=True)] == ["a"]
    assert ledger.find(["a"])[0].spans == (Span(0, 4, "LOC", 0.5),)
    assert ledger.cursor() == "2025-06-01"
    assert ledger.round(1).payload == {"version": "v0001-01234567"}
    assert ledger.offers(1) == [Offer("a", 1, 0.9, "random")]
    assert ledger.selection_reason("a") == "random"
    connection = sqlite3.connect(path)
    old = "SELECT sql FROM sqlite_master WHERE tbl_name NOT LIKE 'term%' ORDER BY name"
    now = connection.execute(old).fetchall()
    assert [sql and sql.replace(", considered TEXT", "") for (sql,) in now] == [sql for (sql,) in schema]
    assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    connection.close()


def test_a_newer_ledger_is_refused_and_not_touched(ledger):
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(LedgerError, match="newer wapaganda"):
        Ledger(ledger.path)


def test_the_file_waits_for_the_disk(ledger):
    with ledger._database.reading() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def _write_for_ever(path, confirmed):
    ledger = Ledger(path)
    for batch in range(10_000):
        ledger.upsert_documents([Document(f"b{batch}-{i}", "Rome", ROME) for i in range(50)], "labels")
        os.write(confirmed, bytes([1]))


def test_a_kill_loses_nothing_that_was_confirmed_and_leaves_no_half_batch(ledger):
    reader, writer = os.pipe()
    child = FORK.Process(target=_write_for_ever, args=(ledger.path, writer))
    child.start()
    confirmed = 0
    while confirmed < 20:
        confirmed += len(os.read(reader, 1))
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    os.close(writer)
    while rest := os.read(reader, 1_000):
        confirmed += len(rest)
    os.close(reader)

    found = ledger.counts().labelled
    assert found % 50 == 0
    assert confirmed <= found // 50 <= confirmed + 1
    assert ledger.upsert_documents(pool(10), "pool").added == 10


def _write_some(path, start):
    ledger = Ledger(path)
    for turn in range(10):
        ledger.upsert_documents(pool(20, start + turn * 20), "pool")
        ledger.save_step(ledger.start_round().number, "fetched")


def test_several_processes_make_the_file_and_write_at_once(tmp_path):
    path = tmp_path / "new" / "ledger.sqlite"
    children = [FORK.Process(target=_write_some, args=(path, start)) for start in (0, 100, 1_000)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0

    ledger = Ledger(path)
    assert ledger.counts().documents == 300 + 200
    assert [each.number for each in ledger.rounds()] == list(range(1, 31))


def test_threads_share_a_ledger(ledger):
    threads = [
        threading.Thread(target=ledger.upsert_documents, args=(pool(50, n * 50), "p")) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ledger.counts().documents == 200


def test_a_decision_on_a_term_is_stored_dated_and_undone_without_a_trace(ledger):
    ledger.upsert_documents([Document("a", "Rome and Rome", ROME), Document("b", "to Rome")], "test")
    before = list(ledger.documents())
    first = ledger.decide_term(
        "Rome", "LOC", 0.9, {"checked": 12}, [("k1", 3, 7), ("k1", 9, 13), ("k2", 0, 4)]
    )
    second = ledger.decide_term("Rome", None, 0.8, {}, [("k1", 3, 7)])

    one, two = ledger.term_decisions()
    assert (one.number, one.term, one.label, one.score, one.places) == (first, "Rome", "LOC", 0.9, 3)
    assert (one.facts, one.decided_at[:2], two.label, two.places) == ({"checked": 12}, "20", None, 1)
    assert {key: [place.start for place in held] for key, held in ledger.decided_terms().places.items()} == {
        "k1": [3, 9, 3],
        "k2": [0],
    }
    assert list(ledger.documents()) == before

    assert [ledger.undo_term(number) for number in (first, second, second)] == [True, True, False]
    assert ledger.term_decisions() == []
    connection = sqlite3.connect(ledger.path)
    assert connection.execute("SELECT COUNT(*) FROM term_places").fetchone() == (0,)
    connection.close()
