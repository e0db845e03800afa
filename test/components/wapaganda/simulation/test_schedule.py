"""In which order the rounds come, and how long they should take; nothing is trained."""

from dataclasses import replace
from pathlib import Path

import pytest

from wapaganda.pipeline import LoopConfig
from wapaganda.simulation import Arm, Plan
from wapaganda.simulation.execution import _sentence
from wapaganda.simulation.records import RoundRecord, RunRecord, TaskResult
from wapaganda.simulation.schedule import Schedule, Task
from wapaganda.simulation.workers import Done

A, B = Arm("random", "random", "mnlp"), Arm("hybrid", "hybrid", "mnlp")
PLAN = Plan(
    (A, B), LoopConfig("any"), seed_size=10, batch=10, rounds=2, seeds=(1, 2), calibrate_at=20, full=True
)
EMPTY = {
    "words": 0, "entities": 0, "seconds": 0.0, "seconds_correcting": 0.0, "f1": 0.0, "precision": 0.0,
    "recall": 0.0, "macro_f1": 0.0, "per_type": {}, "labelled_types": {}, "estimated_f1": None,
    "true_pool_f1": None, "calibration": None, "near_duplicates": 0, "batch_correcting": 0.0,
    "train_seconds": 5.0, "score_seconds": 1.0, "peak_memory_mb": 1.0, "model_seed": 1,
}  # fmt: skip


def result(task: Task, rounds: int) -> TaskResult:
    """What a round would bring, without any work."""
    if task.kind == "share":
        return TaskResult()
    if task.kind == "calibrate":
        return TaskResult(calibration={"temperature": 1.0})
    last = task.kind == "full" or task.round == rounds
    chosen = () if last else (f"{task.run.arm.name}-{task.round}",)
    return TaskResult(RoundRecord(round=task.round, texts=task.texts, batch_ids=chosen, **EMPTY))


def finish_all(schedule: Schedule, out: Path) -> list[tuple[str, str, int, int]]:
    order = []
    while (task := schedule.next()) is not None:
        order.append((task.kind, task.run.arm.name, task.run.seed, task.round))
        run = schedule.finish(task, result(task, schedule.plan.rounds), task.weight / 100)
        if run is not None:
            run.write(out)
    return order


def test_seed_by_seed_and_the_arms_in_step(tmp_path):
    schedule = Schedule.of(PLAN, tmp_path, set(), 100)
    assert schedule.steps == (0, 20)
    order = finish_all(schedule, tmp_path)
    assert [task[:2] + task[3:] for task in order if task[2] == 1] == [
        ("share", "random", 0),
        ("choose", "random", 0),
        ("choose", "hybrid", 0),
        ("advance", "random", 1),
        ("advance", "hybrid", 1),
        ("advance", "random", 2),
        ("advance", "hybrid", 2),
        ("full", "full", 0),
        ("calibrate", "random", 1),
        ("calibrate", "hybrid", 1),
    ]
    assert [task[2] for task in order] == [1] * 10 + [2] * 10
    assert schedule.is_done
    assert schedule.counts == (14, 14)
    assert schedule.steps == (20, 20)
    assert schedule.seconds_left(2) == 0


def test_progress_says_what_took_time_here_and_what_an_annotator_would_take():
    run = RunRecord(PLAN.strategies[0], 1)
    record = RoundRecord(round=1, texts=90, batch_ids=(), **{**EMPTY, "seconds": 1441.0, "f1": 0.5})
    done = Done(Task("advance", run, 1, 90), TaskResult(record), 35.0)
    assert _sentence(done) == (
        "seed 1, random: F1 50.0 with 90 texts, 24 min of an annotator's work; took 35 s"
    )


def test_a_task_is_given_to_one_worker_only(tmp_path):
    schedule = Schedule.of(PLAN, tmp_path, {1}, 100)
    given = []
    while (task := schedule.next()) is not None:
        schedule.busy.add(task.key)
        given.append(task)
    assert len({task.key for task in given}) == len(given)
    assert [(task.kind, task.run.arm.name, task.run.seed) for task in given] == [
        ("choose", "random", 1),
        ("choose", "hybrid", 1),
        ("full", "full", 1),
        ("share", "random", 2),
        ("full", "full", 2),
    ]


def test_nothing_is_done_again(tmp_path):
    finish_all(Schedule.of(PLAN, tmp_path, set(), 100), tmp_path)
    again = Schedule.of(PLAN, tmp_path, {1, 2}, 100)
    assert again.is_done
    assert again.next() is None
    more = Schedule.of(replace(PLAN, seeds=(1, 2, 3)), tmp_path, {1, 2}, 100)
    assert {task[2] for task in finish_all(more, tmp_path)} == {3}


def test_a_longer_plan_continues_from_the_last_round(tmp_path):
    finish_all(Schedule.of(PLAN, tmp_path, set(), 100), tmp_path)
    longer = Schedule.of(replace(PLAN, rounds=3, seeds=(1,)), tmp_path, {1}, 100)
    # The last round had chosen nothing, so it comes again.
    assert [task[3] for task in finish_all(longer, tmp_path) if task[1] == "random"] == [2, 3]


def test_a_pool_that_is_empty_ends_the_curve(tmp_path):
    run = RunRecord(A, 1)
    for number, (texts, chosen) in enumerate([(10, ("x",)), (15, ())]):
        run = run.with_round(RoundRecord(round=number, texts=texts, batch_ids=chosen, **EMPTY))
    run.write(tmp_path)
    plan = replace(PLAN, strategies=(A,), seeds=(1,), full=False, rounds=8, calibrate_at=0)
    assert Schedule.of(plan, tmp_path, {1}, 15).is_done


def test_a_curve_that_leaves_near_duplicates_in_the_pool_is_not_done_again(tmp_path):
    plan = replace(PLAN, strategies=(A,), seeds=(1,), rounds=5, full=False, calibrate_at=0)
    schedule = Schedule.of(plan, tmp_path, set(), 25)
    while (task := schedule.next()) is not None:
        finding = result(task, 2)
        if finding.record is not None:
            finding = TaskResult(replace(finding.record, texts=min(24, task.texts)))
        run = schedule.finish(task, finding, 1.0)
        if run is not None:
            run.write(tmp_path)

    assert Schedule.of(plan, tmp_path, {1}, 25).is_done


def test_time_is_estimated_from_the_number_of_training_texts(tmp_path):
    schedule = Schedule.of(replace(PLAN, full=False, calibrate_at=0), tmp_path, set(), 100)
    first = schedule.next()
    assert schedule.expected_seconds(first) == 0  # nothing is known yet
    assert schedule.seconds_left(1) is None
    schedule.busy.add(first.key)
    schedule.finish(first, TaskResult(), 10.0)
    choice = schedule.next()
    assert choice.kind == "choose"
    assert schedule.expected_seconds(choice) < 1
    trainings = 4 + 4 + 1  # two rounds of two arms, two seeds, and the other seed's model
    assert schedule.seconds_left(1) == pytest.approx(10.0 * trainings, rel=0.15)
    assert schedule.seconds_left(2) == pytest.approx(schedule.seconds_left(1) / 2)
