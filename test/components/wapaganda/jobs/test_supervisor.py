import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wapaganda import jobs
from wapaganda.jobs import JobError, JobQueue, State, Supervisor, run_child
from wapaganda.storage import open_whole

pytestmark = pytest.mark.real

COMPONENTS = Path(jobs.__file__).parents[2]

# The work: writes down that it began, waits until it may go on, writes down that it ended.
WORKER = f"""
import json, os, signal, sys, time
sys.path.insert(0, {str(COMPONENTS)!r})
from pathlib import Path
from wapaganda.jobs import run_child

def work(job, progress):
    order = json.loads(job.reason)
    do, diary = order.get("do"), Path(order["diary"])
    with diary.open("a") as file:
        file.write(f"begin {{os.getpid()}}\\n")
    progress("at work", 1, 2)
    if do == "fail":
        raise ValueError("no labels")
    if do == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        progress("stubborn", 0, 0)
    while not diary.with_suffix(".go").exists():
        time.sleep(0.02)
    with diary.open("a") as file:
        file.write("end\\n")

sys.exit(run_child(Path(sys.argv[1]), int(sys.argv[2]), work))
"""

SUPERVISOR = f"""
import sys, time
sys.path.insert(0, {str(COMPONENTS)!r})
from pathlib import Path
from wapaganda.jobs import JobQueue, Supervisor
Supervisor(JobQueue(Path(sys.argv[1])), [sys.executable, sys.argv[2], sys.argv[1]], poll_seconds=0.05).start()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def queue(tmp_path):
    return JobQueue(tmp_path / "jobs.sqlite")


@pytest.fixture
def command(tmp_path, queue):
    (tmp_path / "worker.py").write_text(WORKER)
    return [sys.executable, str(tmp_path / "worker.py"), str(queue.path)]


@pytest.fixture
def supervise(queue, command):
    started = []

    def start(**options):
        supervisor = Supervisor(queue, command, **{"poll_seconds": 0.05, "grace_seconds": 1.0, **options})
        supervisor.start()
        started.append(supervisor)
        return supervisor

    yield start
    for supervisor in started:
        supervisor.stop()


@pytest.fixture
def diary(tmp_path):
    return Diary(tmp_path / "diary")


class Diary:
    def __init__(self, path):
        self.path = path

    def lines(self):
        return self.path.read_text().splitlines() if self.path.exists() else []

    def begins(self):
        return [int(line.split()[1]) for line in self.lines() if line.startswith("begin")]

    def ends(self):
        return self.lines().count("end")

    def go(self):
        self.path.with_suffix(".go").touch()

    def order(self, **more):
        """What the worker shall do, passed as the reason of its job."""
        return json.dumps({"diary": str(self.path), **more})


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def over(queue, job):
    return until(lambda: queue.get(job.id).is_over and queue.get(job.id))


def test_a_job_is_done_once(queue, supervise, diary):
    supervise()
    job = queue.submit("7", "train", diary.order())
    until(diary.begins)
    running = until(lambda: queue.get(job.id).progress_text and queue.get(job.id))
    assert (running.state, running.progress_fraction, running.process) == (
        State.RUNNING,
        0.5,
        diary.begins()[0],
    )
    assert queue.is_alive("7")

    diary.go()
    ended = over(queue, job)
    assert (ended.state, ended.attempts, ended.process) == (State.DONE, 1, None)
    assert (len(diary.begins()), diary.ends()) == (1, 1)


def test_551_submissions_during_a_training_become_one_more(queue, supervise, diary):
    supervise(max_running=2)
    queue.submit("7", "train", diary.order())
    until(diary.begins)
    for number in range(551):
        queue.submit("7", "train", diary.order(number=number))
    assert [job.state for job in queue.list("7")] == [State.QUEUED, State.RUNNING]

    time.sleep(0.3)
    assert len(diary.begins()) == 1
    diary.go()
    until(lambda: all(job.is_over for job in queue.list("7")))
    assert [(job.state, json.loads(job.reason).get("number")) for job in queue.list("7")] == [
        (State.DONE, 550),
        (State.DONE, None),
    ]


def test_no_more_jobs_run_at_once_than_allowed(queue, supervise, diary, tmp_path):
    supervise(max_running=1)
    other = Diary(tmp_path / "other")
    first = queue.submit("7", "train", diary.order())
    second = queue.submit("8", "train", other.order())
    until(diary.begins)
    time.sleep(0.3)
    assert other.begins() == []

    diary.go()
    over(queue, first)
    other.go()
    assert over(queue, second).state == State.DONE


def test_a_job_in_the_background_gives_way_and_is_done_afterwards(queue, supervise, diary, tmp_path):
    supervise(background=("trial",))
    first, second = Diary(tmp_path / "first"), Diary(tmp_path / "second")
    trial = queue.submit("7", "trial", diary.order())
    until(diary.begins)
    rounds = [queue.submit("7", "round", first.order()), queue.submit("8", "round", second.order())]
    until(first.begins)
    assert queue.get(trial.id).state == State.QUEUED

    first.go()
    over(queue, rounds[0])
    until(second.begins)
    assert len(diary.begins()) == 1  # another project's round comes first, too
    second.go()
    over(queue, rounds[1])
    until(lambda: len(diary.begins()) == 2)
    diary.go()
    ended = over(queue, trial)
    assert (ended.state, ended.attempts, diary.ends()) == (State.DONE, 1, 1)


def test_a_killed_child_is_started_again_and_ends_done(queue, supervise, diary):
    supervise()
    job = queue.submit("7", "train", diary.order())
    os.kill(until(diary.begins)[0], signal.SIGKILL)
    until(lambda: len(diary.begins()) == 2)

    diary.go()
    ended = over(queue, job)
    assert (ended.state, ended.attempts, diary.ends()) == (State.DONE, 2, 1)


def test_a_child_that_always_dies_fails_after_three_attempts(queue, supervise, diary):
    supervise()
    job = queue.submit("7", "train", diary.order(do="die"))

    ended = over(queue, job)
    assert (ended.state, ended.attempts, len(diary.begins())) == (State.FAILED, 3, 3)
    assert "died 3 times" in ended.error
    assert str(queue.log_path(job.id)) in ended.error
    later = queue.submit("7", "train", diary.order(do="fail"))
    assert "unexpected error ended the work: ValueError." in over(queue, later).error


def test_an_error_of_the_work_fails_at_once_and_its_trace_is_in_the_log(queue, supervise, diary):
    supervise()
    job = queue.submit("7", "train", diary.order(do="fail"))

    ended = over(queue, job)
    assert (ended.state, ended.attempts) == (State.FAILED, 1)
    assert str(queue.log_path(ended.id)) in ended.error
    assert "Traceback" in queue.log_path(job.id).read_text()


def test_a_killed_supervisor_loses_nothing_and_no_job_runs_twice(queue, command, supervise, diary, tmp_path):
    (tmp_path / "supervisor.py").write_text(SUPERVISOR)
    job = queue.submit("7", "train", diary.order())
    first = subprocess.Popen(
        [sys.executable, str(tmp_path / "supervisor.py"), str(queue.path), command[1]], stdout=subprocess.PIPE
    )
    until(diary.begins)
    first.kill()
    first.wait()
    first.stdout.close()

    later = queue.submit("7", "train", diary.order())
    supervise()
    supervise()
    time.sleep(0.5)
    assert queue.get(job.id).state == State.RUNNING
    assert len(diary.begins()) == 1

    diary.go()
    assert over(queue, job).attempts == 1
    assert over(queue, later).attempts == 1
    assert (len(diary.begins()), diary.ends()) == (2, 2)


def test_a_stop_also_stops_a_process_that_an_earlier_supervisor_left(
    queue, command, supervise, diary, tmp_path
):
    (tmp_path / "supervisor.py").write_text(SUPERVISOR)
    job = queue.submit("7", "train", diary.order())
    first = subprocess.Popen(
        [sys.executable, str(tmp_path / "supervisor.py"), str(queue.path), command[1]], stdout=subprocess.PIPE
    )
    until(lambda: queue.get(job.id).progress_text == "at work")
    first.kill()
    first.wait()
    first.stdout.close()
    supervise().stop()
    stopped = queue.get(job.id)
    assert (stopped.state, stopped.attempts) == (State.RUNNING, 0)
    assert not queue.is_alive("7")

    supervise()
    diary.go()
    assert over(queue, job).state == State.DONE


def test_supervisor_and_child_killed_together_and_the_job_still_ends_done(
    queue, command, supervise, diary, tmp_path
):
    (tmp_path / "supervisor.py").write_text(SUPERVISOR)
    job = queue.submit("7", "train", diary.order())
    first = subprocess.Popen(
        [sys.executable, str(tmp_path / "supervisor.py"), str(queue.path), command[1]], stdout=subprocess.PIPE
    )
    child = until(diary.begins)[0]
    first.kill()
    os.kill(child, signal.SIGKILL)
    first.wait()
    first.stdout.close()
    until(lambda: not queue.is_alive("7"))
    assert queue.get(job.id).state == State.RUNNING

    supervise()
    until(lambda: len(diary.begins()) == 2)
    diary.go()
    ended = over(queue, job)
    assert (ended.state, ended.attempts, diary.ends()) == (State.DONE, 2, 1)


def test_two_supervisors_never_have_two_children_for_a_project(queue, supervise, diary):
    for _ in range(3):
        supervise()
    jobs = []
    for turn in range(3):
        diary.path.with_suffix(".go").unlink(missing_ok=True)
        jobs.append(queue.submit("7", "train", diary.order()))
        until(lambda turn=turn: len(diary.begins()) == turn + 1)
        diary.go()
        over(queue, jobs[-1])

    lines = [line.split()[0] for line in diary.lines()]
    assert lines == ["begin", "end"] * 3
    assert [queue.get(job.id).attempts for job in jobs] == [1, 1, 1]


@pytest.mark.parametrize("do", ["", "stubborn"])
def test_a_running_job_is_cancelled_also_against_its_will(queue, supervise, diary, do):
    supervise(grace_seconds=0.5)
    job = queue.submit("7", "train", diary.order(do=do))
    text = "stubborn" if do else "at work"
    until(lambda: queue.get(job.id).progress_text == text)
    assert queue.cancel(job.id).state == State.RUNNING

    assert over(queue, job).state == State.CANCELLED
    until(lambda: not queue.is_alive("7"))
    assert (len(diary.begins()), diary.ends()) == (1, 0)


def test_another_process_cancels_a_running_job(queue, supervise, diary):
    supervise()
    job = queue.submit("7", "train", diary.order())
    until(diary.begins)
    code = "import sys; from wapaganda.jobs import JobQueue; JobQueue(sys.argv[1]).cancel(int(sys.argv[2]))"
    environment = {**os.environ, "PYTHONPATH": str(COMPONENTS)}
    subprocess.run([sys.executable, "-c", code, str(queue.path), str(job.id)], check=True, env=environment)

    assert over(queue, job).state == State.CANCELLED
    assert diary.ends() == 0


def test_the_progress_of_the_work_is_stored_as_a_fraction(queue):
    found = []

    def work(job, progress):
        for step, done, total in (("fetch", 0, 0), ("train", 30, 120), ("score", 130, 120)):
            progress(step, done, total)
            found.append((queue.get(job.id).progress_text, queue.get(job.id).progress_fraction))

    job = queue.submit("7", "train")
    queue.begin(job.id)

    assert run_child(queue.path, job.id, work) == 0
    assert found == [("fetch", None), ("train", 0.25), ("score", 1.0)]


def test_stopping_the_supervisor_stops_the_work_and_the_next_one_goes_on(queue, supervise, diary):
    first = supervise()
    job = queue.submit("7", "train", diary.order())
    until(lambda: queue.get(job.id).progress_text == "at work")
    first.stop()
    stopped = queue.get(job.id)
    assert (stopped.state, stopped.attempts) == (State.RUNNING, 0)
    assert "interrupted" in stopped.progress_text
    assert not queue.is_alive("7")

    supervise()
    diary.go()
    ended = over(queue, job)
    assert (ended.state, ended.attempts, diary.ends()) == (State.DONE, 1, 1)


def test_a_command_that_does_not_exist_fails_with_a_sentence(queue, tmp_path):
    job = queue.submit("7", "train")
    with Supervisor(queue, [str(tmp_path / "nowhere")], poll_seconds=0.05):
        ended = over(queue, job)

    assert ended.state == State.FAILED
    assert "Expected a command that can be started" in ended.error


def test_a_child_by_hand_does_not_work_beside_another_one(queue, supervise, diary):
    supervise()
    job = queue.submit("7", "train", diary.order())
    until(diary.begins)

    with pytest.raises(JobError, match="Expected no other process to work for project 7"):
        run_child(queue.path, job.id, lambda _job, _progress: None)
    diary.go()
    over(queue, job)


def test_a_child_leaves_a_job_that_is_over_alone(queue):
    job = queue.submit("7", "train")
    queue.begin(job.id)
    queue.end(job.id, State.DONE)

    assert run_child(queue.path, job.id, lambda _job, _progress: pytest.fail("it worked")) == 0


def test_a_table_that_is_damaged_meanwhile_does_not_stop_the_work(queue):
    steps = []

    def work(_job, progress):
        queue.path.write_bytes(b"random" * 999)
        progress("fetch", 0, 0)
        steps.append("damaged")
        assert open_whole(queue.path, lambda: JobQueue(queue.path))[1] is not None  # as the server does it
        progress("train", 1, 2)
        steps.append("mended")

    job = queue.submit("7", "train")
    queue.begin(job.id)
    assert run_child(queue.path, job.id, work) == 0
    assert (steps, queue.list()) == (["damaged", "mended"], [])


@pytest.fixture(autouse=True)
def _signals():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
