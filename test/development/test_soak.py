"""What bench/soak.py calls a broken promise."""

import argparse
import copy
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench"
STORED = json.loads((BENCH / "results" / "soak.json").read_text())


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    for name in ("soak", "pool"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return __import__("soak")


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (("answers", "webhook", "5xx"), 1, ["webhook: 1 × 5xx"]),
        (("answers", "predict", "none"), 2, ["predict: 2 × none"]),
        (("answers", "health", "max"), 1.2, ["/health took 1.2 s"]),
        (("answers", "predict", "p99"), 99.0, []),
        (("labels", "lost"), 1, ["labels lost: 1"]),
        (("labels", "doubled"), 1, ["labels doubled: 1"]),
        (("labels", "not_made"), 1, ["labels not_made: 1"]),
        (("labels", "of_two_people"), 5, []),
        (("labels", "ledger_differs"), 3, ["the ledger differs in 3 texts"]),
        (("trainings", "most_waiting"), 2, ["trainings: {'most_waiting': 2, 'most_running': 1}"]),
        (("rounds", "ended"), False, ["a round did not end: []"]),
        (("import", "error"), "refused", ["the import failed: refused"]),
    ],
)
def test_one_broken_promise_is_found(soak, place, value, expected):
    loaded = {name: copy.deepcopy(each) for name, each in STORED.items() if name != "broken"}
    loaded["answers"]["health"]["max"] = 0.5
    *path, last = place
    found = loaded
    for name in path:
        found = found[name]
    found[last] = value
    result = soak.judged(loaded.pop("idle"), loaded, argparse.Namespace(minutes=5.0))
    assert result["broken"] == expected
