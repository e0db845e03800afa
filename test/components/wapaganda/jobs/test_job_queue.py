import sqlite3
import threading
import time

import pytest

from wapaganda.errors import InputError, Retry, WapagandaError
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


def test_a_job_that_is_put_back_is_queued_once(queue):
    first = queue.submit("7", "trial")
    queue.begin(first.id)
    queue.put_back(first.id)
    assert (queue.get(first.id).state, queue.get(first.id).attempts) == (State.QUEUED, 0)

    queue.begin(first.id)
    second = queue.submit("7", "trial")
    queue.put_back(first.id)
    assert [job.state for job in queue.list("7")] == [State.QUEUED, State.CANCELLED]
    assert queue.due() == [second]


def test_an_unknown_job_is_a_wrong_input(queue):
    for call in (queue.get, queue.cancel):
        with pytest.raises(KeyError, match="was: 99") as caught:
            call(99)
        assert isinstance(caught.value, InputError)
        assert str(caught.value) == "Expected the id of a job, was: 99."


def test_a_job_table_of_an_earlier_release_keeps_its_jobs(tmp_path):
    path = tmp_path / "jobs.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(RELEASED)
    connection.close()

    queue = JobQueue(path)

    assert [(job.id, job.state, job.reason) for job in queue.list()] == [
        (2, State.QUEUED, ""),
        (1, State.FAILED, "50 new labels."),
    ]
    assert queue.get(1).error == "No token."
    assert queue.submit("ls-12", "round", "3 new labels.").id == 2
    assert [(job.retries, job.queued_at) for job in JobQueue(path).list()] == [
        (0, pytest.approx(time.time(), abs=60)),
        (0, 1.0),
    ]


def test_a_newer_job_table_is_refused(queue):
    with sqlite3.connect(queue.path) as connection:
        connection.execute("PRAGMA user_version = 4")
    connection.close()

    with pytest.raises(JobError, match="Expected a job table of schema version 3"):
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


class PassingError(WapagandaError):
    retry = Retry.LATER


class RefusedError(PassingError):
    retry = Retry.RARELY


def failed(queue, job, error):
    """The job after one more attempt that ends with ``error``."""
    assert queue.begin(job.id)
    assert queue.get(job.id).error == ""
    return queue.fail(job.id, error)


class TestRetries:
    def test_pauses_grow_to_an_hour_and_the_job_stays_the_same(self, queue, clock):
        job, pauses = queue.submit("7", "train", "50 new labels."), []
        for _ in range(5):
            job = failed(queue, job, PassingError("It is down.", "Start it."))
            assert (job.id, job.state, job.waits_to_retry) == (1, State.QUEUED, True)
            assert (job.error, job.attempts) == ("It is down. Start it.", 0)
            pauses.append(job.not_before - clock.now)
            clock.now = job.not_before - 1
            assert queue.due() == []
            clock.now += 1
            assert [each.id for each in queue.due()] == [1]
        assert pauses == [30, 120, 600, 3600, 3600]

    def test_a_server_may_ask_for_a_longer_pause(self, queue, clock):
        error = PassingError("Too many requests.")
        error.retry_after = 90.0
        assert failed(queue, queue.submit("7", "train"), error).not_before == clock.now + 90

    def test_what_needs_a_person_is_looked_at_once_an_hour(self, queue, clock):
        assert failed(queue, queue.submit("7", "train"), RefusedError("401")).not_before == clock.now + 3600

    def test_other_faults_fail_at_once(self, queue):
        job = failed(queue, queue.submit("7", "train"), ValueError("a defect"))
        assert job.state == State.FAILED
        assert job.error.startswith("An unexpected error ended the work: ValueError. The log ")

    def test_events_do_not_hasten_the_next_attempt_and_a_person_does(self, queue, clock):
        job = failed(queue, queue.submit("7", "train"), RefusedError("401"))
        for _ in range(100):
            clock.now += 5
            assert queue.submit("7", "train", debounce_seconds=30).id == job.id
        assert queue.due() == []
        queue.submit("7", "train", "Start Training.")
        assert [each.id for each in queue.due()] == [job.id]
        assert failed(queue, job, PassingError("It is down.")).not_before == clock.now + 30

    def test_all_are_tried_at_a_start_and_those_of_a_project_with_its_new_token(self, queue):
        for project in ("7", "8"):
            failed(queue, queue.submit(project, "train"), RefusedError("401"))
        queue.submit("9", "train", debounce_seconds=30)
        queue.retry_now("8")
        assert [job.project for job in queue.due()] == ["8"]
        queue.retry_now()
        assert {job.project for job in queue.due()} == {"7", "8"}

    def test_it_can_be_cancelled_while_it_waits_and_while_it_fails(self, queue):
        job = failed(queue, queue.submit("7", "train"), PassingError("It is down."))
        assert queue.cancel(job.id).state == State.CANCELLED
        job = queue.submit("7", "train")
        queue.begin(job.id)
        with sqlite3.connect(queue.path) as connection:
            connection.execute("UPDATE jobs SET cancel_requested = 1 WHERE id = ?", (job.id,))
        connection.close()
        assert queue.fail(job.id, PassingError("It is down.")).state == State.CANCELLED

    def test_a_job_that_waits_already_takes_the_place_of_a_failed_one(self, queue, clock):
        first = queue.submit("7", "train")
        queue.begin(first.id)
        second = queue.submit("7", "train", debounce_seconds=10)
        assert queue.fail(first.id, PassingError("It is down.")).state == State.FAILED
        second = queue.get(second.id)
        assert (second.retries, second.not_before) == (1, clock.now + 30)

        clock.now += 30
        queue.begin(second.id)
        third = queue.submit("7", "train", "Start Training.")
        queue.fail(second.id, PassingError("It is down."))
        assert [(job.id, job.retries) for job in queue.due()] == [(third.id, 2)]

    def test_a_waiting_job_leaves_room_for_other_projects(self, queue):
        failed(queue, queue.submit("7", "train"), PassingError("It is down."))
        queue.submit("8", "train")
        assert [job.project for job in queue.due()] == ["8"]


def test_a_clock_that_is_put_back_delays_nothing(queue, clock):
    queue.submit("7", "train", debounce_seconds=30)
    failed(queue, queue.submit("8", "train"), PassingError("It is down."))
    clock.now -= 86_400
    assert queue.due() == []
    assert [job.not_before - clock.now for job in queue.list()] == [30, 30]
    clock.now += 30
    assert [job.project for job in queue.due()] == ["7", "8"]


def test_old_jobs_that_are_over_are_pruned_with_their_logs(queue):
    for number in range(1, 7):
        job = queue.submit("ls-1", "round")
        queue.begin(job.id)
        queue.log_path(job.id).parent.mkdir(exist_ok=True)
        queue.log_path(job.id).touch()
        if number < 6:
            queue.end(job.id, State.DONE)
    queue.submit("ls-1", "round")

    assert queue.prune(2) == 3

    assert [each.id for each in queue.list()] == [7, 6, 5, 4]
    assert sorted(path.name for path in queue.log_path(1).parent.iterdir()) == ["4.log", "5.log", "6.log"]
    assert queue.prune(2) == 0
