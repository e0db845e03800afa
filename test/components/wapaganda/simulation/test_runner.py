"""One simulation after another in this process, with a tiny encoder, on texts of which few are worth it."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wapaganda.ner import Document, Span
from wapaganda.pipeline import LoopConfig
from wapaganda.simulation import Arm, Plan, runner
from wapaganda.simulation.records import RunRecord
from wapaganda.simulation.runner import Runner
from wapaganda.simulation.schedule import Schedule
from wapaganda.uncertainty import MEASURES, Measure
from wapaganda.uncertainty.registry import _REGISTRY

pytestmark = pytest.mark.real

NAMES, CITIES = ("anna", "bob", "carla", "dieter"), ("oslo", "rome", "paris")
PLAIN = ("went", "to", "and", "saw", "in", ".")
TIMINGS = ("train_seconds", "score_seconds", "peak_memory_mb")
RANDOM = Arm("random", "random", "boundary")
GOOD = Arm("good", "uncertainty", "expected_errors")


def toy_text(number: int, draw: random.Random, informative: bool) -> Document:
    text, spans = "", []
    for _ in range(9):
        word = draw.choice(NAMES + CITIES) if informative and draw.random() < 0.4 else draw.choice(PLAIN)
        start = len(text) + bool(text)
        text = f"{text} {word}".strip()
        if word not in PLAIN:
            spans.append(Span(start, len(text), "NAME" if word in NAMES else "CITY"))
    return Document(f"t{number}", text, tuple(spans))


def toy_texts(n: int, seed: int, share: float) -> list[Document]:
    draw = random.Random(seed)
    return [toy_text(number, draw, number < n * share) for number in range(n)]


@pytest.fixture
def build(tiny_encoder, tmp_path) -> Callable[..., Runner]:
    """A runner in a folder of its own."""

    def make(folder: str = "out", share: float = 0.7, **changes) -> Runner:
        loop = LoopConfig(
            tiny_encoder,
            learning_rate=changes.pop("learning_rate", 3e-3),
            train_steps=changes.pop("train_steps", 60),
            cost_exponent=0.0,
            device="cpu",
        )
        plan = Plan(
            **{
                "strategies": (RANDOM, GOOD),
                "loop": loop,
                "seed_size": 20,
                "batch": 6,
                "rounds": 2,
                "seeds": (1,),
                "full": False,
                "calibrate_at": 0,
                **changes,
            }
        )
        out = tmp_path / folder
        out.mkdir(exist_ok=True)
        return Runner(plan, toy_texts(120, 1, share), toy_texts(30, 2, 1.0), tiny_encoder, out)

    return make


def play(lab: Runner) -> dict[tuple[str, int], RunRecord]:
    """Do all that the plan asks for, one task after another."""
    schedule = Schedule.of(lab.plan, lab.out, lab.shared(), len(lab.pool))
    while (task := schedule.next()) is not None:
        run = schedule.finish(task, lab.work(task), 1.0)
        if run is not None:
            run.write(lab.out)
    assert schedule.is_done
    return schedule.runs


def without_timings(path: Path) -> dict:
    values = json.loads(path.read_text())
    for each in values["rounds"]:
        for name in TIMINGS:
            del each[name]
    return values


def test_random_draws_without_replacement_until_the_pool_is_empty(build):
    lab = build(strategies=(RANDOM,), batch=40, rounds=9)
    run = play(lab)["random", 1]
    asked = [each for record in run.rounds for each in record.batch_ids]
    known = [*lab.seed_set(1), *asked]
    assert len(known) == len(set(known))
    assert [record.texts for record in run.rounds] == [20, 60, 100, len(known)]
    assert run.complete
    # Only near copies of labelled texts may be left over.
    assert len(known) > 110


def test_the_selection_never_sees_a_label(build, monkeypatch):
    given = []

    def spy(pool, scored, labelled, config, seed):
        given.append((pool, labelled))
        return choose(pool, scored, labelled, config, seed)

    choose = runner.choose
    monkeypatch.setattr(runner, "choose", spy)
    lab = build()
    play(lab)
    assert len(given) > 2 * lab.plan.rounds
    for pool, labelled in given:
        assert all(document.spans is None and not document.meta for document in pool)
        assert not {document.id for document in pool} & {document.id for document in labelled}


def test_the_spy_would_catch_a_leak(build, monkeypatch):
    lab = build(rounds=1)
    monkeypatch.setattr(runner.Oracle, "waiting", lambda self: list(lab.pool))
    with pytest.raises(AssertionError):
        test_the_selection_never_sees_a_label(lambda: lab, monkeypatch)


def test_the_model_of_a_seed_set_is_trained_once_for_all_arms(build, monkeypatch):
    sizes = []

    def counted(job, *arguments):
        sizes.append(len(job.documents))
        return train(job, *arguments)

    train = runner.train
    monkeypatch.setattr(runner, "train", counted)
    runs = play(build(rounds=1, seeds=(1, 2)))
    assert sorted(sizes) == [20, 20, 26, 26, 26, 26]
    for seed in (1, 2):
        first, second = (replace(runs[arm, seed].rounds[0], batch_ids=()) for arm in ("random", "good"))
        assert (first.f1, first.estimated_f1, first.seconds) == (
            second.f1, second.estimated_f1, second.seconds,
        )  # fmt: skip


@pytest.mark.slow
def test_the_same_seed_gives_the_same_curve_and_another_one_another(build):
    one, two = build("one"), build("two")
    play(one)
    play(two)
    for name in ("random-seed1.json", "good-seed1.json"):
        assert without_timings(one.out / "runs" / name) == without_timings(two.out / "runs" / name)
    assert one.seed_set(1) != one.seed_set(2)


@pytest.mark.slow
def test_a_continued_curve_equals_an_uninterrupted_one(build):
    whole, broken = build("whole"), build("broken", rounds=1)
    play(whole)
    play(broken)  # its last round chose nothing, because no round was to follow
    play(replace(broken, plan=whole.plan))
    for name in ("random-seed1.json", "good-seed1.json"):
        assert without_timings(whole.out / "runs" / name) == without_timings(broken.out / "runs" / name)


@pytest.mark.slow
def test_an_inverted_measure_does_worse_than_random_and_the_right_one_better(build, monkeypatch):
    def inverted(log_probs, lengths):
        return 1.0 - MEASURES["expected_errors"](log_probs, lengths)

    monkeypatch.setitem(_REGISTRY._entries, "inverted", Measure("inverted", inverted, False, ""))
    bad = Arm("bad", "uncertainty", "inverted")
    runs = play(
        build(
            strategies=(RANDOM, GOOD, bad),
            share=0.25,
            seeds=(1, 2),
            rounds=1,
            seed_size=32,
            batch=16,
            learning_rate=1e-3,
            train_steps=120,
        )
    )

    def reached(name: str) -> float:
        return float(np.mean([runs[name, seed].rounds[-1].f1 for seed in (1, 2)]))

    assert reached("bad") + 0.05 < reached("random") < reached("good") - 0.05


def test_costs_add_up(build):
    lab = build(strategies=(GOOD,))
    run = play(lab)["good", 1]
    gold = {document.id: document for document in lab.pool}
    first, second = run.rounds[:2]
    assert first.seconds == first.seconds_correcting
    assert first.words == 20 * 9
    assert first.seconds == pytest.approx(0.39 * first.words + 4.2 * first.entities)
    added = sum(len(gold[each].spans) for each in first.batch_ids)
    assert second.entities == first.entities + added
    assert second.labelled_types["NAME"] + second.labelled_types["CITY"] == second.entities
    spent = second.seconds_correcting - first.seconds_correcting
    assert spent == pytest.approx(first.batch_correcting)
    # Reading alone is the least; marking all and removing as much again the most that can be asked for here.
    assert 0.39 * 6 * 9 <= spent <= 0.39 * 6 * 9 + 4.2 * added + 1.5 * 6 * 9


@pytest.mark.slow
def test_the_first_model_with_enough_texts_is_calibrated(build):
    runs = play(build(calibrate_at=26, full=True, rounds=2))
    for name in ("random", "good"):
        first, second, third = runs[name, 1].rounds
        assert first.calibration is None
        assert third.calibration is None
        found = second.calibration
        assert 0.25 <= found["temperature"] <= 8
        assert sum(n for _, _, n in found["bins"]) == found["n_spans"]
        assert found["estimated_f1_before"] == second.estimated_f1
    full = runs["full", 1].rounds
    assert [(each.texts, each.batch_ids, each.true_pool_f1) for each in full] == [(120, (), None)]
