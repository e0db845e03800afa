"""The F1 of the file as it stands, and what is left to reach a target."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from wapaganda.annotation_cost import CORRECTING, Prices
from wapaganda.calibration import Calibration
from wapaganda.file_state.correction import Correction
from wapaganda.file_state.order import correcting_seconds, f1_by_reviewed, review_order
from wapaganda.uncertainty import Expectation

TARGET_F1 = 0.95
"""The F1 that a finished file should have if nobody says otherwise."""

_DISPERSION = 2.0
"""Variance of the number of errors over its mean: a wrong boundary is a false positive and a miss."""
_FEWEST_ERRORS = 1e-3
_NORMAL = 1.96


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of which people have labelled one part and a model the rest.

    ``n_people`` and ``n_machine``: texts. ``people_spans``: the spans of people, which count as right.
    ``machine_spans``: those of the model. ``machine_f1`` and ``f1``: expected strict span F1 of the machine
    part and of the whole file, 0 to 1. ``interval``: of ``f1``, 95 %. ``texts_left`` and ``seconds_left``: to
    review, in the order of ``review_order``, until the expected F1 of the file is ``target``.
    """

    n_people: int
    n_machine: int
    people_spans: int
    machine_spans: int
    machine_f1: float
    f1: float
    interval: tuple[float, float]
    target: float
    texts_left: int
    seconds_left: float

    @classmethod
    def of(
        cls,
        people_spans: int,
        n_people: int,
        expectation: Expectation,
        *,
        calibration: Calibration | Correction | None = None,
        prices: Prices = CORRECTING,
        target: float = TARGET_F1,
    ) -> Self:
        """The state of a file with ``n_people`` texts of people that hold ``people_spans`` spans.

        The interval has two sources. The calibration is uncertain (``Correction.spread_on``). And even with
        known probabilities the number X of errors is chance, with the variance 2·X. Both together give X the
        log-normal spread √log(1 + spread² + 2 / X); false positives and misses vary together.
        Errors of people are not counted.

        Args:
            people_spans: the number of spans in the people's part.
            n_people: the number of texts in the people's part.
            expectation: of the live model for each text of the machine part.
            calibration: of the live model, or the correction by it; ``None``: it was not cross-fitted.
            prices: for correcting.
            target: F1, 0 to 1.
        """
        correction = Correction.of(calibration)
        corrected = correction(expectation)
        order = review_order(corrected, prices)
        curve = f1_by_reviewed(people_spans, corrected, order)
        left = int(np.argmax(curve >= min(target, float(curve[-1]))))
        seconds = correcting_seconds(corrected, prices)[order[:left]]
        errors = float(corrected.errors.sum())
        chance = correction.spread_on(expectation) ** 2 + _DISPERSION / max(errors, _FEWEST_ERRORS)
        spread = math.sqrt(math.log(1.0 + chance))
        low, high = (
            _f1(people_spans, correction.times(math.exp(z * spread))(expectation))
            for z in (_NORMAL, -_NORMAL)
        )
        return cls(
            n_people=n_people,
            n_machine=len(expectation),
            people_spans=people_spans,
            machine_spans=int(expectation.predicted.sum()),
            machine_f1=corrected.f1(),
            f1=float(curve[0]),
            interval=(low, high),
            target=target,
            texts_left=left,
            seconds_left=float(seconds.sum()),
        )

    @property
    def people_share(self) -> float:
        """The share of the texts that people have labelled, 0 to 1."""
        return self.n_people / max(1, self.n_people + self.n_machine)

    @property
    def hours_left(self) -> float:
        """``seconds_left`` in hours."""
        return self.seconds_left / 3600.0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"interval": list(self.interval), "people_share": self.people_share}


def _f1(people_spans: int, expectation: Expectation) -> float:
    return float(f1_by_reviewed(people_spans, expectation, np.arange(len(expectation)))[0])
