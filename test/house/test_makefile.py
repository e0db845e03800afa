"""What `make` would do, without doing it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = {
    "help",
    "setup",
    "demo",
    "studio",
    "test",
    "soak",
    "chaos",
    "bench",
    "check",
    "lint",
    "docs",
    "site",
    "screenshots",
    "format",
    "image",
    "audit",
    "clean",
}
SOAKS = ("soak", "chaos", "complete_killed")


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a space in its name and the set-up done."""
    place = tmp_path / "a clone"
    (place / ".venv").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", place)
    (place / "pyproject.toml").touch()
    (place / ".venv/.set-up").touch()
    return place


def test_help_names_every_target(folder: Path):
    shown = make(folder, "help").stdout
    assert {line.split()[1] for line in shown.splitlines()} == TARGETS
    assert make(folder).stdout == shown


def test_a_set_up_that_is_done_is_not_done_again(folder: Path):
    assert "pip" not in make(folder, "--dry-run", "setup").stdout


def test_another_python_gets_an_environment_of_its_own(folder: Path):
    steps = make(folder, "--dry-run", "test", "PYTHON=python3.12").stdout
    assert '"python3.12" -m venv .venv-python3.12' in steps
    assert "\n.venv-python3.12/bin/python -m pytest" in steps
    assert ".venv/" not in steps
    ignored = subprocess.run(
        ["git", "check-ignore", ".venv-python3.12/x"], cwd=ROOT, capture_output=True, check=False
    )
    assert ignored.returncode == 0


def test_check_runs_two_halves_side_by_side(folder: Path):
    steps = make(folder, "--dry-run", "check").stdout
    assert "-j2 check-components check-rest" in steps
    assert steps.count("not real and not slow and not label_studio and not browser") == 2
    assert "mypy" in steps
    assert "lint-imports" in steps


def test_a_changed_pyproject_sets_up_again(folder: Path):
    changed = (folder / ".venv/.set-up").stat().st_mtime + 10
    os.utime(folder / "pyproject.toml", (changed, changed))
    assert "--editable . --group dev" in make(folder, "--dry-run", "setup").stdout


def test_torch_comes_before_what_needs_it(folder: Path):
    (folder / ".venv/.set-up").unlink()
    steps = make(folder, "--dry-run", "setup", "TORCH=torch==1.2.3").stdout
    assert 0 < steps.index("torch==1.2.3") < steps.index("--editable .")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], "development/demo.py"),
        (["DATA=my corpus.conll"], 'development/demo.py --data "my corpus.conll"'),
        (["DATA=a.conll", "TEST=b.conll"], 'development/demo.py --data "a.conll" --test "b.conll"'),
    ],
)
def test_demo_hands_the_corpus_on(folder: Path, given: list[str], expected: str):
    last = make(folder, "--dry-run", "demo", *given).stdout.splitlines()[-1]
    assert " ".join(last.split()) == f".venv/bin/python {expected}"


def test_soak_leaves_the_stored_results_alone(folder: Path):
    steps = make(folder, "--dry-run", "soak").stdout.replace("\\\n", " ")
    runs = [each for each in steps.splitlines() if "bench/" in each]
    assert [each.split()[1] for each in runs] == [f"bench/{name}.py" for name in SOAKS]
    assert all(f"--out bench/work/{name}.json" in each for name, each in zip(SOAKS, runs, strict=True))


def test_a_python_that_is_too_old_is_reported(folder: Path, tmp_path: Path):
    (folder / ".venv/.set-up").unlink()
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 && exit 0\nexit 1\n')
    old.chmod(0o755)
    outcome = make(folder, "setup", f"PYTHON={old}")
    assert outcome.returncode != 0
    assert "Expected Python 3.11 to 3.13 with its venv module, was: Python 3.9.1." in outcome.stdout


def test_continuous_integration_runs_make_test():
    script = (ROOT / ".ci/run").read_text()
    assert script.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in script
    assert script.rstrip().endswith("make test")
    assert os.access(ROOT / ".ci/run", os.X_OK)
