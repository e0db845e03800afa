"""selfish update and train while the ML backend trains: a real job table, real processes, finished rounds."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from wapaganda import jobs as jobs_brick
from wapaganda.jobs import JobQueue, State, Supervisor
from wapaganda.ledger import Ledger
from wapaganda.selfish_cli import joining

WORKER = f"""
import sys, time
sys.path.insert(0, {str(Path(jobs_brick.__file__).parents[2])!r})
from pathlib import Path
from filelock import FileLock
from wapaganda.jobs import run_child
from wapaganda.ledger import Ledger
from wapaganda.pipeline import RoundReport

def work(job, progress):
    folder = Path(sys.argv[1]).parent / job.project
    with FileLock(folder / "round.lock"):
        while not Path(sys.argv[2]).exists():
            progress("calibrate", 1, 4)
            time.sleep(0.02)
        if "slowly" in job.reason:
            time.sleep(3)
        if "fails" in job.reason:
            raise ValueError("a defect")
        ledger = Ledger(folder / "ledger.sqlite")
        number = ledger.start_round().number
        report = RoundReport(number, "al-001-ab12", "v0001-1", "v0001-1", 200, 40)
        ledger.save_step(number, "done", report=report.to_dict())

sys.exit(run_child(Path(sys.argv[1]), int(sys.argv[3]), work))
"""


@pytest.fixture
def queue(tmp_path):
    (tmp_path / "kept" / "ls-1").mkdir(parents=True)
    Ledger(tmp_path / "kept" / "ls-1" / "ledger.sqlite")
    return JobQueue(tmp_path / "kept" / "jobs.sqlite")


@pytest.fixture
def go(tmp_path):
    return tmp_path / "go"


@pytest.fixture
def backend(queue, tmp_path, go):
    """Works on the jobs, each until ``go`` is there."""
    (tmp_path / "worker.py").write_text(WORKER)
    command = [sys.executable, str(tmp_path / "worker.py"), str(queue.path), str(go)]
    with Supervisor(queue, command, poll_seconds=0.05, grace_seconds=5.0) as supervisor:
        yield supervisor
        go.touch()


def is_training(queue, number: int) -> bool:
    return queue.get(number).progress_fraction == 0.25


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.real
def test_update_shows_the_training_of_the_backend_until_its_round_is_done(selfish, queue, backend, go):
    job = queue.submit("ls-1", "round", "200 new labels.")
    wait_for(lambda: is_training(queue, job.id))
    refused = selfish("train", "--project", 1)
    assert refused.code == 2
    assert "training 1: cross-fitting, 25% (200 new labels)" in refused.stderr
    assert "selfish update --project 1 shows it until it ends" in refused.stderr

    timer = threading.Timer(1.0, go.touch)
    timer.start()
    outcome = selfish("update", "--project", 1, "--json")
    timer.join()
    assert outcome.code == 0, outcome.stderr
    found = outcome.json
    assert (found["joined"], found["number"], found["batch"], found["n_released"]) == (
        *(job.id, 1, "al-001-ab12"),
        40,
    )
    assert "training 1 (200 new labels)" in outcome.stderr
    assert "Cross-fitting 25/100" in outcome.stderr
    assert queue.get(job.id).state is State.DONE


@pytest.mark.real
def test_update_waits_for_a_training_that_starts_in_some_seconds(selfish, queue, backend, go):
    go.touch()
    queue.submit("ls-1", "round", "200 new labels.", 1.0)
    outcome = selfish("update", "--project", 1, "--json")
    assert (outcome.code, outcome.json["joined"]) == (0, 1), outcome.stderr
    assert "Waiting for the training to start" in outcome.stderr


@pytest.mark.real
def test_complete_waits_for_the_trainings_of_the_backend(selfish, queue, backend, go):
    job = queue.submit("ls-1", "round", "30 new labels.")
    wait_for(lambda: is_training(queue, job.id))
    following = queue.submit("ls-1", "round", "20 new labels, slowly.")
    timer = threading.Timer(1.0, go.touch)
    timer.start()
    outcome = selfish("complete", "--project", 1)
    timer.join()
    assert [queue.get(each.id).state for each in (job, following)] == [State.DONE] * 2
    assert "training 1 (30 new labels)" in outcome.stderr
    assert "training 2 (20 new labels, slowly)" in outcome.stderr
    assert "Expected an access token of Label Studio" in outcome.stderr  # its own work has begun


@pytest.mark.real
def test_interrupting_update_leaves_the_training_alone(selfish, queue, backend, go, monkeypatch):
    job = queue.submit("ls-1", "round", "200 new labels.")
    wait_for(lambda: is_training(queue, job.id))

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(joining.time, "sleep", interrupted)
    outcome = selfish("update", "--project", 1)
    monkeypatch.undo()
    assert outcome.code == 130
    assert "Training 1 goes on in the backend" in outcome.stderr
    go.touch()
    wait_for(lambda: queue.get(job.id).is_over)
    assert queue.get(job.id).state is State.DONE


@pytest.mark.real
def test_after_a_training_that_fails_update_runs_the_round_itself(selfish, queue, backend, go):
    go.touch()
    queue.submit("ls-1", "round", "it fails", 0.5)
    outcome = selfish("update", "--project", 1)
    assert "Training 1 of the backend has not ended" in outcome.stderr
    assert "Expected an access token of Label Studio" in outcome.stderr  # its own round has begun


@pytest.fixture
def answering():
    """A server that answers GET /status with ``answer["body"]``."""
    answer = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer["asked"] = self.path, self.headers.get("Authorization")
            self.send_response(answer.get("code", 200))
            self.end_headers()
            self.wfile.write(json.dumps(answer["body"]).encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answer["url"] = f"http://127.0.0.1:{server.server_port}"
    yield answer
    server.shutdown()
    server.server_close()


def test_status_asks_the_running_backend_first(selfish, answering, monkeypatch):
    from wapaganda.ml_backend.api.status import BatchStatus, JobStatus, ProjectStatus, StatusResponse

    job = JobStatus(
        id="3",
        project="ls-1",
        state="running",
        progress="calibrate",
        fraction=0.62,
        error=None,
        reason="200 new labels.",
        seconds_left=250.0,
    )
    project = ProjectStatus(
        project="ls-1",
        title="News",
        model_version="v0001",
        target=None,
        new_labels=5,
        error=None,
        batch=BatchStatus(name="al-001-ab12", size=40, answered=5),
    )
    other = project.model_copy(update={"project": "ls-10", "title": "Other"})
    body = StatusResponse(projects=[other, project], jobs=[job], last_error=None, refused_webhooks=0)
    answering["body"] = body.model_dump(mode="json")
    monkeypatch.setenv("ML_BACKEND_URL", answering["url"])
    monkeypatch.setenv("BASIC_AUTH_USER", "labeller")
    monkeypatch.setenv("BASIC_AUTH_PASS", "secret")
    outcome = selfish("status", "--project", 1)  # before the first round has ended
    assert outcome.code == 0, outcome.stderr
    assert "Project ls-1, News" in outcome.stdout
    said = " ".join(outcome.stdout.split())
    assert "training 3: cross-fitting, 62%, about 4 min left (200 new labels)" in said
    assert "al-001-ab12: 5 of 40 texts answered" in said
    assert answering["asked"] == ("/status", "Basic bGFiZWxsZXI6c2VjcmV0")
    found = selfish("status", "--project", 1, "--json").json
    assert (found["title"], found["backend"]["batch"]["answered"]) == ("News", 5)


@pytest.mark.parametrize("code", [None, 401, 500], ids=str)
def test_status_without_an_answer_says_so_in_one_line(selfish, queue, answering, monkeypatch, code):
    answering |= {"code": code, "body": []}
    address = answering["url"] if code else "http://127.0.0.1:9"
    monkeypatch.setenv("ML_BACKEND_URL", address)
    outcome = selfish("status", "--project", 1)
    assert outcome.code == 0, outcome.stderr
    (line,) = [line for line in outcome.stdout.splitlines() if address in line]
    assert "BASIC_AUTH_USER" in line if code == 401 else "ML_BACKEND_URL" in line
