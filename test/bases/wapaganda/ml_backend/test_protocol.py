"""The other endpoints, what guards them, and what they say about wrong bodies."""

import json
import stat
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from wapaganda.jobs import JobQueue, Supervisor
from wapaganda.ledger import Ledger
from wapaganda.ml_backend.composition import QueuedTrainings, StoredGlances
from wapaganda.ml_backend.middleware.telemetry import MetricsMiddleware, Telemetry
from wapaganda.ml_backend.training.project_state import ProjectState
from wapaganda.ml_backend.training.trigger import TrainingStatus, TriggerConfig
from wapaganda.ml_backend.training.webhook_event import NewLabel
from wapaganda.ner import Document
from wapaganda.project_context import Glance, ProjectContext, seconds_left_of
from wapaganda.settings import Settings

SETUP = {
    "project": "12.1795335716",
    "schema": "<View/>",
    "hostname": "http://localhost:8080",
    "access_token": "secret-token",
    "extra_params": None,
}


def test_every_endpoint_stands_in_the_documentation(server):
    page = (Path(__file__).parents[4] / "docs" / "protocol.md").read_text("utf-8")
    paths = server.client.get("/openapi.json").json()["paths"]
    calls = [f"`{method.upper()} {path}`" for path, methods in paths.items() for method in methods]
    assert [call for call in calls if f"| {call} |" not in page] == []


def test_health_is_json(server):
    response = server.client.get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "UP"


def test_setup_tells_the_version_that_predict_will_carry(server):
    server.services.models.get("ls-12", 20)
    assert server.client.post("/setup", json=SETUP).json() == {"model_version": "v1"}
    assert server.client.post("/setup", json={**SETUP, "project": "99.1"}).json() == {
        "model_version": "untrained"
    }


@pytest.mark.parametrize("extra", [None, {"a": [1]}, "text", 5])
def test_setup_takes_any_extra_params(server, extra):
    assert server.client.post("/setup", json={**SETUP, "extra_params": extra}).status_code == 200


def test_setup_is_remembered_and_the_token_is_readable_by_the_owner_only(server, tmp_path):
    server.client.post("/setup", json=SETUP)
    server.settle()
    file = tmp_path / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["ls-12"] == {
        "hostname": "http://localhost:8080",
        "access_token": "secret-token",
    }
    assert b"secret-token" not in (tmp_path / "backend.sqlite").read_bytes()
    assert server.services.projects.record("ls-12").label_config == "<View/>"


def test_versions(server):
    server.repository.put("ls-12", "v2")
    server.repository.put("ls-13", "w1")
    server.services.models._read_pointers()
    assert server.client.get("/versions").json() == {"versions": ["v1", "v2", "w1"]}
    assert server.client.get("/versions", params={"project": "13.5"}).json() == {"versions": ["w1"]}
    assert server.client.get("/versions", params={"project": "/"}).json() == {"versions": []}


def test_status_tells_models_jobs_and_the_last_error(server):
    server.trainings.listed.append(TrainingStatus("7", "ls-12", "failed", "fetch", 0.1, "No token."))
    server.client.post("/setup", json=SETUP)
    server.settle()
    server.services.models.get("ls-12", 20)
    status = server.client.get("/status").json()
    assert status["last_error"] == "No token."
    assert status["jobs"][0]["state"] == "failed"
    (project,) = status["projects"]
    assert (project["project"], project["model_version"], project["new_labels"]) == ("ls-12", "v1", 0)


def test_status_names_damaged_files(serve, repository):
    repository.put("ls-12", "v1")
    repository.damages["ls-12"] = ("v2 is damaged and not used.",)
    server = serve()
    server.services.models._read_pointers()
    status = server.client.get("/status").json()
    assert status["projects"][0]["damage"] == ["v2 is damaged and not used."]
    assert status["last_error"] == "v2 is damaged and not used."


def test_status_tells_the_data_set_as_the_last_round_saw_it(serve, repository):
    file = {
        "purpose": "dataset",
        "file_f1": 0.93,
        "file_interval": [0.91, 0.95],
        "people_share": 0.25,
        "hours_spent": 3.5,
        "hours_left": 1.25,
        "texts_left": 210,
        "target_f1": 0.95,
    }
    repository.put("ls-12", "v1")
    repository.put("ls-13", "v1")
    reports = {"ls-12": {**file, "number": 4, "advice": "Go on."}, "ls-13": {"file_f1": None}}
    status = serve(glances=lambda key: Glance(report=reports[key])).client.get("/status").json()
    (first, second) = status["projects"]
    assert first["file"] == file
    assert second["file"] is None


def test_the_last_report_is_that_of_the_last_finished_round_in_the_ledger(tmp_path):
    settings = Settings(data_dir=tmp_path)
    assert StoredGlances(settings)("ls-12") == Glance()
    assert not (tmp_path / "ls-12").exists()
    ledger = Ledger(tmp_path / "ls-12" / "ledger.sqlite")
    ledger.start_round()
    assert StoredGlances(settings)("ls-12").report == {}
    ledger.save_step(1, "done", report={"file_f1": 0.5})
    ledger.start_round()
    assert StoredGlances(settings)("ls-12").report["file_f1"] == 0.5
    (tmp_path / "ls-12" / "ledger.sqlite").write_bytes(b"no ledger at all" * 100)
    assert StoredGlances(settings)("ls-12") == Glance()


def event(action, number, task, **more):
    """A webhook of Label Studio, as far as it is read."""
    about = {"id": number, "task": task, "project": 12, "completed_by": 3, "lead_time": 9.5, **more}
    return {
        "action": action,
        "annotation": about,
        "project": {"id": 12, "title": "News"},
        "task": {"id": task},
    }


def test_status_counts_the_answers_of_the_open_batch_since_the_last_round(serve, repository, tmp_path):
    """The newcomers' fault: 40 texts were offered, 5 answered, and all that was said was 40."""
    ledger = Ledger(tmp_path / "data" / "ls-12" / "ledger.sqlite")
    texts = [Document(str(number), f"Text {number} of Ada") for number in range(50)]
    ledger.upsert_documents([texts[0].with_spans(()), *texts[1:]], "label-studio")
    ledger.start_round()
    ledger.record_offers(1, [(str(n), n, 0.5, "uncertain") for n in range(44)])  # the last four follow it
    ledger.save_step(1, "selected", draft={"batch": "al-001", "n_released": 40})
    repository.put("ls-12", "v1")
    server = serve(glances=StoredGlances(Settings(data_dir=tmp_path / "data")), trigger=TriggerConfig(0))
    (before,) = server.client.get("/status").json()["projects"]
    assert (before["title"], before["batch"]) == (None, {"name": "al-001", "size": 40, "answered": 1})

    for number in range(1, 5):
        server.client.post("/webhook", json=event("ANNOTATION_CREATED", number, number))
    server.client.post("/webhook", json=event("ANNOTATION_UPDATED", 9, 0))  # answered before: counts once
    server.client.post("/webhook", json=event("ANNOTATION_CREATED", 10, 42))  # of the next batch
    server.client.post("/webhook", json=event("ANNOTATION_CREATED", 11, 5, was_cancelled=True))
    server.settle()

    (after,) = server.client.get("/status").json()["projects"]
    assert (after["title"], after["batch"]) == ("News", {"name": "al-001", "size": 40, "answered": 5})
    assert ProjectState(tmp_path / "backend.sqlite").record("ls-12").title == "News"
    assert server.services.projects.labels("ls-12")[0] == NewLabel(1, 1, 3, 9.5)


def test_status_tells_why_a_training_started_and_when_it_ends(serve, tmp_path):
    settings, now = Settings(data_dir=tmp_path, folds=4), [1000.0]
    queue = JobQueue(tmp_path / "jobs.sqlite", clock=lambda: now[0])
    job = queue.submit("ls-12", "round", "200 new labels.")
    queue.begin(job.id)
    queue.progress(job.id, "train", 0.0)
    now[0] += 60.0
    queue.progress(job.id, "train", 0.5)
    context = ProjectContext(settings, "ls-12")
    running = queue.get(job.id)
    assert seconds_left_of(running, context, now[0]) == 60.0 + 4 * 120.0  # the training, then its folds
    ledger = Ledger(context.ledger_path)
    ledger.start_round()
    ledger.save_step(1, "done", report={"seconds": {"train": 99.0, "judge": 300.0, "release": 5.0}})
    assert seconds_left_of(running, context, now[0]) == 60.0 + 300.0 + 5.0
    queue.progress(job.id, "calibrate", None)
    now[0] += 100.0
    assert seconds_left_of(queue.get(job.id), context, now[0]) == 200.0 + 5.0
    (told,) = QueuedTrainings(queue, Supervisor(queue, ("true",)), settings).jobs()
    assert (told.reason, told.seconds_left) == ("200 new labels.", 5.0)  # by the clock of today it is overdue


def test_metrics_count_requests(server):
    server.client.get("/health")
    server.client.get("/nowhere")
    text = server.client.get("/metrics").text
    assert 'wapaganda_requests_total{path="/health",status="200"} 1.0' in text
    assert 'wapaganda_requests_total{path="other",status="404"} 1.0' in text


def test_a_path_with_a_parameter_is_counted_as_it_is_declared():
    app, telemetry = FastAPI(), Telemetry()
    app.get("/texts/{number}")(lambda number: number)
    client = TestClient(MetricsMiddleware(app, telemetry, frozenset({"/texts/{number}"})))
    assert [client.get(f"/texts/{number}").status_code for number in (1, 2)] == [200, 200]
    labels = {"path": "/texts/{number}", "status": "200"}
    assert telemetry.registry.get_sample_value("wapaganda_requests_total", labels) == 2.0


BAD_BODIES = [
    ("/predict", b"", 422),
    ("/predict", b"{", 422),
    ("/predict", b"[]", 422),
    ("/predict", b"null", 422),
    ("/predict", b"{}", 422),
    ("/predict", b'{"tasks": 5}', 422),
    ("/predict", b'{"tasks": {}}', 422),
    ("/predict", b'{"tasks": [], "label_config": 5}', 422),
    ("/predict", b'{"tasks": [], "project": [1]}', 422),
    ("/predict", b'{"tasks": "\xff\xfe"}', 400),
    ("/predict", b"[" * 100_000, 400),
    ("/predict", b'{"project": ' + b"9" * 5000 + b"}", 400),
    ("/setup", b"{}", 422),
    ("/setup", b'{"project": NaN}', 422),
    ("/setup", b'{"project": "\\ud800"}', 422),
    ("/setup", b'{"project": "../x"}', 422),
    ("/setup", b'{"project": "12.1", "hostname": 5}', 422),
    ("/webhook", b"[]", 422),
    ("/webhook", b"5", 422),
    ("/webhook", b'"START_TRAINING"', 422),
]


@pytest.mark.parametrize(("path", "body", "status"), BAD_BODIES)
def test_a_body_that_is_none_of_ours_gets_a_sentence(server, path, body, status):
    response = server.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert len(response.json()["error"]) > 10


def test_other_methods_and_paths_get_a_sentence(server):
    assert server.client.get("/predict").status_code == 405
    assert server.client.get("/predict").json() == {"error": "Method Not Allowed"}


@pytest.mark.parametrize("path", ["/predict", "/setup", "/webhook"])
def test_the_documentation_declares_the_refusals(server, path):
    responses = server.client.get("/openapi.json").json()["paths"][path]["post"]["responses"]
    assert {"200", "401", "413", "422"} <= set(responses)


class TestBasicAuth:
    @pytest.fixture
    def guarded(self, serve):
        return serve(basic_auth=("ls", "pässword"))

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/versions"),
            ("GET", "/metrics"),
            ("GET", "/status"),
            ("GET", "/docs"),
            ("GET", "/openapi.json"),
            ("GET", "/nowhere"),
            ("GET", "/health/"),
            ("POST", "/setup"),
            ("POST", "/predict"),
            ("POST", "/webhook"),
        ],
    )
    def test_everything_but_health_is_guarded(self, guarded, method, path):
        response = guarded.client.request(method, path, json={} if method == "POST" else None)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Basic")
        assert "BASIC_AUTH_USER" in response.json()["error"]

    def test_health_is_open(self, guarded):
        assert guarded.client.get("/health").status_code == 200

    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
    def test_the_right_pair_opens(self, guarded, encoding):
        pair = (b"ls", "pässword".encode(encoding))
        assert guarded.client.get("/versions", auth=pair).status_code == 200

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic bHM6",
            "Bearer bHM6cMOkc3N3b3Jk",
            "Basic bHM6cMOkc3N3b3JkeA==",
        ],
    )
    def test_anything_else_does_not(self, guarded, header):
        assert guarded.client.get("/versions", headers={"Authorization": header}).status_code == 401

    def test_refused_webhooks_are_counted_in_the_status(self, guarded):
        guarded.client.post("/webhook", json={"action": "ANNOTATION_CREATED"})
        status = guarded.client.get("/status", auth=("ls", "pässword".encode())).json()
        assert status["refused_webhooks"] == 1


class TestBodyLimit:
    def test_an_announced_body_over_the_limit(self, serve):
        server = serve(max_body_bytes=1000)
        response = server.client.post("/webhook", content=b"x" * 1001)
        assert response.status_code == 413
        assert "MAX_BODY_MB" in response.json()["error"]

    def test_a_chunked_body_over_the_limit(self, serve):
        server = serve(max_body_bytes=1000)
        response = server.client.post("/webhook", content=(b"x" * 100 for _ in range(11)))
        assert response.status_code == 413

    def test_a_chunked_body_within_the_limit(self, serve):
        server = serve(max_body_bytes=1000)
        parts = [b'{"action": "PROJECT', b'_UPDATED", "project": {"id": 12}}']
        response = server.client.post(
            "/webhook", content=iter(parts), headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 202
