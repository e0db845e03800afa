"""The stored results of the benches: one file an experiment, from which its folder can be made again."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from wapaganda.simulation_report import summarise

BENCH = Path(__file__).parents[2] / "bench"
STORED = BENCH / "results" / "simulate" / "calibration-btc.json"


@pytest.fixture
def simulate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    for name in ("simulate", "entries"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return __import__("simulate")


def test_a_folder_and_its_file_hold_the_same(simulate, tmp_path):
    folder = simulate.unpack(STORED, tmp_path / "work")
    summary = summarise(folder)
    assert summary.complete
    assert [arm.quality.calibration.n for arm in summary.strategies] == [3]
    simulate.pack(folder, tmp_path / "packed.json")
    assert (tmp_path / "packed.json").read_bytes() == STORED.read_bytes()


def test_what_a_working_folder_has_is_not_replaced(simulate, tmp_path):
    folder = simulate.unpack(STORED, tmp_path / "work")
    (folder / "plan.json").write_text('{"seeds": [9]}')
    simulate.unpack(STORED, folder)
    assert json.loads((folder / "plan.json").read_text()) == {"seeds": [9]}


def test_runs_that_only_the_file_has_stay_in_it(simulate, tmp_path):
    stored = tmp_path / "stored.json"
    stored.write_bytes(STORED.read_bytes())
    folder = simulate.unpack(stored, tmp_path / "work")
    next((folder / "runs").glob("*.json")).unlink()
    simulate.pack(folder, stored)
    assert stored.read_bytes() == STORED.read_bytes()


def test_a_folder_without_a_plan_is_not_stored(simulate, tmp_path):
    simulate.pack(tmp_path, tmp_path / "stored.json")
    assert not (tmp_path / "stored.json").exists()
