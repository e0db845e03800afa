"""/setup: which address a token may go to, what is kept, and what a stranger cannot do with it."""

import json
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.ml_backend.training.credentials import Credentials, origin
from wapaganda.ml_backend.training.round_job import _refuse_unknown, label_studio_access
from wapaganda.settings import Settings

PROJECT = ProjectRef("ls-12", 12)
FIRST = {"project": "12.1795335716", "schema": "<View/>", "hostname": "http://studio:8080"}


def sent(server, **changes):
    response = server.client.post("/setup", json={**FIRST, "access_token": "first", **changes})
    server.settle()
    return response


@pytest.mark.parametrize(
    ("address", "used"),
    [
        ("", ""),
        ("http://studio:8080/", "http://studio:8080"),
        ("HTTP://Studio", "http://studio"),
        ("https://studio:443/label-studio/", "https://studio"),
        ("http://169.254.169.254/latest/meta-data/?x=", "http://169.254.169.254"),
        ("http://user:word@studio:8080#there", "http://studio:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
    ],
)
def test_scheme_host_and_port_are_used_and_nothing_else(server, address, used):
    assert sent(server, hostname=address).status_code == 200
    assert server.services.credentials.get(PROJECT) == Credentials(used, "first")


@pytest.mark.parametrize(
    "address",
    ["studio", "ftp://studio", "http://", "http://a b", "http://x:99999", "http://["],
)
def test_what_is_no_address_gets_a_sentence(server, address):
    body = json.dumps({**FIRST, "hostname": address})
    response = server.client.post("/setup", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert "http://localhost:8080" in response.json()["error"]


def test_another_address_later_is_refused_with_what_to_do(server):
    sent(server)
    refused = sent(server, hostname="http://evil.example", access_token="theirs")
    assert refused.status_code == 409
    assert "http://studio:8080" in refused.json()["error"]
    assert "LABEL_STUDIO_URL" in refused.json()["error"]
    assert server.services.credentials.get(PROJECT) == Credentials("http://studio:8080", "first")
    assert sent(server, project="13.1", hostname="http://other").status_code == 200


def test_two_first_addresses_at_the_same_time_leave_one(server):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: sent(server, hostname=f"http://studio-{n}"), range(8)))
    kept = server.services.credentials.get(PROJECT).hostname
    assert sent(server, hostname=kept).status_code == 200
    assert sent(server, hostname="http://studio-9").status_code == 409


def test_with_an_address_of_the_users_none_is_taken_and_none_is_refused(serve):
    server = serve(studio_is_set=True)
    for address in ("http://evil.example", "http://localhost:8080", "no address"):
        assert sent(server, hostname=address).status_code == 200
    assert server.services.credentials.get(PROJECT) == Credentials("", "first")
    settings = Settings(label_studio_url="http://studio/under/a/path")
    assert label_studio_access(settings, Credentials("", "first")) == ("http://studio/under/a/path", "first")


def test_an_empty_token_or_address_leaves_what_is_stored(server):
    sent(server)
    assert sent(server, access_token="", hostname="").status_code == 200
    assert server.services.credentials.get(PROJECT) == Credentials("http://studio:8080", "first")
    sent(server, access_token="second")
    assert server.services.credentials.get(PROJECT).access_token == "second"


def test_a_lone_surrogate_does_not_lose_the_set_up(server, caplog):
    body = json.dumps({**FIRST, "schema": "<View>\ud800</View>", "access_token": "first"})
    headers = {"Content-Type": "application/json"}
    assert server.client.post("/setup", content=body, headers=headers).status_code == 200
    server.settle()
    assert server.services.projects.record("ls-12").label_config == "<View>?</View>"
    assert server.services.credentials.get(PROJECT).access_token == "first"
    assert caplog.records == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("access_token", "a\r\nHost: x"), ("access_token", "x" * 5_000), ("schema", "x" * 1_000_001)],
)
def test_what_cannot_be_used_is_refused(serve, field, value):
    server = serve(max_body_bytes=5_000_000)
    assert sent(server, **{field: value}).status_code == 422
    assert server.services.projects.records() == ()


def test_made_up_projects_push_out_each_other_and_nobody_else(server, tmp_path):
    sent(server)
    event = {"action": "ANNOTATION_CREATED", "annotation": {"id": 1, "task": 2}, "project": {"id": 12}}
    server.client.post("/webhook", json=event)
    for number in range(1_000, 1_250):
        sent(server, project=f"{number}.1", access_token=f"token-{number}")
    projects = [each["project"] for each in server.client.get("/status").json()["projects"]]
    assert len(projects) == 101
    assert (projects[0], projects[-1]) == ("ls-12", "ls-1249")
    stored = json.loads((tmp_path / "credentials.json").read_text())
    assert set(stored) == set(projects)
    assert sorted(path.name for path in tmp_path.glob("ls-*")) == []


class Secretive(BaseHTTPRequestHandler):
    """A server that is none of Label Studio's and must not be read through the backend."""

    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"detail": "INTERNAL-SECRET", "key": "AKIA123"}')

    def log_message(self, *_):
        pass


def test_the_answer_of_another_server_is_never_shown():
    with HTTPServer(("127.0.0.1", 0), Secretive) as other, ThreadPoolExecutor(1) as pool:
        pool.submit(other.serve_forever, 0.05)
        try:
            address = origin(f"http://127.0.0.1:{other.server_port}/latest/meta-data/?x=")
            with pytest.raises(Exception, match="project 5") as caught:
                _refuse_unknown(5, label_studio_access(Settings(), Credentials(address, "0" * 40)))
        finally:
            other.shutdown()
    assert "SECRET" not in str(caught.value) + repr(caught.value.__cause__)
    assert Secretive.asked
    assert all(path.startswith("/api/projects/5/") for path in Secretive.asked)
