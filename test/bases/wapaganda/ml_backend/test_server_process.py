"""The real server process, a real if tiny model, and processes that die."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from wapaganda.model_store import Manifest, ModelStore
from wapaganda.tagger import ModelFolder

pytestmark = pytest.mark.slow

SERVER = """
import logging, sys
from wapaganda.ml_backend.cli import serve
from wapaganda.settings import Settings
settings = Settings()
queue = settings.data_dir.absolute() / "jobs.sqlite"
logging.basicConfig(level=logging.INFO)
command = (sys.executable, "round_job.py", str(queue))
sys.exit(serve(settings, "127.0.0.1", int(sys.argv[1]), command))
"""
SERVE_AS_USERS_DO = """
import sys
from wapaganda.ml_backend import main
sys.argv[1:] = ["--port", sys.argv[1]]
sys.exit(main())
"""
LABEL_CONFIG = (
    '<View><Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>'
    '<Text name="text" value="$text"/></View>'
)
CHILD = """
import sys, time
from pathlib import Path
from wapaganda.jobs import run_child
from wapaganda.model_store import Manifest, ModelStore

def tell(word):
    with open("log.txt", "a") as log:
        log.write(word + "\\n")

def work(job, progress):
    tell("begun")
    progress("train", 1, 2)
    while not Path("go").exists():
        time.sleep(0.02)
    store = ModelStore(Path("models") / job.project)
    version = store.publish(Path("trained"), Manifest(("PER", "LOC"), "tiny", "0" * 8, 3))
    store.promote(version.name)
    tell("ended")

sys.exit(run_child(Path(sys.argv[1]), int(sys.argv[2]), work))
"""


def until(condition, what: str, seconds: float = 90.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"Expected {what} within {seconds} s."
        time.sleep(0.05)
    return found


def make_model(folder: Path, seed: int) -> None:
    """A BERT of random weights over characters."""
    import torch
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    folder.mkdir(parents=True)
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{each}" for each in letters)]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    tokenizer = BertTokenizerFast(vocab_file=str(folder / "vocab.txt"))
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=5,
    )
    BertForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    ModelFolder(("PER", "LOC")).write(folder)


class Place:
    """A folder with a server of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""
        (folder / "round_job.py").write_text(CHILD)

    def start(self, program: str = SERVER) -> None:
        (self.folder / "server.py").write_text(program)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "TRAIN_AFTER_LABELS": "3",
            "TRAIN_DEBOUNCE_SECONDS": "0.2",
            "MODEL_DIR": "models",
            "DATA_DIR": "data",
            "DEVICE": "cpu",
            "LABEL_STUDIO_API_KEY": "",
        }
        with (self.folder / "server.log").open("ab") as log:
            command = [sys.executable, "server.py", str(port)]
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        until(self.is_up, "the server's /health")

    def is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "server.log").read_text()
        try:
            return httpx.get(f"{self.url}/health").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(60)

    def label(self, *tasks: int) -> None:
        for task in tasks:
            event = {
                "action": "ANNOTATION_CREATED",
                "annotation": {"id": task, "task": task, "was_cancelled": False},
                "project": {"id": 12},
            }
            assert httpx.post(f"{self.url}/webhook", json=event).status_code == 202

    def jobs(self) -> list[dict[str, object]]:
        return list(httpx.get(f"{self.url}/status").json()["jobs"])

    def log(self) -> list[str]:
        path = self.folder / "log.txt"
        return path.read_text().split() if path.exists() else []

    def child(self) -> int:
        from wapaganda.jobs import JobQueue

        queue = JobQueue(self.folder / "data" / "jobs.sqlite")
        return int(until(lambda: [job.process for job in queue.running() if job.process], "a child")[0])

    def predict(self, n: int = 1) -> list[dict[str, object]]:
        tasks = [{"id": i, "data": {"text": "anna met bob"}} for i in range(n)]
        body = {"tasks": tasks, "project": "12.1795335716", "label_config": LABEL_CONFIG}
        return list(httpx.post(f"{self.url}/predict", json=body, timeout=120).json()["results"])


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    make_model(tmp_path / "trained", 1)
    yield made
    (tmp_path / "go").touch()
    if made.process is not None and made.process.poll() is None:
        made.stop()


def test_a_training_outlives_the_server_that_started_it(place):
    place.start()
    assert place.predict()[0]["model_version"] == "untrained"
    place.label(1, 2, 3)
    until(lambda: place.log() == ["begun"], "a training")
    place.kill()
    place.start()
    assert [job["state"] for job in place.jobs()] == ["running"]
    (place.folder / "go").touch()
    until(lambda: [job["state"] for job in place.jobs()] == ["done"], "the end of the training")
    version = until(
        lambda: next((v for v in httpx.get(f"{place.url}/versions").json()["versions"]), None), "a version"
    )
    (answer,) = place.predict()
    assert answer["model_version"] == version, answer
    assert place.log() == ["begun", "ended"]


def test_a_training_killed_with_its_server_is_begun_again_and_ends_once(place):
    place.start()
    place.label(1, 2)
    place.kill()
    place.start()
    place.label(3)
    until(lambda: place.log() == ["begun"], "a training")
    child = place.child()
    place.kill()
    os.kill(child, signal.SIGKILL)
    place.start()
    until(lambda: place.log() == ["begun", "begun"], "the training again")
    (place.folder / "go").touch()
    until(lambda: [job["state"] for job in place.jobs()] == ["done"], "the end of the training")
    until(lambda: place.predict()[0]["model_version"] != "untrained", "the new model")
    assert place.log() == ["begun", "begun", "ended"]
    assert len(ModelStore(place.folder / "models" / "ls-12").versions()) == 1


def test_models_are_swapped_under_load_without_a_failed_or_mixed_answer(place):
    store = ModelStore(place.folder / "models" / "ls-12")
    names = []
    for seed in (1, 2, 3):
        make_model(place.folder / f"model-{seed}", seed)
        manifest = Manifest(("PER", "LOC"), "tiny", f"{seed}" * 8, 3)
        names.append(store.publish(place.folder / f"model-{seed}", manifest).name)
    store.promote(names[0])
    place.start()
    # In a fresh environment the first load of all may take longer than an answer waits for it.
    until(lambda: place.predict()[0]["model_version"] == names[0], "the first model", 240)
    seen: dict[str, set[str]] = {}
    for name in [names[0], names[1], names[2]]:
        store.promote(name)
        while name not in seen:
            results = place.predict(100)
            assert len(results) == 100
            (version,) = {str(item["model_version"]) for item in results}
            said = {json.dumps([item["result"], item["score"]]) for item in results}
            assert len(said) == 1
            seen.setdefault(version, set()).update(said)
    assert list(seen) == names
    assert all(len(said) == 1 for said in seen.values())
    assert place.stop() == -signal.SIGTERM
    assert "Application shutdown complete" in (place.folder / "server.log").read_text()


def test_a_storm_of_events_becomes_one_training_while_everything_is_answered(place):
    store = ModelStore(place.folder / "models" / "ls-12")
    live = store.publish(place.folder / "trained", Manifest(("PER", "LOC"), "tiny", "0" * 8, 3)).name
    store.promote(live)
    place.start()
    until(lambda: place.predict()[0]["model_version"] == live, "the model", 240)
    place.label(1, 2, 3)
    until(lambda: place.log() == ["begun"], "a training")

    stormed = threading.Event()
    events = [
        {
            "action": "ANNOTATION_CREATED",
            "annotation": {"id": task, "task": task, "was_cancelled": False},
            "project": {"id": 12, "num_tasks_with_annotations": task},
        }
        for task in range(4, 1004)
    ]

    def predicted(client):
        body = {"tasks": [{"data": {"text": "anna met bob"}}], "project": 12, "label_config": LABEL_CONFIG}
        response = client.post("/predict", json=body)
        assert response.json()["results"][0]["model_version"] == live
        return response.status_code

    def meanwhile(ask):
        """What was answered until the events were sent."""
        with httpx.Client(base_url=place.url, timeout=60) as client:
            seen = Counter([ask(client)])
            while not stormed.is_set():
                seen[ask(client)] += 1
        return seen

    with ThreadPoolExecutor(20) as threads, httpx.Client(base_url=place.url, timeout=60) as client:
        others = [threads.submit(meanwhile, predicted) for _ in range(2)]
        others += [
            threads.submit(meanwhile, lambda asked, path=path: asked.get(path).status_code)
            for path in ("/health", "/status")
        ]
        sent = threads.map(lambda event: client.post("/webhook", json=event).status_code, events)
        try:
            assert Counter(sent) == {202: 1000}
        finally:
            stormed.set()
        assert [set(each.result()) for each in others] == [{200}] * 4

    def new_labels():
        (project,) = httpx.get(f"{place.url}/status").json()["projects"]
        return project["new_labels"]

    until(lambda: new_labels() == 1003, "all labels")
    assert [job["state"] for job in place.jobs()] == ["queued", "running"]
    (place.folder / "go").touch()
    until(lambda: [job["state"] for job in place.jobs()] == ["done", "done"], "the end of both trainings")
    assert place.log() == ["begun", "ended", "begun", "ended"]
    assert new_labels() == 0


def test_a_training_without_a_token_ends_with_a_clear_error(place):
    place.start(SERVE_AS_USERS_DO)
    answer = httpx.post(
        f"{place.url}/webhook", json={"action": "START_TRAINING", "project": {"id": 12}}, timeout=30
    ).json()
    assert answer["job"] == str(place.jobs()[0]["id"])
    until(lambda: place.jobs()[0]["error"], "the end of the first attempt")
    assert "access token of Label Studio" in str(place.jobs()[0]["error"])
    assert "access token" in httpx.get(f"{place.url}/status").json()["last_error"]


def test_wrong_settings_are_an_error_and_nothing_is_served(tmp_path):
    command = [sys.executable, "-c", SERVE_AS_USERS_DO, "9090"]
    environment = {**os.environ, "MAX_BODY_MB": "-1"}
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("MAX_BODY_MB: Expected")
