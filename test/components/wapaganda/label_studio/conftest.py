"""A client, fresh projects and a tiny ML backend for the tests against the real Label Studio."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from label_studio_server import LabelStudioServer
from wapaganda.annotation import default_label_config
from wapaganda.label_studio import LabelStudio

LABELS = ("LOC", "PER")
_numbers = itertools.count(1)


class Killed(BaseException):
    """The process dies here."""


class Mortal(httpx.HTTPTransport):
    """Dies at the write number ``last``: before it is sent, or after it has arrived."""

    def __init__(self, last: int, *, arrives: bool) -> None:
        super().__init__()
        self.left, self.arrives = last, arrives

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return super().handle_request(request)
        self.left -= 1
        if self.left == 0 and not self.arrives:
            raise Killed
        response = super().handle_request(request)
        if self.left == 0:
            raise Killed
        return response


@pytest.fixture
def run_killed(label_studio_server: LabelStudioServer) -> Callable[..., Any]:
    """Run ``work`` with its own client, which dies at the write ``last`` if that is given; the result, or
    ``None`` when it died."""

    def run(work: Callable[[LabelStudio], Any], last: int | None = None, *, arrives: bool = False) -> Any:
        transport = None if last is None else Mortal(last, arrives=arrives)
        with LabelStudio(label_studio_server.url, label_studio_server.token, transport=transport) as mortal:
            try:
                return work(mortal)
            except Killed:
                return None

    return run


@pytest.fixture(scope="session")
def client(label_studio_server: LabelStudioServer) -> Iterator[LabelStudio]:
    with LabelStudio(label_studio_server.url, label_studio_server.token) as client:
        yield client


@pytest.fixture
def project(client: LabelStudio) -> int:
    return client.create_project(f"test {next(_numbers)}", default_label_config(LABELS))


@dataclass
class Backend:
    """What a backend was asked: method, path, Authorization header, body."""

    url: str
    requests: list[tuple[str, str, str | None, dict]] = field(default_factory=list)

    def asked(self, path: str) -> list[tuple[str | None, dict]]:
        return [(auth, body) for _, asked, auth, body in self.requests if asked == path]


@pytest.fixture
def start_backend() -> Iterator[Callable[..., Backend]]:
    """Starts backends that answer every task with no entity and a very low score, which tempts a sampling."""
    servers: list[ThreadingHTTPServer] = []

    def start(model_version: str = "backend-1") -> Backend:
        backend = Backend("")

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("GET", {"status": "UP", "versions": [model_version]})

            def do_POST(self) -> None:
                self._answer("POST", {"model_version": model_version})

            def _answer(self, method: str, answer: dict) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
                backend.requests.append((method, self.path, self.headers.get("Authorization"), body))
                if self.path == "/predict":
                    one = {"result": [], "score": -1.0, "model_version": model_version}
                    answer = {"results": [one] * len(body["tasks"])}
                raw = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        backend.url = f"http://127.0.0.1:{server.server_port}"
        return backend

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
