"""The upload to the model hub, against a server on this machine that stands in for it."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wapaganda.dataset import ExportRequest, HubError, check_hub, export_dataset, push_to_hub
from wapaganda.ner import Document, Span

NAME = "ada/birds"


class HubStandIn(ThreadingHTTPServer):
    """Answers the calls that an upload makes, and remembers what it was sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), HubCalls)
        self.created, self.files, self.deleted, self.tokens = None, {}, [], set()
        self.is_private, self.held, self.refuses = None, [], False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class HubCalls(BaseHTTPRequestHandler):
    """One call to the stand-in."""

    def log_message(self, *_):
        """Stay quiet."""

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        hub = self.server
        if "/tree/" in self.path:
            held = [{"type": "file", "path": path, "size": 1, "oid": "0" * 40} for path in hub.held]
            return self.answer(held)
        return self.answer({"id": NAME, "private": hub.is_private, "sha": "0" * 40, "siblings": []})

    def do_POST(self):
        hub = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hub.tokens.add(self.headers.get("Authorization"))
        if hub.refuses:
            return self.answer({"error": "You are over quota"}, 403)
        if self.path == "/api/repos/create":
            hub.created = json.loads(body)
            made_private = hub.created.get("private", hub.created.get("visibility") == "private")
            hub.is_private = made_private if hub.is_private is None else hub.is_private
            return self.answer({"url": f"{hub.url}/datasets/{NAME}"})
        if self.path.endswith("/preupload/main"):
            files = [each["path"] for each in json.loads(body)["files"]]
            modes = [{"path": each, "uploadMode": "regular", "shouldIgnore": False} for each in files]
            return self.answer({"files": modes})
        if self.path.endswith("/commit/main"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    hub.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
                elif line["key"] == "deletedFile":
                    hub.deleted.append(line["value"]["path"])
            return self.answer({"commitUrl": f"{hub.url}/datasets/{NAME}/commit/1", "commitOid": "1" * 40})
        return self.answer({"errors": [], "warnings": []})


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    # The tests are offline; only this machine is called here.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    server = HubStandIn()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path):
    held = [Document(str(n), f"Ada wrote {n}", (Span(0, 3, "PER"),)) for n in range(4)]
    export_dataset(held, tmp_path / "set", ExportRequest(("jsonl", "parquet"), (1, 0, 0)))
    return tmp_path / "set"


def test_a_private_data_set_gets_the_files_of_the_export(hub, folder):
    hub.held = ["jsonl/test.jsonl", "LICENSE", "README.md"]
    address = push_to_hub(folder, NAME)
    assert address == f"{hub.url}/datasets/{NAME}"
    assert (hub.is_private, hub.created["type"]) == (True, "dataset")
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert (
        hub.files.keys()
        == names
        == {"README.md", "export.json", "jsonl/train.jsonl", "parquet/train.parquet"}
    )
    assert all(hub.files[name] == (folder / name).read_bytes() for name in names)
    assert hub.deleted == ["jsonl/test.jsonl"]  # of an earlier export; the licence is not ours
    assert hub.tokens == {"Bearer hf_of_a_test"}
    assert str(folder) not in hub.files["export.json"].decode()


def test_nothing_goes_into_a_public_data_set_without_saying_so(hub, folder):
    hub.is_private = False
    with pytest.raises(HubError, match="which everybody can read"):
        push_to_hub(folder, NAME)
    assert hub.files == {}
    push_to_hub(folder, NAME, public=True)
    assert "README.md" in hub.files


def test_a_hub_that_refuses_or_is_away_is_one_sentence(hub, folder, monkeypatch):
    hub.refuses, hub.is_private = True, True
    with pytest.raises(HubError, match=f"Expected the hub to take {NAME}, was: .*403") as caught:
        push_to_hub(folder, NAME)
    assert "The export is written" in caught.value.hint
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="Expected the hub to take"):
        push_to_hub(folder, NAME)


def test_name_and_token_are_checked_before_the_work(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    check_hub(NAME)
    for name in ("birds", "ada/birds/red", "ada/ "):
        with pytest.raises(ValueError, match="owner/name"):
            check_hub(name)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(ValueError, match="token of the hub"):
        check_hub(NAME)
