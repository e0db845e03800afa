"""selfish jobs, with a real job table and a real process that works on a job."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wapaganda import jobs as jobs_brick
from wapaganda.jobs import JobQueue, State, Supervisor
from wapaganda.ledger import Ledger

WORKER = f"""
import sys, time
sys.path.insert(0, {str(Path(jobs_brick.__file__).parents[2])!r})
from pathlib import Path
from wapaganda.jobs import run_child

def work(job, progress):
    while True:
        progress("train", 1, 4)
        time.sleep(0.02)

sys.exit(run_child(Path(sys.argv[1]), int(sys.argv[2]), work))
"""


@pytest.fixture
def queue(tmp_path):
    return JobQueue(tmp_path / "kept" / "jobs.sqlite")


def wait_for(condition, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_without_a_job_table_none_is_made(selfish, tmp_path):
    outcome = selfish("jobs", "list")
    assert (outcome.code, outcome.stdout) == (0, "No jobs.\n")
    assert selfish("jobs", "list", "--json").json == {"jobs": []}
    assert selfish("jobs", "cancel", 1).code == 2
    assert not (tmp_path / "kept").exists()


def test_list_shows_the_newest_first_and_filters_by_project(selfish, queue):
    queue.submit("ls-1", "round", "50 new labels.")
    queue.submit("ls-2", "round", "Start Training was pressed.")
    outcome = selfish("jobs", "list")
    assert outcome.code == 0
    assert outcome.stdout.index("ls-2") < outcome.stdout.index("ls-1")
    assert "50 new labels." in outcome.stdout
    found = selfish("jobs", "list", "--project", 1, "--json").json["jobs"]
    assert [(each["id"], each["project"], each["state"]) for each in found] == [(1, "ls-1", "queued")]
    assert [each["id"] for each in selfish("jobs", "list", "--name", "ls-2", "--json").json["jobs"]] == [2]
    assert [each["id"] for each in selfish("jobs", "list", "--limit", 1, "--json").json["jobs"]] == [2]
    assert selfish("jobs", "list", "--name", "a", "--project", 1).code == 2


def test_jobs_and_status_say_why_and_until_when_a_training_waits(selfish, queue, tmp_path):
    selfish_project = tmp_path / "kept" / "ls-1"
    selfish_project.mkdir()
    Ledger(selfish_project / "ledger.sqlite")
    job = queue.submit("ls-1", "round", "50 new labels.")
    assert selfish("status", "--project", 1, "--json").json["training_problem"] == ""
    queue.begin(job.id)
    waiting = queue.fail(job.id, TimeoutError("Label Studio does not answer."))
    until = datetime.fromtimestamp(waiting.not_before, UTC).strftime("%Y-%m-%d %H:%M")
    listed = " ".join(selfish("jobs", "list").stdout.split())
    assert "queued until" in listed
    assert "Label Studio does not answer." in listed
    assert selfish("status", "--project", 1, "--json").json["training_problem"] == (
        f"Job 1 is tried again at {until} UTC: Label Studio does not answer."
    )
    assert "Last training" in selfish("status", "--project", 1).stdout
    queue.begin(job.id)
    queue.fail(job.id, ValueError("a defect"))
    shown = selfish("status", "--project", 1).stdout
    assert "Job 1 failed: An unexpected error ended the work: ValueError." in shown


def test_a_queued_job_is_cancelled_at_once(selfish, queue):
    job = queue.submit("ls-1", "round")
    outcome = selfish("jobs", "cancel", job.id)
    assert (outcome.code, outcome.stdout) == (0, "Job 1 of ls-1 is cancelled.\n")
    assert queue.get(job.id).state is State.CANCELLED


@pytest.mark.real
def test_a_running_training_is_stopped(selfish, queue, tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)
    command = [sys.executable, str(tmp_path / "worker.py"), str(queue.path)]
    with Supervisor(queue, command, poll_seconds=0.05, grace_seconds=5.0):
        job = queue.submit("ls-1", "round", "50 new labels.")
        wait_for(lambda: queue.get(job.id).progress_fraction == 0.25)
        running = selfish("jobs", "list")
        assert "running" in running.stdout
        assert "train 25%" in running.stdout
        found = selfish("jobs", "cancel", job.id, "--json").json
        assert found["cancel_requested"]
        wait_for(lambda: queue.get(job.id).is_over)
        assert queue.get(job.id).state is State.CANCELLED
        wait_for(lambda: not queue.is_alive("ls-1"))


@pytest.mark.parametrize("number", [1, 7])
def test_a_job_that_is_over_or_unknown_is_wrong_input(selfish, queue, number):
    queue.cancel(queue.submit("ls-1", "round").id)
    outcome = selfish("jobs", "cancel", number, "--json")
    assert outcome.code == 2
    assert "Expected" in outcome.json["error"]
    assert queue.get(1).state is State.CANCELLED
