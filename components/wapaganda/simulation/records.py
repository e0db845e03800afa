"""What a simulation writes down after every round."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from wapaganda.simulation.plan import Arm


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One point of a learning curve.

    ``texts``, ``words``, ``entities``, ``seconds`` and ``seconds_correcting`` add up over everything labelled
    so far; scores are 0 to 1. ``batch_ids`` were chosen after this round's model, and labelling them by
    correcting its proposals takes ``batch_correcting`` seconds.
    """

    round: int
    texts: int
    words: int
    entities: int
    seconds: float
    seconds_correcting: float
    f1: float
    precision: float
    recall: float
    macro_f1: float
    per_type: Mapping[str, Mapping[str, float]]
    labelled_types: Mapping[str, int]
    estimated_f1: float | None
    true_pool_f1: float | None
    calibration: Mapping[str, Any] | None
    near_duplicates: int
    batch_ids: tuple[str, ...]
    batch_correcting: float
    train_seconds: float
    score_seconds: float
    peak_memory_mb: float
    model_seed: int

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict`` as JSON brings it."""
        return cls(**{**values, "batch_ids": tuple(values["batch_ids"])})


@dataclass(frozen=True, slots=True)
class Finding:
    """What a piece of work brings to light: a new round, or the calibration of an earlier one."""

    record: RoundRecord | None = None
    calibration: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A curve: one arm (or the whole pool) with one seed; ``complete`` when no round is missing."""

    arm: Arm
    seed: int
    complete: bool = False
    rounds: tuple[RoundRecord, ...] = ()

    def path(self, out: Path) -> Path:
        """The file of the run."""
        return out / "runs" / f"{self.arm.file_name}-seed{self.seed}.json"

    def until(self, number: int) -> "RunRecord":
        """The run as it was before round ``number``."""
        return replace(self, complete=False, rounds=self.rounds[:number])

    def with_round(self, record: RoundRecord) -> "RunRecord":
        """The run with one round more; one after which nothing is chosen is the last."""
        return replace(self, complete=not record.batch_ids, rounds=(*self.rounds, record))

    def with_calibration(self, number: int, calibration: Mapping[str, Any]) -> "RunRecord":
        """The run with what was found out about the confidence of the model of round ``number``."""
        rounds = list(self.rounds)
        rounds[number] = replace(rounds[number], calibration=calibration)
        return replace(self, rounds=tuple(rounds))

    def read(self, out: Path) -> "RunRecord":
        """What the disk has of this run; the run itself when there is nothing."""
        path = self.path(out)
        if not path.exists():
            return self
        values = json.loads(path.read_text(encoding="utf-8"))
        rounds = tuple(map(RoundRecord.from_dict, values["rounds"]))
        return RunRecord(Arm(**values["arm"]), values["seed"], values["complete"], rounds)

    def write(self, out: Path) -> None:
        """Write the run; the file is whole at any time."""
        write_json(self.path(out), asdict(self))


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write ``values``; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
