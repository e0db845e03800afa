"""Rounds of the ML backend on a real Label Studio behind a proxy that fails: they go on by themselves."""

import errno
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from wapaganda.annotation import default_label_config
from wapaganda.jobs import JobQueue, State, child, run_child
from wapaganda.label_studio import client as client_module
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.release import predictions_of
from wapaganda.ledger import Ledger
from wapaganda.ml_backend.training import round_job
from wapaganda.ner import Document, Span
from wapaganda.project_context import jobs_path
from wapaganda.settings import Settings
from wapaganda.storage import atomic

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]

TEXT = "anna went to rome ."
SPANS = (Span(0, 4, "NAME"), Span(13, 17, "CITY"))
Fault = Callable[["Exchange"], None]
Where = Callable[[str, str], bool]
_SKIPPED = {"connection", "transfer-encoding", "content-encoding", "content-length", "host"}


def everywhere(method: str, path: str) -> bool:
    """Every request."""
    return True


@dataclass
class Exchange:
    """A request and what is answered to it; ``sent``: how many bytes of the body, ``None``: all."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes
    sent: int | None = None

    def answer(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        """Answer this instead."""
        self.status, self.body = status, body
        self.headers = {"Content-Type": kind} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }


@dataclass
class FaultProxy:
    """Forwards to ``target``. ``fault`` changes the answers to the requests ``where``; a request that must
    not arrive is not forwarded while ``lost``."""

    target: str
    fault: Fault | None = None
    where: Where = everywhere
    lost: bool = True
    hits: int = 0
    _server: ThreadingHTTPServer | None = None
    _port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Its address, the same after every start."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, as a server does that is being restarted."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def heal(self) -> None:
        """Answer rightly from now on."""
        self.fault, self.where = None, everywhere
        if self._server is None:
            self.start()

    def exchange(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Exchange:
        """What is answered to one request."""
        is_hit = self.fault is not None and self.where(method, path)
        found = Exchange(method, path, 200, {}, b"")
        if not (is_hit and self.lost and method != "GET"):
            kept = {name: value for name, value in headers.items() if name.lower() not in _SKIPPED}
            answer = httpx.request(method, self.target + path, headers=kept, content=body, timeout=300)
            found.status, found.body = answer.status_code, answer.content
            found.headers = {
                name: value for name, value in answer.headers.items() if name.lower() not in _SKIPPED
            }
        if is_hit and self.fault is not None:
            with self._lock:
                self.hits += 1
            self.fault(found)
        return found


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A proxy that runs until the block ends."""
    proxy = FaultProxy(target)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = proxy.exchange(self.command, self.path, dict(self.headers.items()), body)
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body[: found.sent])
            if found.sent is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    for verb in ("GET", "POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{verb}", Handler._pass_on)
    return Handler


def is_tasks(method, path):
    return path.startswith("/api/tasks")


def is_release(method, path):
    return path.endswith("/import/predictions")


def away(proxy):
    proxy.stop()


def answers(status, body=b'{"detail": "No."}', kind="application/json", **headers):
    def set_up(proxy):
        proxy.fault = lambda exchange: exchange.answer(status, body, kind, **headers)

    return set_up


def half(proxy):
    def cut(exchange):
        exchange.sent = len(exchange.body) // 2

    proxy.fault = cut


# The fault, what it hits, and the pause before the next attempt; None: a growing one.
PASSING = {
    "away": (away, everywhere, None),
    "401": (answers(401), everywhere, 3600),
    "403": (answers(403), is_tasks, 3600),
    "429 for two hours": (answers(429, Retry_After="7300"), everywhere, 7300),
    "500": (answers(500), everywhere, None),
    "503": (answers(503), is_tasks, None),
    "a redirect": (answers(302, b"", Location="https://elsewhere/"), everywhere, None),
    "a page": (answers(200, b"<p>Log in", "text/html"), everywhere, None),
    "null": (answers(200, b"null"), is_tasks, None),
    "other JSON": (answers(200, b'{"hello": 1}'), is_tasks, None),
    "other JSON of a project": (answers(200, b'{"hello": 1}'), everywhere, None),
    "cut JSON": (answers(200, b'{"tasks": [{"id"'), is_tasks, None),
    "half a page": (half, is_tasks, None),
    "500 at the release": (answers(500), is_release, None),
    "502 at the release": (answers(502), is_release, None),
    "a page at the release": (answers(200, b"<p>Log in", "text/html"), is_release, None),
    "other JSON at the release": (answers(200, b'{"hello": 1}'), is_release, None),
    "401 at the release": (answers(401), is_release, 3600),
}
LASTING = {
    "404": (answers(404), everywhere),
    "400 at the release": (answers(400), is_release),
}


class Backend:
    """The job table and the training process of a backend, whose clock the test moves."""

    def __init__(self, proxy, monkeypatch):
        self.proxy, self.later = proxy, 0.0
        on_time = partial(JobQueue, clock=lambda: time.time() + self.later)
        monkeypatch.setattr(child, "JobQueue", on_time)
        self.queue = on_time(jobs_path(Settings()))

    def attempt(self):
        """What the supervisor does with the job that is due."""
        (due,) = self.queue.due()
        assert self.queue.begin(due.id)
        run_child(self.queue.path, due.id, round_job.work)
        return self.queue.get(due.id)


@pytest.fixture
def studio(label_studio_server):
    with client_module.LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        yield studio


@pytest.fixture
def project(studio):
    number = studio.create_project("faults", default_label_config(["CITY", "NAME"]))
    studio.import_documents(number, [Document(f"l{n}", TEXT, SPANS) for n in range(6)])
    studio.import_documents(number, [Document(f"u{n}", f"bob saw {'anna ' * n}.") for n in range(8)])
    return number


@pytest.fixture
def backend(label_studio_server, small_encoder, monkeypatch, tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with fault_proxy(label_studio_server.url) as proxy:
        values = {
            "LABEL_STUDIO_URL": proxy.url,
            "LABEL_STUDIO_API_KEY": label_studio_server.token,
            "BASELINE_MODEL_NAME": small_encoder,
            "MODEL_DIR": str(tmp_path / "models"),
            "DATA_DIR": str(tmp_path / "data"),
            "TRAIN_STEPS": "3",
            "FOLDS": "0",
            "RECIPE_SEARCH": "false",
            "SAMPLES_PER_ITERATION": "3",
            "THREADS": "1",
        }
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(round_job, "_mirror", lambda context, progress: None)
        patient = partial(client_module.LabelStudio, sleep=lambda seconds: None)
        monkeypatch.setattr(client_module, "LabelStudio", patient)
        yield Backend(proxy, monkeypatch)
    signal.signal(signal.SIGTERM, before)


def assert_whole(studio, project, tmp_path, batches):
    """The ledger has the labels of Label Studio, and no task has two predictions of one batch."""
    ledger = Ledger(tmp_path / "data" / f"ls-{project}" / "ledger.sqlite")
    there = {each.id: set(each.spans) for each in studio.fetch(project).documents if each.is_labelled}
    assert {each.id: set(each.spans) for each in ledger.documents(labelled=True)} == there
    versions = studio.versions(project)
    assert len(versions) == batches
    for version in versions:
        counts = predictions_of(studio._connection, project, version)
        assert set(counts.values()) == {1}
    assert studio.project(project).model_version == max(versions)
    return there


def test_every_fault_that_passes_is_outlived_by_the_same_job(studio, project, backend, tmp_path):
    job = backend.queue.submit(f"ls-{project}", "round", "3 new labels.")
    for name, (set_up, where, pause) in PASSING.items():
        set_up(backend.proxy)
        backend.proxy.where = where
        found = backend.attempt()
        assert (found.id, found.state, found.waits_to_retry) == (job.id, State.QUEUED, True), name
        growing = [30, 120, 600, 3600][min(found.retries, 4) - 1]
        assert found.not_before - found.queued_at == pytest.approx(pause or growing, abs=1), name
        assert backend.queue.due() == [], name
        backend.proxy.heal()
        backend.later += found.not_before - found.queued_at + 5
    assert backend.attempt().state is State.DONE
    assert len(assert_whole(studio, project, tmp_path, batches=1)) == 6


def test_a_label_studio_that_is_back_after_forty_seconds_goes_unnoticed(studio, project, backend, tmp_path):
    """It goes away in the middle of the round; somebody has labelled before it, too."""
    backend.queue.submit(f"ls-{project}", "round", "3 new labels.")
    assert backend.attempt().state is State.DONE
    task = studio.next_document(project)
    studio.annotate(project, int(task.id), task.text, [Span(0, 3, "NAME")])
    job = backend.queue.submit(f"ls-{project}", "round", "1 new labels.")
    seen = Counter()

    def lose_the_third_page(exchange):
        seen[exchange.path.partition("?")[0]] += 1
        if sum(seen.values()) == 3:
            exchange.sent = 0
            backend.proxy.fault = lambda later: setattr(later, "sent", 0)

    backend.proxy.fault = lose_the_third_page
    assert backend.attempt().waits_to_retry
    backend.proxy.stop()
    backend.later += 31
    assert backend.attempt().waits_to_retry
    backend.proxy.heal()
    backend.later += 121
    assert backend.attempt().state is State.DONE
    labels = assert_whole(studio, project, tmp_path, batches=2)
    assert labels[task.id] == {Span(0, 3, "NAME")}
    assert backend.queue.get(job.id).retries == 2


def test_a_fault_that_lasts_fails_and_the_next_training_is_done(studio, project, backend, tmp_path):
    for name, (set_up, where) in LASTING.items():
        backend.queue.submit(f"ls-{project}", "round", "3 new labels.")
        set_up(backend.proxy)
        backend.proxy.where = where
        assert backend.attempt().state is State.FAILED, name
        backend.proxy.heal()
    backend.queue.submit(f"ls-{project}", "round", "4 new labels.")
    assert backend.attempt().state is State.DONE
    assert_whole(studio, project, tmp_path, batches=1)


def test_a_full_disk_is_waited_for(studio, project, backend, tmp_path, monkeypatch):
    job = backend.queue.submit(f"ls-{project}", "round", "3 new labels.")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(atomic.os, "fsync", full)
        found = backend.attempt()
    assert (found.id, found.waits_to_retry) == (job.id, True)
    assert "Expected room on the disk for" in found.error
    backend.later += 31
    assert backend.attempt().state is State.DONE
    assert_whole(studio, project, tmp_path, batches=1)


def test_a_task_that_is_deleted_just_before_the_release_is_left_out(
    studio, project, backend, tmp_path, label_studio_server
):
    backend.queue.submit(f"ls-{project}", "round", "3 new labels.")
    direct = Connection(label_studio_server.url, label_studio_server.token)
    deleted = []
    original = backend.proxy.exchange

    def delete_first(method, path, headers, body):
        if is_release(method, path) and not deleted:
            deleted.append(json.loads(body)[0]["task"])
            direct.once(direct.sdk.tasks.delete, deleted[0])
        return original(method, path, headers, body)

    backend.proxy.exchange = delete_first
    assert backend.attempt().state is State.DONE
    direct.close()
    (version,) = studio.versions(project)
    counts = predictions_of(studio._connection, project, version)
    assert deleted
    assert deleted[0] not in counts
    assert set(counts.values()) == {1}
