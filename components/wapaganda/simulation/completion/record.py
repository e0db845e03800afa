"""What one seed of a simulated data set has shown: small enough for JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import numpy as np

from wapaganda.errors import InputError
from wapaganda.simulation.completion.curve import FileCurve

RESULTS = "data_set"
"""The folder of the results in that of a simulation."""
LEVELS = (0.8, 0.85, 0.9, 0.95)
"""The F1 of the whole file that hours are counted to."""
_POINTS = 120  # of a stored curve


def level_name(level: float) -> str:
    """The key of a level in JSON, as in ``"0.90"``."""
    return f"{level:.2f}"


@dataclass(frozen=True, slots=True)
class ModelPoint:
    """A training: ``texts`` and annotator ``hours`` before it, strict F1 (0 to 1) on the test texts and on
    the texts of the file that it read."""

    texts: int
    hours: float
    test_f1: float
    rest_f1: float


@dataclass(frozen=True, slots=True)
class WayRecord:
    """One way to a data set: its trainings, its file's curve, and the hours and texts to each level.

    The curve has ``texts``, ``hours`` and ``f1`` at up to 120 points. A level that is not reached has
    ``None``.
    """

    models: tuple[ModelPoint, ...]
    texts: tuple[int, ...]
    hours: tuple[float, ...]
    f1: tuple[float, ...]
    hours_to: Mapping[str, float | None]
    texts_to: Mapping[str, int | None]

    @classmethod
    def of(cls, curve: FileCurve, models: Sequence[ModelPoint]) -> Self:
        """The record of a curve."""
        rows = np.unique(np.linspace(0, len(curve.f1) - 1, _POINTS).round().astype(np.int64))
        return cls(
            tuple(models),
            tuple(curve.texts[rows].tolist()),
            tuple(curve.hours[rows].round(4).tolist()),
            tuple(curve.f1[rows].round(5).tolist()),
            hours_by_level(curve),
            {level_name(level): curve.texts_to(level) for level in LEVELS},
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict``, also after JSON."""
        lists = {name: tuple(values[name]) for name in ("texts", "hours", "f1")}
        models = tuple(ModelPoint(**each) for each in values["models"])
        return cls(models, **lists, hours_to=values["hours_to"], texts_to=values["texts_to"])


def hours_by_level(curve: FileCurve) -> dict[str, float | None]:
    """The hours until the file has each level of F1."""
    return {level_name(level): curve.hours_to(level) for level in LEVELS}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Other annotators or other prices: hours to each level, ours and those of the standard alternative."""

    name: str
    ours: Mapping[str, float | None]
    standard: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class ReviewStudy:
    """One model of ``texts`` labels whose rest is reviewed without another training, in several orders.

    Hours from that training on to each level: in our order, in random order, and in the order of the true
    errors a second, which nobody knows.
    """

    texts: int
    f1: float
    ours: Mapping[str, float | None]
    random: Mapping[str, float | None]
    perfect: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The F1 of the file at one moment, true and as the product estimates it without labels, 0 to 1."""

    texts: int
    true: float
    estimated: float
    interval: tuple[float, float]
    calibrated: bool


@dataclass(frozen=True, slots=True)
class DataSetRecord:
    """A seed of a simulated data set of ``n_texts`` texts with ``n_entities`` true spans.

    ``hours_by_hand``: to mark the whole file from scratch. ``ways``: by name, those that are simulated.
    """

    seed: int
    n_texts: int
    n_entities: int
    hours_by_hand: float
    ways: Mapping[str, WayRecord]
    conditions: tuple[Conditions, ...] = ()
    reviews: tuple[ReviewStudy, ...] = ()
    estimates: tuple[Estimate, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``, also after JSON; unknown keys are ignored.

        Raises:
            KeyError, TypeError: it is not such a record.
        """
        plain = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        estimates = (Estimate(**each | {"interval": tuple(each["interval"])}) for each in values["estimates"])
        parts = {
            "ways": {name: WayRecord.from_dict(each) for name, each in values["ways"].items()},
            "conditions": tuple(Conditions(**each) for each in values["conditions"]),
            "reviews": tuple(ReviewStudy(**each) for each in values["reviews"]),
            "estimates": tuple(estimates),
        }
        return cls(**plain | parts)


def data_set_records(out: Path) -> list[DataSetRecord]:
    """The results in the folder of a simulation, seed by seed; none without such a simulation.

    Raises:
        InputError: a file is damaged.
    """
    found = []
    for path in sorted((out / RESULTS).glob("seed*.json")):
        try:
            found.append(DataSetRecord.from_dict(json.loads(path.read_text("utf-8"))))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"Expected the results of a simulated data set, was: {path} ({error})"
            ) from error
    return sorted(found, key=lambda each: each.seed)
