"""`make image` with an engine made of a few lines of shell: what it asks for, and how it fails."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ANSWER = '{"results": [{"result": [], "score": 0.0}]}'
ENGINE = """#!/bin/sh
echo "$@" >> "{log}"
case "$1" in
  build) exit {build} ;;
  inspect) case "$*" in
    *Healthcheck*) echo '{check}' ;;
    *) echo {running} ;; esac ;;
  logs) echo "the log of the container" ;;
  exec) case "$*" in
    */predict*) echo '{answer}' ;;
    *" look") exit {look} ;;
    *"selfish --version") echo "selfish 0.2.0"; exit {selfish} ;;
    *"selfish jobs list --json") echo '{jobs}' ;;
    *) echo '{{"status": "UP"}}' ;; esac ;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path):
    """Makes a fake podman that gives the prepared answers and records the calls."""

    def make(**given: object) -> Path:
        answers = {"build": 0, "running": "true", "answer": ANSWER, "selfish": 0, "jobs": '{"jobs": []}'}
        answers |= {"check": '{"Test": ["CMD", "look"]}', "look": 0}
        script = tmp_path / "podman"
        script.write_text(ENGINE.format(log=tmp_path / "calls", **answers | given))
        script.chmod(0o755)
        return tmp_path

    return make


def make_image(path: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "development/image.py"), *options]
    env = {"PATH": f"{path}:/bin:/usr/bin", **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def calls(path: Path, verb: str) -> list[str]:
    return [line for line in (path / "calls").read_text().splitlines() if line.startswith(verb)]


def test_the_image_is_built_tried_and_cleared_away(engine):
    path = engine()
    outcome = make_image(
        path, "--engine", "podman", BASE_IMAGE="a:b", TORCH="torch==9.9", TORCH_INDEX_URL="http://localhost/x"
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "wapaganda-ml-backend works." in outcome.stdout
    (build,) = calls(path, "build")
    assert "--format=docker" in build
    assert "--build-arg=BASE_IMAGE=a:b --build-arg=TORCH=torch==9.9" in build
    assert "--build-arg=TORCH_INDEX_URL=http://localhost/x" in build
    (run,) = calls(path, "run")
    assert "--read-only --tmpfs=/tmp --cap-drop=ALL --security-opt=no-new-privileges" in run
    assert len(calls(path, "rm --force")) == len(calls(path, "volume rm")) == 1


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"build": 1}, "could not build"),
        ({"running": "false"}, "the log of the container"),
        ({"answer": '{"results": []}'}, "Expected one result to one task"),
        ({"answer": '{"results": [{}, {}]}'}, "Expected one result to one task"),
        ({"check": "null"}, "Expected a health check"),
        ({"look": 1}, "The health check of the image failed"),
        ({"selfish": 127}, "selfish --version failed"),
        ({"jobs": '{"error": {}}'}, "Expected the jobs of the backend"),
    ],
    ids=[
        "build fails",
        "container ends",
        "no result",
        "two results",
        "no check",
        "check fails",
        "no command",
        "no jobs",
    ],
)
def test_a_fault_is_reported_and_nothing_is_left(engine, fault, message):
    path = engine(**fault)
    outcome = make_image(path, "--engine", "podman")
    assert outcome.returncode == 1
    assert message in outcome.stderr
    assert "works" not in outcome.stdout
    assert len(calls(path, "rm --force")) == len(calls(path, "run"))


def test_a_machine_without_an_engine_is_reported(tmp_path: Path):
    outcome = make_image(tmp_path, "--engine", "no-such-engine")
    assert outcome.returncode == 1
    assert "Expected a working container engine, no-such-engine" in outcome.stderr
