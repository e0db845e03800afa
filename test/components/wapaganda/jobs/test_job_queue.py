import sqlite3
import threading

import pytest

from wapaganda.errors import InputError
from wapaganda.jobs import JobError, JobQueue, State

# The table as release 0.1 made it.
RELEASED = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    progress_text TEXT NOT NULL DEFAULT '',
    progress_fraction REAL,
    error TEXT NOT NULL DEFAULT '',
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    process INTEGER
);
CREATE UNIQUE INDEX one_queued ON jobs (project, kind) WHERE state = 'queued';
CREATE UNIQUE INDEX one_running ON jobs (project) WHERE state = 'running';
INSERT INTO jobs (project, kind, payload, state, error, not_before, created_at, finished_at)
VALUES ('ls-12', 'round', '{"project_id": 12, "reason": "50 new labels."}', 'failed', 'No token.', 1, 1, 2);
INSERT INTO jobs (project, kind, payload, not_before, created_at) VALUES ('ls-12', 'round', '{}', 3, 3);
PRAGMA user_version = 1;
"""


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(tmp_path, clock):
    return JobQueue(tmp_path / "data" / "jobs.sqlite", clock=clock)


def test_many_submissions_become_one_queued_job_with_the_latest_reason(queue):
    jobs = [queue.submit("7", "train", f"{number} new labels.") for number in range(60)]

    assert {job.id for job in jobs} == {1}
    assert queue.get(1).reason == "59 new labels."
    assert len(queue.list()) == 1


def test_one_running_and_one_queued_job_of_a_project(queue):
    first = queue.submit("7", "train", "first")
    assert queue.begin(first.id)

    second = queue.submit("7", "train", "second")
    assert second.id != first.id
    assert queue.submit("7", "train", "third").reason == "third"
    assert not queue.begin(second.id)
    assert queue.get(first.id).reason == "first"

    queue.end(first.id, State.DONE)
    assert queue.begin(second.id)


def test_projects_and_kinds_do_not_swallow_each_other(queue):
    ids = [queue.submit(*each).id for each in [("7", "train"), ("8", "train"), ("7", "update")]]

    assert len(set(ids)) == 3
    assert [job.id for job in queue.list("7")] == [ids[2], ids[0]]
    assert [job.id for job in queue.list(limit=1)] == [ids[2]]


def test_submissions_from_many_threads_are_coalesced(queue):
    threads = [
        threading.Thread(target=lambda: [queue.submit("7", "train") for _ in range(10)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(queue.list()) == 1


def test_a_burst_delays_a_job_only_for_a_limited_time(queue, clock):
    queue.submit("7", "train", debounce_seconds=30)
    clock.now += 20
    queue.submit("7", "train", debounce_seconds=30)
    clock.now += 20
    assert queue.due() == []
    clock.now += 10
    assert [job.id for job in queue.due()] == [1]

    queue.end(1, State.DONE)
    queue.cancel(1)
    for _ in range(20):
        job = queue.submit("7", "train", debounce_seconds=30)
        clock.now += 20
        if queue.due():
            break
    assert clock.now - job.created_at == 300


def test_what_was_asked_for_at_once_is_not_delayed(queue, clock):
    queue.submit("7", "train", debounce_seconds=30)
    queue.submit("7", "train")
    queue.submit("7", "train", debounce_seconds=30)

    assert len(queue.due()) == 1


def test_due_jobs_come_in_the_order_in_which_they_became_due(queue, clock):
    queue.submit("7", "train", debounce_seconds=5)
    queue.submit("8", "train")
    clock.now += 10

    assert [job.project for job in queue.due()] == ["8", "7"]


def test_a_queued_job_is_cancelled_at_once(queue):
    job = queue.submit("7", "train")

    assert queue.cancel(job.id).state == State.CANCELLED
    assert queue.due() == []
    assert not queue.begin(job.id)
    assert queue.submit("7", "train").id != job.id


def test_a_running_job_whose_process_is_dead_is_cancelled_at_once(queue):
    job = queue.submit("7", "train")
    queue.begin(job.id)

    assert queue.cancel(job.id).state == State.CANCELLED


def test_the_first_end_counts(queue, clock):
    job = queue.submit("7", "train")
    queue.begin(job.id)
    queue.end(job.id, State.DONE)
    clock.now += 5
    queue.end(job.id, State.FAILED, "too late")
    queue.cancel(job.id)

    job = queue.get(job.id)
    assert (job.state, job.error, job.finished_at, job.is_over) == (State.DONE, "", 1_000.0, True)


def test_progress_is_kept(queue):
    job = queue.submit("7", "train")
    queue.begin(job.id)

    assert queue.progress(job.id, "step 3 of 10", 0.3) is False
    job = JobQueue(queue.path).get(job.id)
    assert (job.progress_text, job.progress_fraction, job.attempts) == ("step 3 of 10", 0.3, 1)


def test_an_unknown_job_is_a_wrong_input(queue):
    for call in (queue.get, queue.cancel):
        with pytest.raises(KeyError, match="was: 99") as caught:
            call(99)
        assert isinstance(caught.value, InputError)
        assert str(caught.value) == "Expected the id of a job, was: 99."


def test_a_job_table_of_an_earlier_release_opens_unchanged(tmp_path):
    path = tmp_path / "jobs.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(RELEASED)
    schema = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()

    queue = JobQueue(path)

    assert [(job.id, job.state, job.reason) for job in queue.list()] == [
        (2, State.QUEUED, ""),
        (1, State.FAILED, "50 new labels."),
    ]
    assert queue.get(1).error == "No token."
    assert queue.submit("ls-12", "round", "3 new labels.").id == 2
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == schema
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()


def test_a_newer_job_table_is_refused(queue):
    with sqlite3.connect(queue.path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()

    with pytest.raises(JobError, match="Expected a job table of schema version 1"):
        JobQueue(queue.path)


def test_the_table_itself_forbids_a_second_running_job(queue):
    queue.begin(queue.submit("7", "train").id)
    second = queue.submit("7", "train")

    with sqlite3.connect(queue.path) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE jobs SET state = 'running' WHERE id = ?", (second.id,))
    connection.close()


def test_a_file_that_is_no_job_table_is_refused(tmp_path):
    (tmp_path / "jobs.sqlite").write_text("not a database, but long enough to look at" * 10)

    with pytest.raises(JobError, match="Expected a job table in"):
        JobQueue(tmp_path / "jobs.sqlite")
