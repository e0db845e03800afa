"""The folder of a simulation, which may be unfinished: its plan and its runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wapaganda.errors import InputError
from wapaganda.simulation import FULL, RunRecord

RANDOM = "random"
AXES = ("texts", "words", "entities", "seconds", "seconds_correcting")
"""What labels cost, by the names of a round's totals."""


@dataclass(frozen=True, slots=True)
class Records:
    """A simulation's folder: ``plan`` as in plan.json, the runs, and the files that were unreadable."""

    plan: Mapping[str, Any]
    runs: tuple[RunRecord, ...]
    unreadable: tuple[str, ...]
    arms: tuple[str, ...]
    seeds: tuple[int, ...]


def read_records(out: Path) -> Records:
    """Read ``out``/plan.json and ``out``/runs/*.json; runs that the plan does not name are left out.

    Raises:
        FileNotFoundError: there is no plan.json, so nothing was simulated here.
        InputError: plan.json is not a JSON object.
    """
    path = out / "plan.json"
    if not path.is_file():
        raise FileNotFoundError(f"Expected the plan of a simulation, was: no file {path}")
    plan = json.loads(path.read_text("utf-8"))
    if not isinstance(plan, dict):
        raise InputError(f"Expected a JSON object in {path}, was: {type(plan).__name__}")
    runs, unreadable = [], []
    for file in sorted(
        (out / "runs").glob("[!.]*.json")
    ):  # a name with a dot first is a killed writer's draft
        try:
            runs.append(RunRecord.from_dict(json.loads(file.read_text("utf-8"))))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            unreadable.append(f"{file.name} ({type(error).__name__}: {error})")
    arms = tuple(_name(arm) for arm in plan.get("strategies") or ())
    arms = arms or tuple(dict.fromkeys(run.arm.name for run in runs if run.arm.name != FULL))
    seeds = tuple(int(seed) for seed in plan.get("seeds") or ()) or tuple(sorted({run.seed for run in runs}))
    known = [run for run in runs if run.arm.name in {*arms, FULL} and run.seed in seeds]
    return Records(plan, tuple(known), tuple(unreadable), arms, seeds)


def _name(arm: object) -> str:
    return str(arm["name"]) if isinstance(arm, dict) else str(arm)
