"""Changes come to those who watch, nobody else waits for them, and they end when the server does."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn

from wapaganda.ml_backend.composition import StoredFiles
from wapaganda.ml_backend.http_protocol import StreamEndingServer, TimedH11
from wapaganda.ml_backend.page import pages as live
from wapaganda.ml_backend.training.trigger import TrainingStatus
from wapaganda.model_store import ModelStore
from wapaganda.project_context import Standing


class Running:
    """A server of the application in a thread, on a real socket."""

    def __init__(self, app):
        config = uvicorn.Config(
            app, port=0, log_config=None, lifespan="off", http=TimedH11, timeout_graceful_shutdown=60
        )
        self.server = StreamEndingServer(config, app.state.pages.close)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def stop(self):
        self.server.should_exit = True
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture
def running(monkeypatch):
    """A function that puts an application on a socket; it looks for changes every hundredth of a second."""
    started = []

    def start(server):
        pages = server.client.app.state.pages
        pages._poll_seconds, pages._beat_seconds = 0.01, 0.05
        started.append(Running(server.client.app))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def watched(serve, repository, past, folders):
    past()
    repository.put("ls-12", "v0004-00000004")
    return serve(desk=StoredFiles(folders))


def events_of(lines):
    """Each event as (name, data); an empty name for a heartbeat."""
    event, data = "", []
    for line in lines:
        if line.startswith(":"):
            yield "", ""
        elif line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        elif not line and event:
            yield event, "\n".join(data)
            event, data = "", []


def state_of(page):
    return page.partition('data-state="')[2].partition('"')[0]


def test_an_event_comes_when_something_has_changed_and_only_then(watched, running, folders):
    url = f"{running(watched).url}/projects/ls-12"
    state = state_of(httpx.get(url).text)
    with httpx.stream("GET", f"{url}/events?state={state}", timeout=30) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = events_of(stream.iter_lines())
        assert [next(events) for _ in range(5)] == [("", "")] * 5
        job = TrainingStatus("7", "ls-12", "running", "train", 0.25, reason="200 new labels.")
        watched.trainings.listed[:] = [job]
        name, _ = next(each for each in events if each[0])
        assert name == "page"  # a training has begun: it stands in other parts, too
        watched.trainings.listed[:] = [TrainingStatus("7", "ls-12", "running", "train", 0.5)]
        name, part = next(each for each in events if each[0])
        assert (name, "50%" in part, "<h1>" in part) == ("now", True, False)
        watched.trainings.listed[:] = [TrainingStatus("7", "ls-12", "running", "train", 0.501)]
        assert [next(events) for _ in range(3)] == [("", "")] * 3
        ModelStore(folders.model_dir / "ls-12").rollback()
        assert next(each for each in events if each[0])[0] == "page"
    assert "live model: v0003-00000003" in httpx.get(url).text


def test_streams_end_when_the_server_stops(watched, running):
    server = running(watched)
    with (
        httpx.stream("GET", f"{server.url}/projects/ls-12/events", timeout=30) as one,
        httpx.stream("GET", f"{server.url}/events", timeout=30) as other,
    ):
        lines, others = one.iter_lines(), other.iter_lines()
        assert next(lines) == next(others) == "retry: 3000"
        server.stop()  # joins its thread, which would wait a minute for an open stream
        assert all(not line or line[0] in ":ied" for line in (*lines, *others))


def test_many_may_watch_without_a_thread_and_one_too_many_is_told_to_ask(watched, running, monkeypatch):
    watched.client.app.state.pages._places = 60
    url = f"{running(watched).url}/projects/ls-12/events"
    httpx.get(url.removesuffix("/events"))
    threads = threading.active_count()
    with httpx.Client(limits=httpx.Limits(max_connections=100), timeout=30) as client:
        open_ = [client.send(client.build_request("GET", url), stream=True) for _ in range(60)]
        assert [each.status_code for each in open_] == [200] * 60
        assert threading.active_count() <= threads + 1
        refused = client.get(url)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        for each in open_:
            each.close()
        deadline = time.monotonic() + 30
        while watched_by(watched):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with client.stream("GET", url) as again:
            assert again.status_code == 200


def watched_by(server):
    return sum(server.client.app.state.pages._watched.values())


def test_predictions_do_not_wait_for_a_page(serve, repository):
    gate, reading = threading.Event(), threading.Event()

    class Slow:
        def stamp(self, key):
            return None

        def standing(self, key):
            reading.set()
            assert gate.wait(30)
            return Standing()

    repository.put("ls-12", "v1")
    server = serve(desk=Slow())
    with ThreadPoolExecutor(8) as browsers:
        asked = [browsers.submit(server.client.get, "/projects/ls-12") for _ in range(8)]
        assert reading.wait(30)
        answer = server.predict([{"id": 1, "data": {"text": "Anna in Rome"}}])
        assert len(answer.json()["results"][0]["result"]) == 2
        assert server.client.get("/health").status_code == 200
        gate.set()
        assert [each.result(30).status_code for each in asked] == [200] * 8


def test_names_of_states_differ_with_what_they_name():
    both = {live._name(live.Stamp(now, rest)) for now in (1, 2) for rest in (1, 2)}
    assert len(both) == 4
