"""The compose files, read with Compose's own code; and servers that are started as they say."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Compose = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def secrets() -> dict[str, str]:
    """What `docker-compose.yml` alone cannot do without."""
    return {"LABEL_STUDIO_PASSWORD": "secret", "LABEL_STUDIO_API_KEY": "0123456789" * 4}


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    """`docker-compose config` on a copy of the compose files, away from any `.env` of the user."""
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    program = str(Path(sys.executable).parent / "docker-compose")

    def made(environment: Mapping[str, str], *overrides: str) -> subprocess.CompletedProcess[str]:
        files = ["docker-compose.yml", *(f"deploy/{name}.yml" for name in overrides)]
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COMPOSE_FILE": ":".join(files)}
        command = [program, "config", "--format", "json"]
        return subprocess.run(
            command, cwd=tmp_path, env=env | environment, capture_output=True, text=True, check=False
        )

    return made


@pytest.fixture
def services(compose: Compose, secrets: dict[str, str]) -> dict[str, Any]:
    """The three services without anything else."""
    outcome = compose(secrets)
    assert outcome.stderr == ""  # it exits with 0 whatever it finds
    return dict(json.loads(outcome.stdout)["services"])
