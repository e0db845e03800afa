"""`selfish --help` and `selfish status` load no deep-learning library.

The tests check what was loaded, not the time.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from wapaganda.ledger import Ledger
from wapaganda.ner import Document, Span

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
    "sympy",
)
CHEAP = sorted(path.parent.name for path in ROOT.glob("components/wapaganda/*/__init__.py"))
RUN = """
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
    answer = json.loads(run(RUN.format(arguments=arguments, heavy=HEAVY), tmp_path))
    assert "Usage" in answer["shown"]
    assert answer["loaded"] == []


def test_status_loads_nothing_heavy(tmp_path: Path):
    """Of a project with labels and texts that wait, so that it says the state of the file."""
    with_labels = Document("a", "Ada met Bob", (Span(0, 3, "PER"),))
    Ledger(tmp_path / "data" / "default" / "ledger.sqlite").upsert_documents(
        [with_labels, Document("b", "Bob left")], "texts.jsonl"
    )
    answer = json.loads(run(RUN.format(arguments=["status"], heavy=HEAVY), tmp_path))
    assert "Unlabelled" in answer["shown"]
    assert answer["loaded"] == []


@pytest.mark.parametrize("brick", CHEAP)
def test_a_brick_is_imported_without_anything_heavy(brick: str, tmp_path: Path):
    assert json.loads(run(IMPORT.format(brick=brick, heavy=HEAVY), tmp_path)) == []
