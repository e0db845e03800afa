"""A proxy in front of a real Label Studio that answers wrongly on demand, for tests and benches."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

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
