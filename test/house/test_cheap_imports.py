"""`selfish --help` loads no deep-learning library; the test checks what was loaded, not the time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "transformers",
    "mlflow",
    "datasets",
    "seqeval",
    "sklearn",
    "matplotlib",
    "label_studio_sdk",
    "fastapi",
)
CHEAP = sorted(path.parent.name for path in ROOT.glob("components/wapaganda/*/__init__.py"))
HELP = """
import sys, json, io, contextlib
sys.argv = ["selfish", *{arguments}]
from wapaganda.selfish_cli import main
with contextlib.redirect_stdout(io.StringIO()) as shown:
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
print(json.dumps({{"loaded": [m for m in {heavy} if m in sys.modules], "shown": shown.getvalue()}}))
"""
IMPORT = """
import importlib, json, sys
importlib.import_module("wapaganda.{brick}")
print(json.dumps([m for m in {heavy} if m in sys.modules]))
"""


def run(code: str, cwd: Path) -> str:
    outcome = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["doctor", "--help"]], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path):
    answer = json.loads(run(HELP.format(arguments=arguments, heavy=HEAVY), tmp_path))
    assert "Usage" in answer["shown"]
    assert answer["loaded"] == []


@pytest.mark.parametrize("brick", CHEAP)
def test_a_brick_is_imported_without_anything_heavy(brick: str, tmp_path: Path):
    assert json.loads(run(IMPORT.format(brick=brick, heavy=HEAVY), tmp_path)) == []
