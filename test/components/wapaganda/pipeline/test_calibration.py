"""What cross-fitting tells of a model: temperature, F1 with its interval, calibration error."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wapaganda.decoding import ConfidenceMap
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.pipeline import Calibration, calibrate
from wapaganda.pipeline.calibration import _crosswise, _f1_interval, _fit, too_few_to_calibrate
from wapaganda.trainer import Recipe
from wapaganda.uncertainty import (
    expect,
    expected_calibration_error,
    fit_temperature,
    span_confidence,
    tempered,
)

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=40, seed=3, head_factor=2.0, batch_size=8)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_cross_fitting_tells_f1_temperature_and_calibration(tiny_encoder, toy_documents):
    told = []
    found = calibrate(
        toy_documents,
        SCHEMA,
        tiny_encoder,
        RECIPE,
        folds=2,
        progress=lambda *step: told.append(step),
        device="cpu",
    )

    assert len(found.out_of_fold) == found.n_texts == len(toy_documents)
    right = sum(
        len({*answer.spans} & {*document.spans})
        for answer, document in zip(found.out_of_fold, toy_documents, strict=True)
    )
    total = sum(len(answer.spans) for answer in found.out_of_fold)
    total += sum(len(document.spans) for document in toy_documents)
    assert found.f1 == pytest.approx(2 * right / total)
    assert found.f1_interval[0] <= found.f1 <= found.f1_interval[1]
    tempered_answers = tempered([answer.log_probs for answer in found.out_of_fold], found.temperature)
    assert found.expected_f1 == pytest.approx(expect(tempered_answers).f1())
    assert 0.25 <= found.temperature <= 8
    assert sum(each.n for each in found.bins) == sum(len(answer.spans) for answer in found.out_of_fold)
    assert told[0] == ("calibrate", 0, 0)
    assert told[-1] == ("calibrate", 80, 80)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert Calibration.from_dict(found.to_dict()) == replace(found, out_of_fold=())


def overconfident(n, factor, seed=4):
    """Log-probabilities of one-word texts, ``factor`` times too sharp, and tags by the honest ones."""
    rng = np.random.default_rng(seed)
    honest, tags = [], []
    for _ in range(n):
        logits = 1.5 * rng.normal(size=(1, 3))
        logits[0, 2] = -30.0  # I- cannot be the first tag
        p = np.exp(logits[0]) / np.exp(logits[0]).sum()
        tags.append(np.array([rng.choice(3, p=p)]))
        sharp = factor * logits
        honest.append(sharp - np.log(np.exp(sharp).sum()))
    return honest, tags


def test_each_half_is_calibrated_by_what_was_fitted_to_the_other():
    log_probs, tags = overconfident(2000, factor=3.0)
    before = expected_calibration_error(*span_confidence(log_probs, tags))
    after = expected_calibration_error(*_crosswise(log_probs, tags))
    assert fit_temperature(log_probs, tags) == pytest.approx(3.0, rel=0.15)
    assert before > 0.1
    assert after < before / 2


def _own(log_probs, tags):
    """The spans of texts with what was fitted to themselves."""
    temperature, confidence = _fit(log_probs, tags)
    sure, right = span_confidence(tempered(log_probs, temperature), tags)
    return confidence(sure), right


def test_the_calibration_error_is_not_measured_on_the_texts_of_the_fit():
    honest, sharp = overconfident(2000, factor=1.0), overconfident(2000, factor=4.0, seed=5)
    log_probs = [rows for pair in zip(honest[0], sharp[0], strict=True) for rows in pair]
    tags = [rows for pair in zip(honest[1], sharp[1], strict=True) for rows in pair]
    own = [_own(*half) for half in (honest, sharp)]
    fitted = expected_calibration_error(*(np.concatenate(each) for each in zip(*own, strict=True)))
    assert expected_calibration_error(*_crosswise(log_probs, tags)) > 3 * fitted


def test_the_interval_shrinks_with_the_texts_and_holds_the_truth():
    one, other = (Span(0, 1, "NAME"),), (Span(2, 3, "NAME"),)
    gold = [one] * 400
    predicted = [one if i % 5 else other for i in range(400)]  # F1 0.8
    wide, narrow = _f1_interval(gold[:40], predicted[:40], 1), _f1_interval(gold, predicted, 1)
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]
    assert narrow[1] - narrow[0] == pytest.approx(4 * np.sqrt(0.8 * 0.2 / 400), rel=0.15)
    assert narrow == _f1_interval(gold, predicted, 1)
    assert _f1_interval([()] * 3, [()] * 3, 1) == (0.0, 0.0)


def test_a_handful_of_texts_is_not_calibrated(toy_documents):
    assert not too_few_to_calibrate(toy_documents, 2)
    assert too_few_to_calibrate(toy_documents[:19], 2)
    assert too_few_to_calibrate([Document(str(i), "and", ()) for i in range(50)], 2)
    copies = [replace(each, text="anna", spans=(Span(0, 4, "NAME"),)) for each in toy_documents]
    assert too_few_to_calibrate(copies, 2)


def measured(f1, expected_f1, half_width, folds=10**6):
    """By so many folds that each model learns as good as all texts, if nothing else is said."""
    interval = (f1 - half_width, f1 + half_width)
    return Calibration(1.0, ConfidenceMap(), f1, interval, expected_f1, 0.1, 0.1, 200, folds)


def test_a_model_of_all_texts_is_expected_to_be_better_than_those_of_fewer():
    by_folds = {folds: measured(0.6, 0.6, 1e-9, folds).corrected(0.6) for folds in (2, 4, 10)}
    assert by_folds == pytest.approx({k: 1 - 0.4 * (1 - 1 / k) ** 0.3 for k in by_folds})
    assert measured(1.0, 1.0, 1e-9, 2).corrected(1.0) == 1.0


def test_the_confidence_of_spans_grows_with_the_texts_that_the_folds_lacked():
    log_probs, tags = overconfident(4000, factor=3.0)
    sure, right = span_confidence(tempered(log_probs, 3.0), tags)
    before, after = (_fit(log_probs, tags, mended)[1](sure) for mended in (0.0, 0.1))
    assert before.mean() == pytest.approx(right.mean(), abs=0.01)
    assert after.mean() == pytest.approx(1 - 0.9 * (1 - right.mean()), abs=0.01)


def test_an_estimate_is_moved_by_what_is_known_to_be_off():
    sharp, vague = measured(0.7, 0.6, 1e-6), measured(0.7, 0.6, 0.5)

    assert sharp.corrected(0.65) == pytest.approx(0.75)
    assert 0.65 < vague.corrected(0.65) < 0.66
    assert measured(0.6, 0.6, 0.1).corrected(0.65) == pytest.approx(0.65)
    assert measured(0.99, 0.5, 1e-6).corrected(0.8) == 1.0
    assert measured(0.0, 0.5, 1e-6).corrected(0.1) == 0.0
