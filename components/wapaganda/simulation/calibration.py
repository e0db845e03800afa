"""How well a model is calibrated, before and after a calibration that needs no further labels."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration import (
    Calibration,
    apply_temperature,
    expected_calibration_error,
    reliability,
    span_confidence,
)
from wapaganda.ner import Document, LabelSchema, align_spans, encode_tags, gold_spans
from wapaganda.simulation.predictions import EvaluatedModel, Predictions
from wapaganda.tagger import TaggedText
from wapaganda.uncertainty import expected_counts


def calibration_summary(
    found: Calibration, evaluated: EvaluatedModel, test: Sequence[Document], schema: LabelSchema
) -> Mapping[str, Any]:
    """What the calibration ``found`` from the labelled texts changes on the test texts and on the pool."""
    temperature = found.temperature
    emissions = [each.log_probs for each in evaluated.test.tagged]
    gold = _tags(test, evaluated.test.tagged, schema)
    before = span_confidence(emissions, gold)
    probability, right = span_confidence(apply_temperature(emissions, temperature), gold)
    after = found.confidence(probability), right
    return {
        "temperature": temperature,
        "confidence": asdict(found.confidence),
        "cross_validated_f1": found.f1,
        "cross_validated_interval": list(found.f1_interval),
        "expected_f1": found.expected_f1,
        "ece_before": expected_calibration_error(*before),
        "ece_after": expected_calibration_error(*after),
        "estimated_f1_before": evaluated.estimated_f1,
        "estimated_f1_after": _estimated_f1(evaluated.pool, found),
        "test_estimated_f1_before": _expected_f1(evaluated.test, 1.0),
        "test_estimated_f1_after": _estimated_f1(evaluated.test, found),
        "bins": [list(each) for each in reliability(*after)],
        "bins_before": [list(each) for each in reliability(*before)],
        "n_spans": len(right),
    }


def _tags(
    documents: Sequence[Document], answers: Sequence[TaggedText], schema: LabelSchema
) -> list[NDArray[np.int64]]:
    """The true tags of the words that the model sees; a type outside the schema is not an entity."""
    tags = []
    for spans, answer in zip(gold_spans(documents), answers, strict=True):
        known = [span for span in spans if span.label in schema.labels]
        tags.append(encode_tags(align_spans(known, answer.words)[0], answer.words, schema))
    return tags


def _estimated_f1(predictions: Predictions, calibration: Calibration) -> float | None:
    expected = _expected_f1(predictions, calibration.temperature)
    return None if expected is None else calibration.corrected(expected)


def _expected_f1(predictions: Predictions, temperature: float) -> float | None:
    return (
        expected_counts(apply_temperature([each.log_probs for each in predictions.tagged], temperature)).f1()
        if predictions.ids
        else None
    )
