"""A tiny encoder learns a toy pattern, the same way each time, and loses no text on the way."""

from dataclasses import replace

import pytest
import torch

from wapaganda.calibration import ConfidenceMap
from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, Repairs, Span
from wapaganda.tagger import ModelFolder, Tagger
from wapaganda.trainer import Callbacks, Recipe, StepReport, TrainingJob, load_encoder, train, training_loop

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=60, seed=3, head_factor=2.0, batch_size=8, word_embeddings=True)


def same_weights(left, right):
    return all(
        torch.equal(a, b)
        for a, b in zip(left.model.state_dict().values(), right.model.state_dict().values(), strict=True)
    )


def test_a_tiny_encoder_learns_a_toy_pattern(tiny_encoder, toy_documents, tmp_path):
    reports: list[StepReport] = []

    result = train(
        TrainingJob(toy_documents, SCHEMA, tiny_encoder, RECIPE),
        tmp_path / "out",
        Callbacks(on_step=reports.append),
    )

    tagger = Tagger.load(tmp_path / "out")
    scores = evaluate([d.spans for d in toy_documents], tagger.predict([d.text for d in toy_documents]))
    assert scores.micro.f1 > 0.9
    assert [report.step for report in reports] == list(range(1, result.steps + 1))
    assert result.losses[-1] < result.losses[0] / 4
    assert (result.restarts, result.collapsed, result.repairs.total) == (0, False, 0)
    assert tagger.schema == SCHEMA
    assert tagger.version == "out"


def test_neighbouring_entities_of_one_type_stay_apart(tiny_encoder, toy_documents, tmp_path):
    train(TrainingJob(toy_documents, SCHEMA, tiny_encoder, RECIPE), tmp_path)

    spans = Tagger.load(tmp_path).predict(["anna bob went to oslo"])[0]

    assert [(s.start, s.end, s.label) for s in spans] == [(0, 4, "NAME"), (5, 8, "NAME"), (17, 21, "CITY")]


def test_the_same_seed_gives_the_same_weights(tiny_encoder, toy_documents, tmp_path):
    recipe = replace(RECIPE, steps=8)
    torch.manual_seed(99)
    before = torch.random.get_rng_state()

    train(TrainingJob(toy_documents, SCHEMA, tiny_encoder, recipe), tmp_path / "a")
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(7)
    train(TrainingJob(toy_documents, SCHEMA, tiny_encoder, recipe), tmp_path / "b")
    train(TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(recipe, seed=4)), tmp_path / "c")

    a, b, c = (Tagger.load(tmp_path / name) for name in "abc")
    assert same_weights(a, b)
    assert not same_weights(a, c)


def test_the_best_checkpoint_on_the_dev_set_is_kept_and_the_training_stops_early(
    tiny_encoder, toy_documents, tmp_path
):
    train_set, dev = toy_documents[:24], toy_documents[24:]
    recipe = replace(RECIPE, steps=100, evaluations=20, patience=3)

    result = train(TrainingJob(train_set, SCHEMA, tiny_encoder, recipe, dev=dev), tmp_path)

    found = evaluate([d.spans for d in dev], Tagger.load(tmp_path).predict([d.text for d in dev])).micro.f1
    assert result.best_dev_f1 == pytest.approx(found)
    assert result.best_dev_f1 > 0.5
    assert result.steps < recipe.steps
    assert "dev set" in result.stopped_because


def test_the_best_checkpoint_is_kept_when_later_ones_are_worse(
    tiny_encoder, toy_documents, tmp_path, monkeypatch
):
    scores, weights = iter([0.2, 0.9, 0.4, 0.5]), []

    def evaluate_in_turn(tagger, dev):
        weights.append({name: value.clone() for name, value in tagger.model.state_dict().items()})
        return next(scores)

    monkeypatch.setattr(training_loop, "_evaluate", evaluate_in_turn)
    recipe = replace(RECIPE, steps=40, evaluations=4)
    job = TrainingJob(toy_documents[:24], SCHEMA, tiny_encoder, recipe, dev=toy_documents[24:])

    result = train(job, tmp_path)

    assert (result.best_dev_f1, result.best_step, result.steps) == (0.9, 20, 40)
    kept = Tagger.load(tmp_path).model.state_dict()
    assert all(torch.equal(value, weights[1][name]) for name, value in kept.items())
    assert not all(torch.equal(value, weights[3][name]) for name, value in kept.items())


def test_a_training_that_learns_nothing_is_restarted_and_says_so(tiny_encoder, toy_documents, tmp_path):
    attempts = set()
    recipe = replace(RECIPE, learning_rate=1e-9, steps=4, max_restarts=2)

    result = train(
        TrainingJob(toy_documents, SCHEMA, tiny_encoder, recipe),
        tmp_path,
        Callbacks(on_step=lambda report: attempts.add(report.attempt)),
    )

    assert (result.restarts, result.collapsed, attempts) == (2, True, {1, 2, 3})
    assert Tagger.load(tmp_path).schema == SCHEMA


def test_texts_without_entities_are_learned_too(tiny_encoder, tmp_path):
    documents = [Document(str(n), "anna went to oslo", ()) for n in range(4)]

    result = train(TrainingJob(documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=30)), tmp_path)

    assert not result.collapsed
    assert Tagger.load(tmp_path).predict(["anna went to oslo", ""]) == [(), ()]


def test_spans_over_nothing_that_the_tokenizer_sees_are_counted(tiny_encoder, toy_documents, tmp_path):
    odd = Document("odd", "anna \x00 bob", (Span(0, 4, "NAME"), Span(5, 6, "CITY")))

    result = train(
        TrainingJob([*toy_documents, odd], SCHEMA, tiny_encoder, replace(RECIPE, steps=2)), tmp_path
    )

    assert result.repairs == Repairs(empty=1)


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([Document("x", "anna", None)], "labelled documents only, was: 'x'"),
        ([Document("x", "anna", (Span(0, 4, "DOG"),))], "one of the labels CITY, NAME"),
        ([Document("x", " ", ())], "at least one text with words"),
        ([], "at least one text with words"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(tiny_encoder, tmp_path, documents, message):
    with pytest.raises(ValueError, match=message):
        train(TrainingJob(documents, SCHEMA, tiny_encoder, RECIPE), tmp_path)


def test_a_frozen_word_table_stays_and_the_rest_learns(tiny_encoder, toy_documents, tmp_path):
    recipe = replace(RECIPE, steps=8, precision="fp32")
    train(
        TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(recipe, word_embeddings=False)),
        tmp_path / "frozen",
    )
    train(
        TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(recipe, word_embeddings=True)),
        tmp_path / "free",
    )

    before = load_encoder(tiny_encoder, SCHEMA).model.state_dict()
    frozen, free = (Tagger.load(tmp_path / name).model.state_dict() for name in ("frozen", "free"))

    words = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(frozen[words], before[words])
    assert not torch.equal(free[words], before[words])
    layer = "bert.encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(frozen[layer], before[layer])


def test_half_precision_learns_as_well_and_leaves_full_weights(tiny_encoder, toy_documents, tmp_path):
    for precision in ("bf16", "fp32"):
        train(
            TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, precision=precision)),
            tmp_path / precision,
        )

    half, full = (Tagger.load(tmp_path / name) for name in ("bf16", "fp32"))

    gold, texts = [d.spans for d in toy_documents], [d.text for d in toy_documents]
    assert evaluate(gold, half.predict(texts)).micro.f1 > 0.9
    assert {value.dtype for value in half.model.state_dict().values()} == {torch.float32}
    assert not same_weights(half, full)


def test_the_temperature_of_a_model_folder_flattens_its_probabilities(tiny_encoder, toy_documents, tmp_path):
    train(TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=8)), tmp_path)
    plain = next(Tagger.load(tmp_path).tag(["anna went to oslo"])).log_probs
    replace(ModelFolder.read(tmp_path), temperature=2.0).write(tmp_path)

    tempered = next(Tagger.load(tmp_path).tag(["anna went to oslo"])).log_probs

    expected = torch.from_numpy(plain / 2).log_softmax(dim=-1).numpy()
    assert tempered == pytest.approx(expected, abs=1e-5)


def test_the_confidence_map_of_a_model_folder_makes_the_scores(tiny_encoder, toy_documents, tmp_path):
    train(TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=40)), tmp_path)
    plain = Tagger.load(tmp_path).predict(["anna went to oslo"])[0]
    replace(ModelFolder.read(tmp_path), confidence=ConfidenceMap(0.5, -1.0)).write(tmp_path)

    mapped = Tagger.load(tmp_path).predict(["anna went to oslo"])[0]

    assert mapped == plain
    assert mapped
    expected = ConfidenceMap(0.5, -1.0)([span.score for span in plain])
    assert [span.score for span in mapped] == pytest.approx(expected.tolist(), abs=1e-6)
