"""A server on fakes: a tagger that knows some names, models in memory, a list for a job table."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from fastapi.testclient import TestClient

from wapaganda.ml_backend.app import create_app
from wapaganda.ml_backend.page.desk import Links
from wapaganda.ml_backend.prediction.predictor import Limits
from wapaganda.ml_backend.services import Effects, ServerOptions, Services
from wapaganda.ml_backend.training.credentials import CredentialFile
from wapaganda.ml_backend.training.project_state import ProjectState
from wapaganda.ml_backend.training.trigger import TrainingStatus, TriggerConfig
from wapaganda.ner import Span

CONFIG = (
    '<View><Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>'
    '<Text name="text" value="$text"/></View>'
)
NAMES = {"Anna": "PER", "Bob": "PER", "Rome": "LOC", "Acme": "ORG"}


@dataclass(frozen=True)
class FakeTagged:
    spans: tuple[Span, ...]
    log_probs: np.ndarray


class FakeTagger:
    """Finds the words of `NAMES`; fails on texts with `explode`; waits for `gate`; remembers its batches."""

    def __init__(self, names=NAMES):
        self.names = names
        self.gate = threading.Event()
        self.gate.set()
        self.called = threading.Event()
        self.batches: list[list[str]] = []

    def turns(self, texts):
        """One turn for each 1,000 characters; between two of them it yields."""
        self.called.set()
        for _ in range(sum(map(len, texts)) // 1000):
            assert self.gate.wait(30)
            yield
        assert self.gate.wait(30)
        self.batches.append(list(texts))
        return [self._tagged(text) for text in texts]

    def _tagged(self, text):
        if "explode" in text:
            raise RuntimeError("boom")
        found = (match for match in re.finditer(r"\w+", text) if match[0] in self.names)
        spans = tuple(Span(m.start(), m.end(), self.names[m[0]], 0.75) for m in found)
        return FakeTagged(spans, np.zeros((len(spans), 5), dtype=np.float32))


@dataclass
class FakeRepository:
    """Models in memory; `gate` holds up loads, versions in `broken` fail to load."""

    models: dict[str, dict[str, FakeTagger]] = field(default_factory=dict)
    pointers: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    damages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)
    loading: threading.Event = field(default_factory=threading.Event)
    loads: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self):
        self.gate.set()

    def put(self, project, version, tagger=None):
        self.models.setdefault(project, {})[version] = tagger or FakeTagger()
        self.pointers[project] = version

    def projects(self):
        return list(self.models)

    def current(self, project):
        if self.pointers.get(project) == "damaged":
            raise ValueError("Expected a pointer, was: rubbish")
        return self.pointers.get(project)

    def versions(self, project):
        return list(self.models[project])

    def damage(self, project):
        return self.damages.get(project, ())

    def load(self, project, version):
        self.loading.set()
        assert self.gate.wait(30)
        self.loads.append((project, version))
        if version in self.broken:
            raise OSError("half a file")
        return self.models[project][version]


@dataclass
class FakeTrainings:
    """Every submit, uncoalesced, and jobs to be listed; a job is running unless ``states`` says otherwise."""

    submitted: list[tuple[str, str, str, float]] = field(default_factory=list)
    listed: list[TrainingStatus] = field(default_factory=list)
    states: dict[str, str | None] = field(default_factory=dict)
    retried: list[str | None] = field(default_factory=list)
    cancelled: list[tuple[str, str]] = field(default_factory=list)

    def submit(self, project, kind, reason, debounce_seconds):
        self.submitted.append((project, kind, reason, debounce_seconds))
        return f"job-{len(self.submitted)}"

    def jobs(self):
        return self.listed

    def state(self, project, job):
        return self.states.get(job, "running")

    def cancel(self, project, job):
        self.cancelled.append((project, job))

    def retry_now(self, project=None):
        self.retried.append(project)


def fake_measure(log_probs):
    """A quarter uncertain."""
    return np.full(len(log_probs), 0.25)


@dataclass
class Server:
    """A running application and the fakes below it."""

    client: TestClient
    services: Services
    repository: FakeRepository
    trainings: FakeTrainings

    def predict(self, tasks, project="12.1795335716", label_config=CONFIG, **more):
        body = {"tasks": tasks, "project": project, "label_config": label_config, **more}
        return self.client.post("/predict", json=body)

    def settle(self):
        """Wait until every event so far is written down."""
        self.services.events._do(lambda: None).result(30)


@pytest.fixture
def repository() -> FakeRepository:
    return FakeRepository()


@pytest.fixture
def serve(tmp_path, repository) -> Iterator[Callable[..., Server]]:
    """A function that starts a server with other options than the defaults."""
    started = []

    def start(
        *,
        basic_auth=None,
        max_body_bytes=1_000_000,
        limits=None,
        trigger=None,
        studio_is_set=False,
        links=None,
        **effects,
    ):
        trainings = FakeTrainings()
        services = Services.of(
            Effects(repository, trainings, **({"measure": fake_measure} | effects)),
            ServerOptions(
                basic_auth,
                max_body_bytes,
                limits or Limits(load_seconds=20),
                trigger or TriggerConfig(3, 7.0),
                studio_is_set,
                links or Links(),
            ),
            ProjectState(tmp_path / "backend.sqlite"),
            CredentialFile(tmp_path / "credentials.json"),
        )
        client = TestClient(create_app(services))
        client.__enter__()
        started.append(client)
        return Server(client, services, repository, trainings)

    yield start
    for client in started:
        client.__exit__(None, None, None)


@pytest.fixture
def server(serve, repository) -> Server:
    """A server that has the model v1 for project 12."""
    repository.put("ls-12", "v1")
    return serve()


@pytest.fixture
def new_tagger() -> type[FakeTagger]:
    return FakeTagger


@pytest.fixture
def label_config() -> str:
    return CONFIG
