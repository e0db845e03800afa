"""The three services together in containers; needs docker and the images."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NO_PORTS = "services:\n" + "".join(
    f"  {name}:\n    ports: !reset []\n" for name in ("label-studio", "ml-backend", "mlflow")
)
BACKEND = "http://ml-backend.internal:9090"

Compose = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(secrets: dict[str, str], tmp_path: Path) -> Iterator[Compose]:
    """Compose with a project of its own, without ports; its containers and volumes are removed at the end.

    The images take several GB, so they are neither built nor fetched here.
    """
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        pytest.skip("No container engine: `docker info` fails.")
    (tmp_path / "no-ports.yml").write_text(NO_PORTS)
    program = str(Path(sys.executable).parent / "docker-compose")
    files = ["--file", "docker-compose.yml", "--file", str(tmp_path / "no-ports.yml")]
    name = f"wapaganda-{uuid.uuid4().hex[:8]}"
    base = [program, "--project-name", name, "--env-file", os.devnull, *files]

    def compose(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*base, *command], cwd=ROOT, env=os.environ | secrets, capture_output=True, text=True, check=False
        )

    for image in compose("config", "--images").stdout.split():
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode:
            pytest.skip(f"No image {image}: docker compose build && docker compose pull label-studio")
    yield compose
    compose("down", "--volumes", "--timeout", "30")


@pytest.mark.slow
@pytest.mark.label_studio
def test_the_three_services_start_and_see_each_other(project: Compose):
    up = project("up", "--detach", "--no-build", "--wait", "--wait-timeout", "600")
    # Compose of the package index exits with 0 whatever happens, so the services themselves are asked.
    running = set(project("ps", "--services", "--status", "running").stdout.split())
    assert running == {"label-studio", "ml-backend", "mlflow"}, (
        up.stderr + project("logs", "--tail", "50").stdout
    )
    selfish = ("exec", "--no-TTY", "ml-backend", "selfish")
    options = ("--title", "Together", "--labels", "PER", "--backend", BACKEND, "--json")
    connected = project(*selfish, "connect", *options)
    answer = json.loads(connected.stdout)
    assert "error" not in answer, answer
    number = str(answer["project"])
    doctor = project(*selfish, "doctor", "--project", number, "--backend", BACKEND, "--json")
    found = {check["name"]: check for check in json.loads(doctor.stdout)["checks"]}
    assert found["MLflow"]["ok"], found["MLflow"]
    wrong = [each for name, each in found.items() if name.startswith("Label Studio") and each["ok"] is False]
    assert wrong == []
