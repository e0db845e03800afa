"""Damaged files in DATA_DIR, and a DATA_DIR that is read-only: the server starts and says so."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from wapaganda.jobs import JobQueue
from wapaganda.ml_backend import composition
from wapaganda.ml_backend.app import create_app
from wapaganda.ml_backend.cli import serve
from wapaganda.ml_backend.composition import compose
from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.ml_backend.training.project_state import ProjectState
from wapaganda.settings import Settings
from wapaganda.storage import Database

START = {"action": "START_TRAINING", "project": {"id": 12}}
OPEN = {"queued", "running"}
SETUP = {"project": "12.1", "schema": "<View/>", "hostname": "", "access_token": ""}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", model_dir=tmp_path / "models")


@pytest.fixture(autouse=True)
def no_preloading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several servers in one process must not import the libraries at the same time."""
    monkeypatch.setattr(composition, "_import_models", lambda: None)


@contextmanager
def started(settings: Settings) -> Iterator[TestClient]:
    """A server whose trainings end at once, without doing anything."""
    app = create_app(compose(settings, (sys.executable, "-c", "")))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "random bytes"])
def test_damaged_files_are_put_aside_and_named(settings, cut, caplog):
    jobs, state = (settings.data_dir / name for name in ("jobs.sqlite", "backend.sqlite"))
    JobQueue(jobs).submit("ls-12", "round")
    ProjectState(state).upsert_project(ProjectRef("ls-12", 12, 1))
    (settings.data_dir / "job-logs").mkdir()
    (settings.data_dir / "job-logs" / "41.log").touch()
    contents = {}
    for path in (jobs, state):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] if cut else b"\x07random" * 999)
        contents[path] = path.read_bytes()

    with caplog.at_level(logging.WARNING), started(settings) as client:
        status = client.get("/status").json()
        assert client.post("/webhook", json=START).json()["job"] == "42"
        assert client.post("/setup", json=SETUP).status_code == 200

    assert (status["projects"], status["jobs"]) == ([], [])
    for path, notice in zip((jobs, state), status["notices"], strict=True):
        aside = path.with_name(path.name + ".damaged")
        assert aside.read_bytes() == contents[path]
        assert f"{path} was damaged: it is now {aside}" in notice
        assert notice in caplog.text
    with started(settings) as client:
        assert client.get("/status").json()["notices"] == []


@pytest.mark.parametrize("harm", ["cut", "random bytes", "deleted"])
def test_files_that_are_damaged_while_the_server_runs_are_mended_at_once(settings, harm, caplog):
    jobs, state = (settings.data_dir / name for name in ("jobs.sqlite", "backend.sqlite"))
    event = {"action": "START_TRAINING", "project": {"id": 12, "num_tasks_with_annotations": 7}}

    def answers(client: TestClient) -> dict:
        """Press Start Training until the server has found out; it is idle again then."""
        until(lambda: client.post("/webhook", json=event).status_code == 200)
        until(lambda: not {each["state"] for each in client.get("/status").json()["jobs"]} & OPEN)
        return client.get("/status").json()

    with caplog.at_level(logging.WARNING), started(settings) as client:
        before = answers(client)
        for path in (jobs, state):
            content = path.read_bytes()
            if harm == "deleted":
                path.unlink()
            else:
                path.write_bytes(content[: len(content) // 2] if harm == "cut" else b"\x07random" * 999)
        after = answers(client)

    assert [each["project"] for each in before["projects"]] == ["ls-12"]
    assert [each["project"] for each in after["projects"]] == ["ls-12"]
    assert len(after["jobs"]) == 1
    named = {path for path in (jobs, state) for notice in after["notices"] if f"{path} was" in notice}
    assert named == (set() if harm == "deleted" else {jobs, state})
    for path in named:
        assert path.with_name(path.name + ".damaged").exists()
        assert f"{path} was damaged: it is now {path}.damaged" in caplog.text
    assert ProjectState(state).record("ls-12") is not None  # from the memory of the server


def test_a_file_of_a_newer_version_stays_and_the_server_says_so(settings, capsys):
    path = settings.data_dir / "backend.sqlite"
    Database(path, ["SELECT 1"] * 99, "the future")
    before = path.read_bytes()

    assert serve(settings, "127.0.0.1", 0) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert f"in {path}, was: 99, written by a newer wapaganda." in line
    assert path.read_bytes() == before


@pytest.mark.parametrize("known", [True, False], ids=["used before", "new"])
def test_with_a_read_only_data_dir_trainings_are_off_and_predictions_go_on(settings, known, read_only):
    settings.data_dir.mkdir()
    if known:
        JobQueue(settings.data_dir / "jobs.sqlite")
        ProjectState(settings.data_dir / "backend.sqlite")

    with read_only(settings.data_dir), started(settings) as client:
        assert client.post("/setup", json=SETUP).json() == {"model_version": "untrained"}
        answer = client.post("/predict", json={"project": "12.1", "tasks": [{"data": {"text": "Anna"}}]})
        assert answer.json()["results"][0]["model_version"] == "untrained"
        refused = client.post("/webhook", json=START)
        (notice,) = client.get("/status").json()["notices"]

    assert refused.status_code == 503
    assert notice in refused.json()["error"]
    assert f"DATA_DIR {settings.data_dir} cannot be written" in notice
    assert "Make it writable and start ml-backend again." in notice
