"""Everything that can be asked of the stored readings, without another training."""

from collections.abc import Sequence

import numpy as np

from wapaganda.annotation_cost import FROM_SCRATCH
from wapaganda.simulation.completion.annotator import PERFECT, Annotator
from wapaganda.simulation.completion.curve import (
    FileCurve,
    chosen_curve,
    perfect_order,
    random_curve,
    review_curve,
)
from wapaganda.simulation.completion.engine import OURS, STANDARD, TRAINER, Engine
from wapaganda.simulation.completion.estimates import estimates_of
from wapaganda.simulation.completion.reading import REVIEW, ModelReading, SpanCounts
from wapaganda.simulation.completion.record import (
    LEVELS,
    Conditions,
    DataSetRecord,
    ModelPoint,
    ReviewStudy,
    WayRecord,
    hours_by_level,
    level_name,
)

PROPOSALS, CHOSEN = "proposals", "chosen"
"""Two more steps of the ladder: the product's trainer and proposals in random order; chosen texts, then the
rest in random order without another training."""

OVERLOOKED = 0.02
CONDITIONS = {
    "scratch prices": Annotator(FROM_SCRATCH),
    "accepts 0%, overlooks 2%": Annotator(overlooks=OVERLOOKED),
    "accepts 3%, overlooks 2%": Annotator(accepts=0.03, overlooks=OVERLOOKED),
    "accepts 10%, overlooks 2%": Annotator(accepts=0.1, overlooks=OVERLOOKED),
}
"""Other price lists and annotators, whose errors no model is trained on."""


def record_of(engine: Engine, seed: int) -> DataSetRecord | None:
    """The record of what is stored; ``None`` before the first model of ours, or of the alternative."""
    ours, standard = engine.readings(OURS, seed), engine.readings(STANDARD, seed)
    if not ours or not standard:
        return None
    file, order = engine.counts(), engine.random_order(seed)
    curves = {
        STANDARD: random_curve(standard, file, order),
        OURS: chosen_curve(ours, file),
    }
    models = {STANDARD: standard, OURS: ours}
    if trainer := engine.readings(TRAINER, seed):
        curves[TRAINER] = random_curve(trainer, file, order)
        curves[PROPOSALS] = random_curve(trainer, file, order, proposals=True)
        models |= {TRAINER: trainer, PROPOSALS: trainer}
    place = _first_review(ours)
    if place:
        curves[CHOSEN] = _then_random(ours, place, file)
        models[CHOSEN] = ours[: place + 1]
    ways = {name: WayRecord.of(curve, _points(curve, models[name])) for name, curve in curves.items()}
    return DataSetRecord(
        seed=seed,
        n_texts=len(file),
        n_entities=int(file.gold.sum()),
        hours_by_hand=float(PERFECT.from_scratch(file).hours.sum()),
        ways=ways,
        conditions=tuple(
            Conditions(
                name,
                hours_by_level(chosen_curve(ours, file, annotator)),
                hours_by_level(random_curve(standard, file, order, annotator)),
            )
            for name, annotator in CONDITIONS.items()
        ),
        reviews=tuple(
            _study(ours, each, file) for each, reading in enumerate(ours) if reading.phase == REVIEW
        ),
        estimates=tuple(
            estimates_of(ours, file, [engine.calibration_path(seed, each) for each in range(len(ours))])
        ),
    )


def _points(curve: FileCurve, readings: Sequence[ModelReading]) -> list[ModelPoint]:
    return [
        ModelPoint(each.n_labelled, curve.after(each.n_labelled), each.test.f1(), each.counts.f1())
        for each in readings
    ]


def _first_review(readings: Sequence[ModelReading]) -> int | None:
    return next((place for place, each in enumerate(readings) if each.phase == REVIEW), None)


def _then_random(readings: Sequence[ModelReading], place: int, file: SpanCounts) -> FileCurve:
    """As ours until the review, which is then in random order and without another training."""
    rest = review_curve(readings, place, file, None)
    before = chosen_curve(readings[: place + 1], file)
    keep = before.texts < readings[place].n_labelled
    return FileCurve(
        np.concatenate([before.texts[keep], rest.texts]),
        np.concatenate([before.hours[keep], rest.hours]),
        np.concatenate([before.f1[keep], rest.f1]),
    )


def _study(readings: Sequence[ModelReading], place: int, file: SpanCounts) -> ReviewStudy:
    reading = readings[place]
    curves = {
        "ours": review_curve(readings, place, file, reading.order),
        "random": review_curve(readings, place, file, None),
        "perfect": review_curve(readings, place, file, perfect_order(reading)),
    }
    hours = {
        name: {level_name(level): _since_start(curve, level) for level in LEVELS}
        for name, curve in curves.items()
    }
    return ReviewStudy(reading.n_labelled, float(curves["ours"].f1[0]), **hours)


def _since_start(curve: FileCurve, level: float) -> float | None:
    hours = curve.hours_to(level)
    return None if hours is None else hours - float(curve.hours[0])
