"""The launcher with programs that stand for Label Studio: one that dies, a deaf one, one that answers."""

import json
import sys
import time
from pathlib import Path

import psutil
import pytest

import label_studio_server
from label_studio_server import LabelStudioStartError

DIES = "import sys; print('no such module: django'); sys.exit(3)"
DEAF = "import time; print('I am busy', flush=True); time.sleep(60)"
ANSWERS = """
import http.server, json, os, pathlib, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(json.dumps({"status": "UP"}).encode())
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path("environment.json").write_text(json.dumps({**os.environ, "child": str(child.pid)}))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("-p") + 1])), Handler).serve_forever()
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "program"


def write(program: Path, code: str) -> None:
    source = program.with_suffix(".py")
    source.write_text(code)
    # Not by a line #!python: that bears no space in the path.
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{source}' \"$@\"\n")
    program.chmod(0o755)


def is_running(number: int) -> bool:
    """Whether it still is after five seconds; the dead whom nobody has fetched do not count."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if psutil.Process(number).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.05)
    return True


def test_a_server_that_dies_is_reported_with_its_log(program: Path, tmp_path: Path):
    write(program, DIES)
    with (
        pytest.raises(LabelStudioStartError, match=r"ended with 3\.\n(?s:.*)no such module: django"),
        label_studio_server._serve(program, tmp_path, 30, {}),
    ):
        pytest.fail("it should not have come up")


@pytest.mark.real
def test_a_server_that_does_not_answer_is_reported_and_stopped(program: Path, tmp_path: Path):
    write(program, DEAF)
    with (
        pytest.raises(LabelStudioStartError, match=r"no answer in 2 s\.\n(?s:.*)I am busy"),
        label_studio_server._serve(program, tmp_path, 2, {}),
    ):
        pytest.fail("it should not have come up")


def test_a_server_gets_a_clean_environment_and_is_ended_with_its_children(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOST", "https://elsewhere.example")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    write(program, ANSWERS)
    with label_studio_server._serve(program, tmp_path, 30, {"EXTRA": "1"}) as server:
        environment = (tmp_path / "environment.json").read_text()
        assert server.url.startswith("http://127.0.0.1:")
        assert '"EXTRA": "1"' in environment
        assert f'"LABEL_STUDIO_BASE_DATA_DIR": "{tmp_path}"' in environment
        assert "elsewhere" not in environment
        assert "proxy" not in environment
    processes = [server.pid, int(json.loads(environment)["child"])]
    assert not [number for number in processes if is_running(number)]
