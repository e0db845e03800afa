"""Builds the image of the ML backend with docker or podman, whichever is there, and tries it.

The container runs as in production: not as root, without capabilities, on a read-only root file system, with
volumes for models and data. It must answer /health and one /predict, pass its own health check and run
`selfish`; then it is stopped and its volumes are removed.

    python development/image.py [--engine podman] [--build-flag=--network=host] [--run-flag=--network=host]

BASE_IMAGE, TORCH, TORCH_INDEX_URL and TORCH_OTHERWISE of the environment are passed to the build (see the
Dockerfile).
Only the standard library is needed, so no set-up is necessary.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = "projects/ml_backend/Dockerfile"
# As in docker-compose.yml.
HELD_BACK = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")
BUILD_ARGUMENTS = ("BASE_IMAGE", "TORCH", "TORCH_INDEX_URL", "TORCH_OTHERWISE")
START_TIMEOUT = 120.0
REQUEST = {
    "tasks": [{"id": 1, "data": {"text": "Ada Lovelace met Charles Babbage in London."}}],
    "project": "1.1",
    "label_config": '<View><Labels name="label" toName="text"><Label value="PER"/></Labels>'
    '<Text name="text" value="$text"/></View>',
    "params": {"login": None, "password": None, "context": None},
}
# Runs inside the container, so the host needs neither curl nor a published port.
ASK = """
import sys, urllib.request as r
body = sys.argv[2].encode() or None
request = r.Request("http://127.0.0.1:9090" + sys.argv[1], body, {"Content-Type": "application/json"})
print(r.urlopen(request, timeout=60).read().decode())
"""


class ImageError(RuntimeError):
    """The image could not be built or does not work; the message says why."""


def works(engine: str) -> bool:
    """Whether the engine is installed and answers."""
    if not shutil.which(engine):
        return False
    return subprocess.run([engine, "info"], capture_output=True, check=False).returncode == 0


def find_engine(wanted: str | None) -> str:
    """The engine asked for, or the first of docker and podman that works.

    Raises:
        ImageError: none does.
    """
    candidates = [wanted] if wanted else ["docker", "podman"]
    for engine in candidates:
        if works(engine):
            return engine
    raise ImageError(
        f"Expected a working container engine, {' or '.join(candidates)}; none answered to `info`."
    )


def build(engine: str, image: str, flags: list[str]) -> None:
    """Builds the image from the repository's root, its output on the terminal.

    Raises:
        ImageError: the build failed.
    """
    given = [f"--build-arg={name}={os.environ[name]}" for name in BUILD_ARGUMENTS if name in os.environ]
    # podman's own format has no HEALTHCHECK.
    form = ["--format=docker"] if engine == "podman" else []
    command = [engine, "build", *form, *given, *flags, "--file", DOCKERFILE, "--tag", image, "."]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise ImageError(f"{engine} could not build {DOCKERFILE}; its output is above.")


def ask(engine: str, container: str, path: str, body: str = "") -> str | None:
    """The answer of the backend in the container, None while it does not answer."""
    command = [engine, "exec", container, "python", "-c", ASK, path, body]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout if answer.returncode == 0 else None


def runs(engine: str, container: str) -> bool:
    """Whether the container is still up."""
    command = [engine, "inspect", "--format", "{{.State.Running}}", container]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "true"


def wait_for_health(engine: str, container: str) -> float:
    """Seconds until /health answered.

    Raises:
        ImageError: it did not within two minutes, or the container ended; with the end of its log.
    """
    started = time.monotonic()
    while time.monotonic() < started + START_TIMEOUT and runs(engine, container):
        if ask(engine, container, "/health") is not None:
            return time.monotonic() - started
        time.sleep(1)
    logs = subprocess.run([engine, "logs", container], capture_output=True, text=True, check=False)
    end = (logs.stdout + logs.stderr)[-3000:]
    raise ImageError(f"/health did not answer for {time.monotonic() - started:.0f} s.\n{end}")


def check_prediction(engine: str, container: str) -> str:
    """The answer to one /predict, checked for one result to one task.

    Raises:
        ImageError: the answer is missing or of another shape.
    """
    answer = ask(engine, container, "/predict", json.dumps(REQUEST))
    results = json.loads(answer).get("results", []) if answer else []
    if len(results) != 1 or "result" not in results[0]:
        raise ImageError(f"Expected one result to one task from /predict, was: {answer}")
    return str(answer).strip()


def check_health_check(engine: str, container: str) -> None:
    """Runs the health check of the image as its engine would.

    Raises:
        ImageError: the image has none, or it fails.
    """
    inspect = [engine, "inspect", "--format", "{{json .Config.Healthcheck}}", container]
    answer = subprocess.run(inspect, capture_output=True, text=True, check=False)
    kind, *command = (json.loads(answer.stdout or "null") or {}).get("Test") or ["NONE"]
    if kind != "CMD":
        raise ImageError(
            f"Expected a health check that is a command in the image, was: {answer.stdout.strip()}"
        )
    tried = subprocess.run([engine, "exec", container, *command], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise ImageError(f"The health check of the image failed: {(tried.stdout + tried.stderr)[-2000:]}")


def check_command(engine: str, container: str) -> str:
    """The version of the command ``selfish`` in the container, which must read the data of the backend.

    Raises:
        ImageError: it does not run, or not on this data.
    """
    said = []
    for arguments in (["--version"], ["jobs", "list", "--json"]):
        command = [engine, "exec", container, "selfish", *arguments]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            raise ImageError(
                f"selfish {' '.join(arguments)} failed: {(answer.stdout + answer.stderr)[-2000:]}"
            )
        said.append(answer.stdout.strip())
    if "jobs" not in json.loads(said[1]):
        raise ImageError(f"Expected the jobs of the backend, was: {said[1]}")
    return said[0]


def try_image(engine: str, image: str, flags: list[str]) -> None:
    """Runs the image as in production and asks it.

    Raises:
        ImageError: the container does not start or does not answer as it should.
    """
    name = f"wapaganda-try-{os.getpid()}"
    volumes = [f"--volume={name}-{folder}:/{folder}" for folder in ("models", "data")]
    run = [engine, "run", "--detach", "--name", name, *HELD_BACK, *volumes, *flags, image]
    try:
        if subprocess.run(run, stdout=subprocess.DEVNULL, check=False).returncode:
            raise ImageError(f"{engine} could not start a container of {image}; its output is above.")
        print(f"/health answered after {wait_for_health(engine, name):.1f} s")
        check_health_check(engine, name)
        print("The image's own health check passed")
        print(f"/predict answered {check_prediction(engine, name)}")
        print(f"{check_command(engine, name)} runs in the container")
    finally:
        subprocess.run([engine, "rm", "--force", name], capture_output=True, check=False)
        subprocess.run(
            [engine, "volume", "rm", f"{name}-models", f"{name}-data"], capture_output=True, check=False
        )


def main() -> None:
    """Builds and tries the image."""
    parser = argparse.ArgumentParser(description="Build the image of the ML backend and try it.")
    parser.add_argument("--engine", help="docker or podman; the first that works without it")
    parser.add_argument("--image", default="wapaganda-ml-backend")
    parser.add_argument("--build-flag", action="append", default=[], help="passed to the engine's build")
    parser.add_argument("--run-flag", action="append", default=[], help="passed to the engine's run")
    parser.add_argument("--no-build", action="store_true", help="try the image that is there")
    options = parser.parse_args()
    try:
        engine = find_engine(options.engine)
        if not options.no_build:
            print(
                f"Building {options.image} with {engine} (about 5 minutes; torch is the largest part)",
                flush=True,
            )
            build(engine, options.image, options.build_flag)
        try_image(engine, options.image, options.run_flag)
    except ImageError as error:
        sys.exit(str(error))
    print(f"{options.image} works.")


if __name__ == "__main__":
    main()
