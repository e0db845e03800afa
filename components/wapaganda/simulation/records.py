"""The records that a simulation stores after every round."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from wapaganda.simulation.plan import Arm
from wapaganda.storage import write_json


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One point of a learning curve.

    ``texts``, ``words``, ``entities``, ``seconds`` and ``seconds_correcting`` are totals of everything that
    is labelled so far; scores are 0 to 1. This round's model chose ``batch_ids``. To label them by correcting
    the model's proposals takes ``batch_correcting`` seconds.
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
    labelled_types: Mapping[str, int] = field(default_factory=dict)
    estimated_f1: float | None = None
    true_pool_f1: float | None = None
    calibration: Mapping[str, Any] | None = None
    near_duplicates: int = 0
    batch_ids: tuple[str, ...] = ()
    batch_correcting: float = 0.0
    train_seconds: float = 0.0
    score_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    model_seed: int = 0

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict``, also after JSON; unknown keys are ignored.

        Raises:
            TypeError, ValueError: it is not a round.
        """
        known: dict[str, Any] = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        known |= {name: float(known[name]) for name in ("seconds", "f1") if name in known}
        return cls(**known | {"batch_ids": tuple(values.get("batch_ids") or ())})


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of a task: a new round, or the calibration of an earlier one."""

    record: RoundRecord | None = None
    calibration: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A curve: one arm (or the whole pool) with one seed; ``complete`` when no round is missing."""

    arm: Arm
    seed: int
    complete: bool = False
    rounds: tuple[RoundRecord, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict``, also after JSON.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is not a run.
        """
        rounds = tuple(map(RoundRecord.from_dict, values["rounds"]))
        return cls(Arm.from_dict(values["arm"]), int(values["seed"]), bool(values["complete"]), rounds)

    def path(self, out: Path) -> Path:
        """The file of the run."""
        return out / "runs" / f"{self.arm.file_name}-seed{self.seed}.json"

    def until(self, number: int) -> "RunRecord":
        """The run as it was before round ``number``."""
        return replace(self, complete=False, rounds=self.rounds[:number])

    def with_round(self, record: RoundRecord) -> "RunRecord":
        """The run with one more round; a round that chooses nothing is the last."""
        return replace(self, complete=not record.batch_ids, rounds=(*self.rounds, record))

    def with_calibration(self, number: int, calibration: Mapping[str, Any]) -> "RunRecord":
        """The run with the calibration of the model of round ``number``."""
        rounds = list(self.rounds)
        rounds[number] = replace(rounds[number], calibration=calibration)
        return replace(self, rounds=tuple(rounds))

    def read(self, out: Path) -> "RunRecord":
        """The stored state of this run; the run itself if nothing is stored."""
        path = self.path(out)
        return self.from_dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else self

    def write(self, out: Path) -> None:
        """Write the run atomically."""
        write_json(self.path(out), asdict(self))
