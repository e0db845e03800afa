"""What a simulation has written so far: its plan and its runs, read from a folder that may be unfinished."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from wapaganda.simulation import FULL

RANDOM = "random"
AXES = ("texts", "words", "entities", "seconds", "seconds_correcting")
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TypeScore:
    """Strict F1 in [0, 1] of one entity type, and how many gold spans of it the test texts hold."""

    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """A temperature and what it did: span ECE and estimated pool F1, before and after, all in [0, 1].

    ``bins`` and ``bins_before`` hold (mean confidence, share that was right, number of spans).
    """

    temperature: float
    ece_before: float
    ece_after: float
    estimated_f1_before: float | None
    estimated_f1_after: float | None
    bins: tuple[tuple[float, float, int], ...] = ()
    bins_before: tuple[tuple[float, float, int], ...] = ()

    @classmethod
    def from_dict(cls, values: Json) -> Self:
        """Reads what a round holds under ``calibration``."""
        return cls(
            temperature=float(values["temperature"]),
            ece_before=float(values["ece_before"]),
            ece_after=float(values["ece_after"]),
            estimated_f1_before=_optional(values.get("estimated_f1_before")),
            estimated_f1_after=_optional(values.get("estimated_f1_after")),
            bins=_bins(values.get("bins")),
            bins_before=_bins(values.get("bins_before")),
        )


@dataclass(frozen=True, slots=True)
class Round:
    """One trained model: what its labels cost (cumulative, by axis) and how good it is (0 to 1)."""

    number: int
    cost: Mapping[str, float]
    f1: float
    precision: float
    recall: float
    macro_f1: float
    per_type: Mapping[str, TypeScore]
    labelled_types: Mapping[str, int]
    estimated_f1: float | None
    true_pool_f1: float | None
    calibration: Calibration | None
    near_duplicates: int
    chosen: int
    train_seconds: float
    score_seconds: float

    @classmethod
    def from_dict(cls, values: Json) -> Self:
        """Reads one entry of ``rounds`` in a run's file.

        Raises:
            KeyError, TypeError, ValueError: it is no round.
        """
        calibration = values.get("calibration")
        return cls(
            number=int(values["round"]),
            cost={axis: float(values[axis]) for axis in AXES},
            f1=float(values["f1"]),
            precision=float(values["precision"]),
            recall=float(values["recall"]),
            macro_f1=float(values["macro_f1"]),
            per_type={
                label: TypeScore(float(each["f1"]), int(each["support"]))
                for label, each in values["per_type"].items()
            },
            labelled_types={label: int(n) for label, n in values.get("labelled_types", {}).items()},
            estimated_f1=_optional(values.get("estimated_f1")),
            true_pool_f1=_optional(values.get("true_pool_f1")),
            calibration=None if calibration is None else Calibration.from_dict(calibration),
            near_duplicates=int(values.get("near_duplicates") or 0),
            chosen=len(values.get("batch_ids") or ()),
            train_seconds=float(values.get("train_seconds") or 0.0),
            score_seconds=float(values.get("score_seconds") or 0.0),
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One strategy with one seed; ``arm`` is the strategy's name as the user wrote it."""

    arm: str
    strategy: str
    measure: str
    seed: int
    complete: bool
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """A simulation's folder: ``plan`` as it stands in plan.json, the runs, and what could not be read."""

    plan: Json
    runs: tuple[Run, ...]
    unreadable: tuple[str, ...] = ()
    arms: tuple[str, ...] = field(default=())
    seeds: tuple[int, ...] = field(default=())


def read_records(out: Path) -> Records:
    """Reads ``out``/plan.json and ``out``/runs/*.json; runs that the plan does not name are left out.

    Raises:
        FileNotFoundError: there is no plan.json, so nothing was simulated here.
        ValueError: plan.json is no JSON object.
    """
    path = out / "plan.json"
    if not path.is_file():
        raise FileNotFoundError(f"Expected the plan of a simulation, was: no file {path}")
    plan = json.loads(path.read_text("utf-8"))
    if not isinstance(plan, dict):
        raise ValueError(f"Expected a JSON object in {path}, was: {type(plan).__name__}")
    runs, unreadable = [], []
    for file in sorted((out / "runs").glob("*.json")):
        try:
            runs.append(_run(json.loads(file.read_text("utf-8"))))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            unreadable.append(f"{file.name} ({type(error).__name__}: {error})")
    arms = tuple(_name(arm) for arm in plan.get("strategies") or ())
    arms = arms or tuple(dict.fromkeys(run.arm for run in runs if run.arm != FULL))
    seeds = tuple(int(seed) for seed in plan.get("seeds") or ()) or tuple(sorted({run.seed for run in runs}))
    known = [run for run in runs if run.arm in {*arms, FULL} and run.seed in seeds]
    return Records(plan, tuple(known), tuple(unreadable), arms, seeds)


def _run(values: Json) -> Run:
    arm = values["arm"]
    return Run(
        arm=str(arm["name"]),
        strategy=str(arm.get("strategy") or ""),
        measure=str(arm.get("measure") or ""),
        seed=int(values["seed"]),
        complete=bool(values["complete"]),
        rounds=tuple(Round.from_dict(each) for each in values["rounds"]),
    )


def _name(arm: object) -> str:
    return str(arm["name"]) if isinstance(arm, dict) else str(arm)


def _optional(value: float | None) -> float | None:
    return None if value is None else float(value)


def _bins(values: Sequence[tuple[float, float, int]] | None) -> tuple[tuple[float, float, int], ...]:
    return tuple((float(confidence), float(right), int(n)) for confidence, right, n in values or ())
