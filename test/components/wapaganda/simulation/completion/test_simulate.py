"""A whole simulated data set with a tiny encoder: resumed after a kill, never trained twice."""

import json
import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from wapaganda.calibration import Calibration, ConfidenceMap
from wapaganda.errors import InputError
from wapaganda.ner import Document, Span
from wapaganda.pipeline import LoopConfig
from wapaganda.simulation import DataSetPlan, LabelledCorpus, data_set_records, simulate_data_set
from wapaganda.simulation.completion import engine as engine_module
from wapaganda.simulation.completion.engine import OURS, Engine
from wapaganda.simulation.completion.outcomes import FIRST_TEMPERATURE
from wapaganda.simulation.completion.reading import REVIEW, ModelReading
from wapaganda.tagger import ModelFolder

pytestmark = pytest.mark.real

NAMES, PLAIN = ("anna", "bob", "carla", "oslo", "rome"), ("went", "to", "and", "saw", "in", ".")


def texts(n: int, seed: int) -> list[Document]:
    draw, found = random.Random(seed), []
    for number in range(n):
        words = [draw.choice(NAMES if draw.random() < 0.3 else PLAIN) for _ in range(8)]
        starts = np.cumsum([0, *(len(word) + 1 for word in words)])
        pairs = list(zip(starts.tolist(), words, strict=False))
        spans = [Span(at, at + len(word), "NAME") for at, word in pairs if word in NAMES]
        found.append(Document(f"t{number}", " ".join(words), tuple(spans)))
    return found


@pytest.fixture
def plan(tiny_encoder) -> DataSetPlan:
    loop = LoopConfig(tiny_encoder, learning_rate=3e-3, train_steps=12, folds=2, device="cpu")
    return DataSetPlan(
        loop, seed_size=12, train_to=18, last_training=40, enough=1.1, last_random=30, random_growth=2.5
    )


CORPUS = LabelledCorpus(texts(90, 1), texts(20, 2), "toy")


def test_a_data_set_is_resumed_after_a_kill_and_nothing_is_trained_twice(plan, tmp_path, monkeypatch):
    whole = simulate_data_set(CORPUS, plan, tmp_path / "whole")
    assert whole.complete
    assert not simulate_data_set(CORPUS, plan, tmp_path / "whole").done

    class Killed(BaseException):
        pass

    trained, real = [], engine_module.train_with_student

    def train(job, *others):
        if len(trained) == 1 and "killed" not in trained:
            trained.append("killed")
            raise Killed
        trained.append(len(job.documents))
        return real(job, *others)

    monkeypatch.setattr(engine_module, "train_with_student", train)
    with pytest.raises(Killed):
        simulate_data_set(CORPUS, plan, tmp_path / "resumed", ways=(OURS,))
    assert simulate_data_set(CORPUS, plan, tmp_path / "resumed", ways=(OURS,)).complete
    engine = Engine(plan, CORPUS.train, CORPUS.test, tmp_path / "whole")
    ours = engine.readings(OURS, 1)
    again = replace(engine, out=tmp_path / "resumed").readings(OURS, 1)
    assert [each.order.tolist() for each in again] == [each.order.tolist() for each in ours]
    assert [each for each in trained if each != "killed"] == [each.n_labelled for each in ours]
    (record,) = data_set_records(tmp_path / "whole")
    assert record.ways.keys() == {"ours", "standard", "trainer", "proposals", "chosen"}
    assert record.n_texts == record.ways["standard"].texts[-1] == record.ways["ours"].texts[-1] == 90
    assert data_set_records(tmp_path / "resumed") == []  # nothing to compare with yet
    assert ours[-1].phase == REVIEW
    for model in ours:
        assert sorted([*model.labelled.tolist(), *model.rows.tolist()]) == list(range(90))
    for before, after in pairwise(ours):
        assert after.labelled[: before.n_labelled].tolist() == before.labelled.tolist()
    assert sorted([*ours[-1].labelled.tolist(), *ours[-1].order.tolist()]) == list(range(90))
    assert set(engine.random_order(1)[:12].tolist()) == set(ours[0].labelled.tolist())


def test_a_reading_is_without_the_temperature_of_the_student_which_is_kept_beside_it(
    plan, tmp_path, monkeypatch
):
    real, calibration = (
        engine_module.train_with_student,
        Calibration(4.0, ConfidenceMap(), 0.5, (0.4, 0.6), 0.5, 0.1, 0.1, 12),
    )

    def train(job, unlabelled, config, folder):
        taught = real(job, (), config, folder)
        replace(ModelFolder.read(folder), temperature=calibration.temperature).write(folder)
        return replace(taught, calibration=calibration)

    for name in ("plain", "taught"):
        (tmp_path / name).mkdir()
    plain = Engine(plan, CORPUS.train, CORPUS.test, tmp_path / "plain")
    plain.step(OURS, 1)
    monkeypatch.setattr(engine_module, "train_with_student", train)
    taught = replace(plain, out=tmp_path / "taught")
    taught.step(OURS, 1)
    (one,), (other,) = plain.readings(OURS, 1), taught.readings(OURS, 1)
    assert np.array_equal(one.log_probs, other.log_probs)
    assert (one.temperature, other.temperature) == (FIRST_TEMPERATURE, 4.0)
    assert not plain.calibration_path(1, 0).exists()
    stored = json.loads(taught.calibration_path(1, 0).read_text("utf-8"))
    assert Calibration.from_dict(stored) == calibration


def test_another_plan_or_other_texts_are_refused(plan, tmp_path):
    simulate_data_set(CORPUS, plan, tmp_path, ways=())
    with pytest.raises(InputError, match="another seed_size"):
        simulate_data_set(CORPUS, replace(plan, seed_size=13), tmp_path, ways=())
    with pytest.raises(InputError, match="another fingerprints"):
        simulate_data_set(replace(CORPUS, train=CORPUS.train[:80]), plan, tmp_path, ways=())
    with pytest.raises(InputError, match="twice the 12 texts"):
        simulate_data_set(replace(CORPUS, train=CORPUS.train[:20]), plan, tmp_path, ways=())
    simulate_data_set(CORPUS, replace(plan, seeds=(3,)), tmp_path, ways=())
    stored = json.loads((tmp_path / "data_set" / "plan.json").read_text("utf-8"))
    assert stored["seeds"] == [1, 3]
    assert stored["alternative"]["version"] == 1


def test_a_damaged_reading_is_read_again(tmp_path):
    path = tmp_path / "ours-00.npz"
    path.write_bytes(b"PK\x03\x04 half a file")
    assert ModelReading.load(path) is None
    assert ModelReading.load(tmp_path / "none.npz") is None
    assert data_set_records(tmp_path) == []
