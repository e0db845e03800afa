"""How far a model's confidence can be trusted, before and after a calibration that needs no other labels."""

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
from wapaganda.pipeline import calibrate
from wapaganda.simulation.reading import Judged, Reading
from wapaganda.tagger import TaggedText
from wapaganda.trainer import Recipe
from wapaganda.uncertainty import expected_counts


def calibrated(
    judged: Judged,
    labelled: Sequence[Document],
    test: Sequence[Document],
    schema: LabelSchema,
    encoder: str,
    recipe: Recipe,
    *,
    folds: int,
    unlabelled: Sequence[str],
    device: str,
) -> Mapping[str, Any]:
    """The product's calibration, from the labelled texts alone, and what it does on the test texts."""
    found, _ = calibrate(labelled, schema, encoder, recipe, folds=folds, unlabelled=unlabelled, device=device)
    temperature = found.temperature
    emissions = [each.log_probs for each in judged.test.tagged]
    gold = _tags(test, judged.test.tagged, schema)
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
        "estimated_f1_before": judged.estimated_f1,
        "estimated_f1_after": _estimated_f1(judged.pool, found),
        "test_estimated_f1_before": _expected_f1(judged.test, 1.0),
        "test_estimated_f1_after": _estimated_f1(judged.test, found),
        "bins": [list(each) for each in reliability(*after)],
        "bins_before": [list(each) for each in reliability(*before)],
        "n_spans": len(right),
    }


def _tags(
    documents: Sequence[Document], answers: Sequence[TaggedText], schema: LabelSchema
) -> list[NDArray[np.int64]]:
    """The true tags of the words that the model sees; a type that the schema lacks is no entity to it."""
    tags = []
    for spans, answer in zip(gold_spans(documents), answers, strict=True):
        known = [span for span in spans if span.label in schema.labels]
        tags.append(encode_tags(align_spans(known, answer.words)[0], answer.words, schema))
    return tags


def _estimated_f1(reading: Reading, calibration: Calibration) -> float | None:
    expected = _expected_f1(reading, calibration.temperature)
    return None if expected is None else calibration.corrected(expected)


def _expected_f1(reading: Reading, temperature: float) -> float | None:
    return (
        expected_counts(apply_temperature([each.log_probs for each in reading.tagged], temperature)).f1()
        if reading.ids
        else None
    )
