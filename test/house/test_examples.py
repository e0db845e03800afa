"""Every script in docs/examples runs and prints what it promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PRINTS = {
    "brick_in_another_workspace": "[place]",
    "convert_formats": "10 texts",
    "loop_on_files": "Round 2: 33 labelled, 8 texts in al-002",
    "own_measure": "[0.02 0.85]",
    "own_source": "after a preposition is on: log loss of a word",
    "own_strategy": "1 cheap Ada met Bob.",
    "score_a_pool": "5 of 60 texts",
    "train_on_documents": "strict span F1",
}


def test_every_example_is_run():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*PRINTS, "sample"}


def test_every_example_is_listed():
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES.glob("*.py") if f"({path.name})" not in listed] == []


@pytest.mark.real
@pytest.mark.parametrize("name", PRINTS)
def test_the_example_runs(name, tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert PRINTS[name] in done.stdout
