"""The F1 of the file as the product estimates it without labels, beside the true one."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wapaganda.calibration import Calibration
from wapaganda.file_state import FileState
from wapaganda.simulation.completion.annotator import PERFECT
from wapaganda.simulation.completion.curve import answered, people_before, reading_curve
from wapaganda.simulation.completion.reading import ModelReading, SpanCounts
from wapaganda.simulation.completion.record import Estimate

_MOMENTS = (0.0, 0.5, 1.0)
"""Shares of a batch that are labelled when the F1 is estimated: the last is just before the next model."""


def estimates_of(
    readings: Sequence[ModelReading], file: SpanCounts, calibrations: Sequence[Path]
) -> list[Estimate]:
    """The estimates at several moments of each model of ours.

    ``calibrations``: for each model the file of its cross-fitting, which may be missing; then the temperature
    is that of the order.
    """
    found = []
    for place, reading in enumerate(readings):
        calibration = _calibration(calibrations[place])
        temperature = reading.temperature if calibration is None else calibration.temperature
        expectation = reading.expectation(temperature)
        last = place + 1 == len(readings)
        batch = reading.order if last else answered(readings, place)
        people = people_before(readings, place, file, PERFECT)
        curve = reading_curve(reading, batch, people, PERFECT)
        end = min(len(batch), len(readings[-1].order) // 2) if last else len(batch)
        for moment in _MOMENTS:
            done = round(moment * end)
            left = np.setdiff1d(reading.rows, batch[:done])
            spans = int(people.gold + reading.counts.gold[reading.places(batch[:done])].sum())
            state = FileState.of(
                spans,
                people.texts + done,
                expectation[reading.places(left)],
                calibration=calibration,
            )
            found.append(
                Estimate(
                    people.texts + done,
                    float(curve.f1[done]),
                    state.f1,
                    state.interval,
                    calibration is not None,
                )
            )
    return found


def _calibration(path: Path) -> Calibration | None:
    return Calibration.from_dict(json.loads(path.read_text("utf-8"))) if path.exists() else None
