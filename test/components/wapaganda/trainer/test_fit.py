"""How well a model knows its own training texts, and what follows from it."""

from dataclasses import replace

import pytest

from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.trainer import Callbacks, Fit, Recipe, TrainingJob, train_in_memory
from wapaganda.trainer.fit import checked_texts, fit_of

SCHEMA = LabelSchema(("CITY", "NAME"))
GOOD = Fit(loss=0.01, frequency_loss=1.0, f1=0.98, steps=200)
RECIPE = Recipe(learning_rate=5e-3, steps=60, batch_size=8)


def fit(documents, predicted, losses=(0.5,) * 40):
    return fit_of(losses, 1.0, documents, predicted, 0)


def documents_with(label, count):
    return [Document(str(number), "anna", (Span(0, 4, label),)) for number in range(count)]


def test_a_model_that_knows_its_texts_is_not_undertrained():
    documents = documents_with("NAME", 6)

    found = fit(documents, [document.spans for document in documents])

    assert (found.f1, found.never_predicted, found.undertrained, found.describe()) == (1.0, (), False, "")


@pytest.mark.parametrize(("count", "missing"), [(4, ()), (5, ("NAME",))])
def test_a_type_with_five_entities_or_more_that_is_never_predicted_is_named(count, missing):
    documents = [*documents_with("NAME", count), *documents_with("CITY", 90)]
    predicted = [() if span.label == "NAME" else (span,) for document in documents for span in document.spans]

    found = fit(documents, predicted)

    assert found.never_predicted == missing
    assert found.undertrained == bool(missing)
    assert all(name in found.describe() for name in missing)


def test_a_low_f1_on_the_training_texts_is_said_with_steps_and_loss():
    documents = documents_with("NAME", 10)

    found = fit(documents, [document.spans for document in documents[:5]] + [()] * 5)

    assert found.undertrained
    assert found.describe() == (
        "The model is undertrained after 40 steps: F1 on its own training texts is 67%; "
        "the loss is 50% of that of guessing."
    )


@pytest.mark.parametrize(
    ("losses", "falling"),
    [
        ([1 - step / 100 for step in range(100)], True),
        ([0.5] * 100, False),
        ([0.5, 0.4] * 50, False),
        ([1 - step / 30 for step in range(30)], False),  # too few steps to say
    ],
)
def test_the_loss_falls_when_the_last_fifth_is_lower_than_the_fifth_before(losses, falling):
    assert fit([], [], losses).still_falling is falling


def test_texts_without_entities_say_nothing_about_the_fit():
    found = fit([], [])

    assert (found.f1, found.undertrained) == (None, False)
    assert checked_texts([Document("x", "so", ()), *documents_with("NAME", 300)]) == documents_with(
        "NAME", 128
    )


def test_a_fit_survives_json():
    found = replace(GOOD, never_predicted=("NAME",), still_falling=True, extensions=2)

    assert Fit.from_dict({**found.to_dict(), "unknown": 1}) == found
    assert found.to_dict()["undertrained"] == found.describe()


def test_an_undertrained_model_trains_on_while_the_loss_falls(tiny_encoder, toy_documents):
    slow = replace(RECIPE, learning_rate=2e-5, steps=40)
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, slow, device="cpu")
    reports = []

    stopped = train_in_memory(replace(job, recipe=replace(slow, max_extensions=0))).result
    result = train_in_memory(job, Callbacks(on_step=reports.append)).result

    assert (stopped.steps, stopped.fit.extensions) == (40, 0)
    assert stopped.fit.undertrained
    assert (result.steps, result.fit.extensions, result.fit.steps) == (120, 2, 120)
    assert result.losses[:40] == stopped.losses
    assert [report.step for report in reports] == list(range(1, 121))
    assert [reports[index].steps for index in (0, 40, 119)] == [40, 80, 120]
    assert reports[44].learning_rate == pytest.approx(slow.learning_rate)  # warmed up again
    assert result.fit.loss < stopped.fit.loss


def test_a_model_that_has_learned_its_texts_is_not_extended(tiny_encoder, toy_documents):
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, RECIPE, device="cpu")

    result = train_in_memory(job).result

    assert (result.steps, result.fit.extensions, result.fit.undertrained) == (60, 0, False)
