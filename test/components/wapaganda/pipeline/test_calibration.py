"""What cross-fitting says about a model: temperature, F1 with its interval, calibration error."""

from dataclasses import replace

import pytest
import torch

from wapaganda.calibration import Calibration, apply_temperature
from wapaganda.ner import CONSIDERED, Document, LabelSchema, Span
from wapaganda.pipeline import calibrate
from wapaganda.pipeline.training.calibration import too_few_to_calibrate
from wapaganda.trainer import Callbacks, Recipe, TrainingJob
from wapaganda.uncertainty import expected_counts

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=40, seed=3, head_factor=2.0, batch_size=8)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_cross_fitting_finds_f1_temperature_and_calibration(tiny_encoder, toy_documents):
    steps = []
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, RECIPE, device="cpu")
    found, said = calibrate(job, folds=2, callbacks=Callbacks(lambda *step: steps.append(step)))

    answers = said.answers
    assert len(answers) == found.n_texts == len(toy_documents)
    right = sum(
        len({*answer.spans} & {*document.spans})
        for answer, document in zip(answers, toy_documents, strict=True)
    )
    total = sum(len(answer.spans) for answer in answers)
    total += sum(len(document.spans) for document in toy_documents)
    assert found.f1 == pytest.approx(2 * right / total)
    assert found.f1_interval[0] <= found.f1 <= found.f1_interval[1]
    scaled = apply_temperature([answer.log_probs for answer in answers], found.temperature)
    assert found.expected_f1 == pytest.approx(expected_counts(scaled).f1())
    assert 0.25 <= found.temperature <= 8
    assert sum(each.n for each in found.bins) == sum(len(answer.spans) for answer in answers)
    assert steps[0] == ("calibrate", 0, 0)
    assert steps[-1] == ("calibrate", 80, 80)
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)
    assert Calibration.from_dict(found.to_dict()) == found


def test_a_handful_of_texts_is_not_calibrated(toy_documents):
    assert not too_few_to_calibrate(toy_documents, 2)
    assert too_few_to_calibrate(toy_documents[:19], 2)
    assert too_few_to_calibrate([Document(str(i), "and", ()) for i in range(50)], 2)
    copies = [replace(each, text="anna", spans=(Span(0, 4, "NAME"),)) for each in toy_documents]
    assert too_few_to_calibrate(copies, 2)


def test_types_that_the_labels_of_a_text_cannot_say_are_not_judged(tiny_encoder, toy_documents):
    documents = [each if number % 2 else _without_city(each) for number, each in enumerate(toy_documents)]
    job = TrainingJob(documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=80), device="cpu")
    found, said = calibrate(job, folds=2)
    answers = said.answers
    proposed = sum(
        span.label == "CITY"
        for document, answer in zip(documents, answers, strict=True)
        for span in answer.spans
        if document.meta
    )
    assert proposed > 5  # the models find cities there, and no label says that they are wrong
    assert sum(each.n for each in found.bins) <= sum(len(answer.spans) for answer in answers) - proposed + 2
    plain, _ = calibrate(replace(job, documents=[replace(each, meta={}) for each in documents]), folds=2)
    assert found.f1 > plain.f1


def _without_city(document):
    spans = tuple(span for span in document.spans if span.label != "CITY")
    return replace(document, spans=spans, meta={CONSIDERED: ["NAME"]})
