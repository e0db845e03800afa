"""The plan of a simulation: the arms that are compared, and their common settings."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from wapaganda.annotation_cost import PRICES
from wapaganda.errors import InputError
from wapaganda.pipeline import LoopConfig
from wapaganda.sampler import Options, find_strategy, refuse_removed_option
from wapaganda.uncertainty import find_measure

FULL = "full"
"""The name of the arm that trains on the whole pool."""
_KEYS = (
    "encoder", "seed_size", "batch", "growth", "rounds", "seeds", "pool_size", "layers", "learning_rate",
    "train_steps", "threshold", "cost_exponent", "prices", "full", "calibrate_at", "device",
)  # fmt: skip
"""The keys of a plan in plan.json; those that ``Plan`` does not have are settings of its loop."""
_FREE = ("strategies", "rounds", "seeds", "full")
"""The keys that may change in one folder: results with others are not comparable."""
_OPTIONS = {each.name: type(each.default) for each in fields(Options)}
_CHANGES: Mapping[str, type] = {
    "threshold": float,
    "cost_exponent": float,
    "prices": str,
    "growth": float,
    **_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to choose batches; ``name`` is what the user wrote.

    That is ``STRATEGY``, ``STRATEGY:MEASURE`` or ``STRATEGY:MEASURE:KEY=VALUE+KEY=VALUE``; the ``changes``
    are settings in which this arm differs from the plan.
    """

    name: str
    strategy: str
    measure: str
    changes: Mapping[str, float | str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, measure: str) -> Self:
        """The arm that ``text`` names; ``measure`` is the one of an arm that names none.

        Raises:
            InputError: there is no such strategy, measure or key in this version, or the value does not fit.
        """
        strategy, _, rest = text.partition(":")
        own, _, changes = rest.partition(":")
        find_strategy(strategy)
        measure = own or measure
        find_measure(measure)
        return cls(text, strategy, measure, dict(map(_change, filter(None, changes.split("+")))))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The arm from ``dataclasses.asdict`` or JSON; only ``name`` is needed."""
        strategy, measure = str(values.get("strategy") or ""), str(values.get("measure") or "")
        return cls(str(values["name"]), strategy, measure, values.get("changes") or {})

    @property
    def file_name(self) -> str:
        """The name as part of a file's name."""
        return re.sub(r"[^A-Za-z0-9_.=+-]", "-", self.name)

    def config(self, common: LoopConfig) -> LoopConfig:
        """The configuration of the loop that this arm has.

        Raises:
            InputError: a change has an unknown key.
            ValueError: a change is out of its range.
        """
        for name in self.changes:
            _check_key(name, f"{name} in {self.name}")
        options = {name: value for name, value in self.changes.items() if name in _OPTIONS}
        others = {name: self.changes[name] for name in self.changes if name not in {*_OPTIONS, "growth"}}
        config = replace(common, strategy=self.strategy, measure=self.measure, **others)  # type: ignore[arg-type]
        return replace(config, options=replace(config.options, **options))  # type: ignore[arg-type]


def _change(text: str) -> tuple[str, float | str]:
    name, _, value = text.partition("=")
    _check_key(name, repr(text))
    try:
        change: float | str = _CHANGES[name](value)
    except ValueError:
        raise InputError(f"Expected a number for {name}, was: {value!r}") from None
    return name, change


def _check_key(name: str, given: str) -> None:
    refuse_removed_option(name)
    if name not in _CHANGES:
        raise InputError(f"Expected a change of {', '.join(_CHANGES)}, was: {given}")


@dataclass(frozen=True, slots=True)
class Plan:
    """A simulation; plain values only, so that it can be stored as JSON.

    ``loop`` is what all arms share: encoder, recipe, prices, device. Strategy, measure, batch size and seed
    are those of the arm and of the round. ``rounds`` batches follow the seed set of ``seed_size`` texts;
    batch r has ``batch · growth^(r−1)`` texts, with the ``growth`` of the arm if it has its own.
    ``pool_size``: texts drawn once from the training file, the same for every seed (``None``: all of them).
    ``layers``: the number of the encoder's layers that are kept (``None``: all). ``full``: whether a model of
    the whole pool is trained for each seed. ``calibrate_at``: the number of texts at which confidence is
    calibrated; 0: never.

    Raises:
        InputError: a value is out of its range, or a strategy or seed is there twice.
    """

    strategies: tuple[Arm, ...]
    loop: LoopConfig
    seed_size: int = 100
    batch: int = 50
    growth: float = 1.0
    rounds: int = 8
    seeds: tuple[int, ...] = (1, 2, 3)
    pool_size: int | None = 2000
    layers: int | None = None
    full: bool = True
    calibrate_at: int = 200

    def __post_init__(self) -> None:
        names = [arm.file_name for arm in self.strategies]
        if not names or len(set(names)) != len(names):
            raise InputError(f"Expected at least one strategy, each once, was: {', '.join(names) or 'none'}")
        if not self.seeds or len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise InputError(f"Expected at least one seed, each once and none below 0, was: {self.seeds}")
        for name in ("seed_size", "batch", "growth"):
            if not getattr(self, name) > 0:
                raise InputError(f"Expected {name} above 0, was: {getattr(self, name)}")
        least = {"rounds": self.rounds, "calibrate_at": self.calibrate_at}
        for name, value in (least | {"cost_exponent": self.loop.cost_exponent}).items():
            if not value >= 0:
                raise InputError(f"Expected {name} of 0 or more, was: {value}")
        for arm in self.strategies:
            self._check(arm)

    def _check(self, arm: Arm) -> None:
        config = arm.config(self.loop)
        if not self._growth(arm) > 0:
            raise InputError(f"Expected growth above 0, was: {arm.changes['growth']} in {arm.name}")
        if config.prices not in PRICES:
            raise InputError(f"Expected prices among {', '.join(PRICES)}, was: {config.prices!r}")

    def batch_size(self, arm: Arm, number: int) -> int:
        """How many texts batch ``number`` (from 1) of an arm has."""
        return max(1, round(self.batch * self._growth(arm) ** (number - 1)))

    def texts_at(self, arm: Arm, number: int) -> int:
        """How many texts an arm has labelled in round ``number`` (from 0), if the pool is large enough."""
        return self.seed_size + sum(self.batch_size(arm, each) for each in range(1, number + 1))

    def _growth(self, arm: Arm) -> float:
        return float(arm.changes.get("growth", self.growth))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; the loop's settings are top-level keys, too."""
        values = {name: getattr(self if hasattr(self, name) else self.loop, name) for name in _KEYS}
        arms = [asdict(arm) for arm in self.strategies]
        return {"strategies": arms, **values, "seeds": list(self.seeds)}

    def common(self) -> dict[str, Any]:
        """The values that must be equal for comparable results: all except arms, seeds and horizon."""
        return {name: value for name, value in self.to_dict().items() if name not in _FREE}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`, also for plans of earlier versions; other keys are ignored.

        Raises:
            InputError: the plan has an arm that this version does not have.
        """
        known = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        loop = LoopConfig(**{name: values[name] for name in _KEYS if name in values and name not in known})
        arms = tuple(Arm.from_dict(each) for each in values["strategies"])
        return cls(**{**known, "loop": loop, "strategies": arms, "seeds": tuple(values["seeds"])})
