"""What strangers can do at the door: wrong passwords, half requests, two lengths, another host's name."""

import base64
import itertools
import socket
import threading
import time

import pytest
import uvicorn
from fastapi.testclient import TestClient

from wapaganda.ml_backend import http_protocol
from wapaganda.ml_backend.middleware.body_limit import BodyLimit
from wapaganda.ml_backend.middleware.wrong_logins import WrongLogins

RIGHT = ("ls", "right")


def from_address(server, address):
    return TestClient(server.client.app, client=(address, 50000))


class TestWrongLogins:
    @pytest.fixture
    def guarded(self, serve):
        return serve(basic_auth=RIGHT)

    def test_after_five_different_ones_an_address_waits_and_no_other_does(self, guarded):
        bad = from_address(guarded, "192.0.2.1")
        assert [bad.get("/status", auth=("ls", f"try-{n}")).status_code for n in range(5)] == [401] * 5
        refused = bad.get("/status", auth=("ls", "try-5"))
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert bad.get("/status", auth=RIGHT).status_code == 429, "a right guess is not told apart"
        assert bad.get("/health").status_code == 200
        assert from_address(guarded, "192.0.2.2").get("/status", auth=RIGHT).status_code == 200

    def test_a_program_with_an_old_password_or_none_is_not_locked_out(self, guarded):
        studio = from_address(guarded, "192.0.2.3")
        for _ in range(20):
            assert studio.post("/webhook", json={}, auth=("ls", "old")).status_code == 401
            assert studio.post("/webhook", json={}).status_code == 401
            assert studio.get("/status", auth=RIGHT).status_code == 200

    def test_the_wait_doubles_up_to_a_minute_and_is_forgotten(self):
        now = [0.0]
        wrong = WrongLogins(lambda: now[0])
        waits = []
        for n in range(14):
            wrong.wrong("192.0.2.1", b"%d" % n)
            waits.append(wrong.wait("192.0.2.1"))
            now[0] += waits[-1]
        assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
        now[0] += 901
        wrong.wrong("192.0.2.1", b"another")
        assert wrong.wait("192.0.2.1") == 0

    def test_the_memory_is_bounded_and_a_network_is_one_address(self):
        wrong = WrongLogins(lambda: 1000.0)
        for n in range(6):
            wrong.wrong(f"2001:db8::{n:x}", b"%d" % n)
        assert wrong.wait("2001:db8::ffff") > 0
        assert wrong.wait("2001:db8:0:1::1") == 0
        for n in range(10_050):
            wrong.wrong(f"10.0.{n // 256}.{n % 256}", b"x")
        assert len(wrong._records) == 10_000


def test_no_address_is_made_of_the_host_header(server):
    response = server.client.post(
        "/predict/", json={}, headers={"Host": "evil.example"}, follow_redirects=False
    )
    assert response.status_code == 404
    assert "evil" not in response.text + str(response.headers)


def dripped(connection, byte):
    """Send one byte; whether the other side still takes any."""
    time.sleep(0.02)
    try:
        connection.sendall(byte)
    except OSError:
        return False
    return True


class TestSockets:
    """A real server on a real socket, with short time limits."""

    @pytest.fixture
    def port(self, serve, monkeypatch):
        monkeypatch.setattr(http_protocol, "HEADER_SECONDS", 0.5)
        monkeypatch.setattr(BodyLimit.__init__, "__defaults__", (0.5,))
        app = serve(basic_auth=RIGHT).client.app
        config = uvicorn.Config(
            app, port=0, log_config=None, lifespan="off", http=http_protocol.TimedH11, timeout_keep_alive=30
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
        server.should_exit = True
        thread.join(30)

    def answer(self, port, *parts, pause=0.0):
        """Everything that the server says before it closes the connection."""
        with socket.create_connection(("127.0.0.1", port), timeout=30) as sent:
            for part in parts:
                sent.sendall(part)
                time.sleep(pause)
            said = b""
            while more := sent.recv(65536):
                said += more
            return said

    def head(self, *lines, auth=True):
        word = base64.b64encode(b"ls:right").decode()
        known = ["POST /webhook HTTP/1.1", "Host: x", *([f"Authorization: Basic {word}"] if auth else [])]
        return "\r\n".join([*known, "Content-Type: application/json", *lines, "", ""]).encode()

    def test_half_a_header_is_closed_however_slowly_it_grows(self, port):
        assert self.answer(port) == b""
        assert self.answer(port, b"GET /health HTTP/1.1\r\nHo") == b""
        with socket.create_connection(("127.0.0.1", port), timeout=30) as drip:
            sent = list(itertools.takewhile(lambda n: dripped(drip, b"X"), range(500)))
        assert len(sent) < 500

    def test_half_a_body_gets_408_and_is_closed(self, port):
        said = self.answer(port, self.head("Content-Length: 100") + b'{"action"')
        assert said.startswith(b"HTTP/1.1 408")
        assert b"0.5 s" in said

    def test_a_refused_request_does_not_keep_its_connection(self, port):
        said = self.answer(port, self.head("Content-Length: 100", auth=False) + b'{"action"')
        assert said.startswith(b"HTTP/1.1 401")

    def test_two_lengths_are_refused_and_what_follows_is_no_request(self, port):
        both = self.head("Content-Length: 4", "Transfer-Encoding: chunked")
        said = self.answer(port, both + b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 400")
        assert b"Transfer-Encoding" in said
        assert said.count(b"HTTP/1.1") == 1

    def test_an_idle_connection_is_kept_for_the_next_request(self, port):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as kept:
            for pause in (0.0, 1.2):
                time.sleep(pause)
                kept.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                said = b""
                while not said.endswith(b"}"):
                    said += kept.recv(65536)
                assert b"200 OK" in said
