"""What is simulated: the arms that compete, and all that they have in common."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from wapaganda.annotation_cost import PRICES
from wapaganda.pipeline import LoopConfig
from wapaganda.sampler import Options, find_strategy, refuse_removed_option
from wapaganda.uncertainty import find_measure

FULL = "full"
"""The name of the arm that trains on the whole pool."""
_PRODUCT = LoopConfig("")
"""What nobody changes is as the product ships it."""
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
    """One way to choose batches; ``name`` is as the user wrote it.

    That is ``STRATEGY``, ``STRATEGY:MEASURE`` or ``STRATEGY:MEASURE:KEY=VALUE+KEY=VALUE``; the ``changes``
    are what this arm alone does otherwise than the plan says.
    """

    name: str
    strategy: str
    measure: str
    changes: Mapping[str, float | str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, measure: str) -> Self:
        """The arm that ``text`` names; ``measure`` is the one of an arm that names none.

        Raises:
            ValueError: there is no such strategy, measure or key, or the value is none for the key.
            InputError: there is no such measure, or only in an earlier version.
        """
        strategy, _, rest = text.partition(":")
        own, _, changes = rest.partition(":")
        find_strategy(strategy)
        measure = own or measure
        find_measure(measure)
        return cls(text, strategy, measure, dict(map(_change, filter(None, changes.split("+")))))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The arm as ``dataclasses.asdict`` and JSON bring it; only ``name`` is needed."""
        strategy, measure = str(values.get("strategy") or ""), str(values.get("measure") or "")
        return cls(str(values["name"]), strategy, measure, values.get("changes") or {})

    @property
    def file_name(self) -> str:
        """The name as part of a file's name."""
        return re.sub(r"[^A-Za-z0-9_.=+-]", "-", self.name)

    def config(self, common: LoopConfig) -> LoopConfig:
        """The configuration of the loop that this arm has.

        Raises:
            ValueError: a change is out of its range.
        """
        options = {name: value for name, value in self.changes.items() if name in _OPTIONS}
        others = {name: self.changes[name] for name in self.changes if name not in {*_OPTIONS, "growth"}}
        config = replace(common, strategy=self.strategy, measure=self.measure, **others)  # type: ignore[arg-type]
        return replace(config, options=replace(config.options, **options))  # type: ignore[arg-type]


def _change(text: str) -> tuple[str, float | str]:
    name, _, value = text.partition("=")
    refuse_removed_option(name)
    try:
        change: float | str = _CHANGES[name](value)
    except KeyError:
        raise ValueError(f"Expected a change of {', '.join(_CHANGES)}, was: {text!r}") from None
    except ValueError:
        raise ValueError(f"Expected a number for {name}, was: {value!r}") from None
    return name, change


@dataclass(frozen=True, slots=True)
class Plan:
    """A simulation; plain values only, so that it can be kept as JSON.

    ``rounds`` batches follow the seed set of ``seed_size`` texts; batch r has ``batch · growth^(r−1)`` texts,
    with the ``growth`` of the arm, if it has its own.
    ``pool_size``: texts drawn once from the training file, the same for every seed (``None``: all of them).
    ``layers``: of the encoder that are kept (``None``: all). ``full``: whether a model of the whole pool
    is trained for each seed. ``calibrate_at``: texts at which the temperature is fitted and judged; 0: never.
    ``self_training``: models are trained twice, as in the product, while some of the pool is unlabelled.
    """

    strategies: tuple[Arm, ...]
    encoder: str
    seed_size: int = 100
    batch: int = 50
    growth: float = 1.0
    rounds: int = 8
    seeds: tuple[int, ...] = (1, 2, 3)
    pool_size: int | None = 2000
    layers: int | None = None
    learning_rate: float | None = None
    train_steps: int | None = None
    self_training: bool = False
    threshold: float = _PRODUCT.threshold
    cost_exponent: float = _PRODUCT.cost_exponent
    prices: str = _PRODUCT.prices
    full: bool = True
    calibrate_at: int = 200
    device: str = "cpu"

    def __post_init__(self) -> None:
        names = [arm.file_name for arm in self.strategies]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"Expected at least one strategy, each once, was: {', '.join(names) or 'none'}")
        if not self.seeds or len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"Expected at least one seed, each once and none below 0, was: {self.seeds}")
        for name in ("seed_size", "batch", "growth"):
            if not getattr(self, name) > 0:
                raise ValueError(f"Expected {name} above 0, was: {getattr(self, name)}")
        for name in ("rounds", "calibrate_at", "cost_exponent"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"Expected {name} of 0 or more, was: {getattr(self, name)}")
        for arm in self.strategies:
            self._check(arm)

    def _check(self, arm: Arm) -> None:
        config = arm.config(self.config())
        if not self._growth(arm) > 0:
            raise ValueError(f"Expected growth above 0, was: {arm.changes['growth']} in {arm.name}")
        if config.prices not in PRICES:
            raise ValueError(f"Expected prices among {', '.join(PRICES)}, was: {config.prices!r}")

    def config(self) -> LoopConfig:
        """The configuration of the loop that all arms share."""
        return LoopConfig(
            encoder=self.encoder,
            threshold=self.threshold,
            cost_exponent=self.cost_exponent,
            prices=self.prices,
        )

    def batch_size(self, arm: Arm, number: int) -> int:
        """How many texts batch ``number`` (from 1) of an arm has."""
        return max(1, round(self.batch * self._growth(arm) ** (number - 1)))

    def texts_at(self, arm: Arm, number: int) -> int:
        """How many texts an arm has labelled in round ``number`` (from 0), if the pool lasts."""
        return self.seed_size + sum(self.batch_size(arm, each) for each in range(1, number + 1))

    def _growth(self, arm: Arm) -> float:
        return float(arm.changes.get("growth", self.growth))

    def common(self) -> "Plan":
        """What has to be the same for results to be comparable: all but arms, seeds and horizon."""
        return replace(self, strategies=(Arm("any", "random", ""),), seeds=(0,), rounds=0, full=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = asdict(self)
        return values | {"strategies": [asdict(arm) for arm in self.strategies], "seeds": list(self.seeds)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`; other keys are passed over."""
        known = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        arms = tuple(Arm.from_dict(each) for each in values["strategies"])
        return cls(**{**known, "strategies": arms, "seeds": tuple(values["seeds"])})
