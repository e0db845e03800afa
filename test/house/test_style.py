"""The linters and the type checker find nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy", "components", "bases", "development"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_to_mend(check: str):
    command = [sys.executable, "-m", *CHECKS[check]]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
