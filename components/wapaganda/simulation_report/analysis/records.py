"""The folder of a simulation, which may be unfinished: its plan and its runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wapaganda.errors import InputError
from wapaganda.simulation import FULL, DataSetRecord, RunRecord, data_set_records

RANDOM = "random"
AXES = ("texts", "words", "entities", "seconds", "seconds_correcting")
"""What labels cost, by the names of a round's totals."""


@dataclass(frozen=True, slots=True)
class Records:
    """A simulation's folder: ``plan`` as in plan.json, the runs, and the files that were unreadable.

    ``data_set`` and ``data_set_plan``: the simulated data set, if there is one. ``plan`` has no strategies
    when there is nothing else.
    """

    plan: Mapping[str, Any]
    runs: tuple[RunRecord, ...]
    unreadable: tuple[str, ...]
    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    data_set: tuple[DataSetRecord, ...] = ()
    data_set_plan: Mapping[str, Any] = field(default_factory=dict)


def read_records(out: Path) -> Records:
    """Read ``out``/plan.json, ``out``/runs/*.json and ``out``/data_set/*.json.

    Runs that the plan does not name are left out.

    Raises:
        FileNotFoundError: there is neither a plan.json nor a data_set/plan.json: nothing was simulated here.
        InputError: a file of the plan is not a JSON object.
    """
    path, other = out / "plan.json", out / "data_set" / "plan.json"
    if not path.is_file() and not other.is_file():
        raise FileNotFoundError(f"Expected the plan of a simulation, was: no file {path}")
    data_set_plan = _object(other) if other.is_file() else {}
    if path.is_file():
        plan = _object(path)
    else:
        plan = {"corpus": data_set_plan.get("corpus"), "seeds": data_set_plan.get("seeds"), "full": False}
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
    data_set = tuple(data_set_records(out))
    return Records(plan, tuple(known), tuple(unreadable), arms, seeds, data_set, data_set_plan)


def _object(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, dict):
        raise InputError(f"Expected a JSON object in {path}, was: {type(found).__name__}")
    return found


def _name(arm: object) -> str:
    return str(arm["name"]) if isinstance(arm, dict) else str(arm)
