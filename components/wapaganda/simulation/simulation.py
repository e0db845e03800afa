"""A whole simulation: all runs of a plan, in parallel, gone on with after whatever stopped it."""

import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wapaganda.ner import Document
from wapaganda.simulation.encoder import cut_encoder
from wapaganda.simulation.folder import alone, settle
from wapaganda.simulation.laboratory import Laboratory
from wapaganda.simulation.oracle import Oracle
from wapaganda.simulation.plan import FULL, Plan
from wapaganda.simulation.schedule import Schedule, Task
from wapaganda.simulation.workers import Done, Workers

POOL_DICE = 20240229
"""Draws the pool out of a larger training file; the same for every seed, so that all compete on one pool."""


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a simulation is: a sentence, rounds, and seconds left (``None``: nobody knows yet)."""

    told: str
    done: int
    total: int
    seconds_left: float | None


OnAdvance = Callable[[Advance], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call did: whether the plan is fulfilled, if not why, rounds done of all, seconds it took."""

    complete: bool
    stopped: str
    done: int
    total: int
    seconds: float


def simulate(
    train: Sequence[Document],
    test: Sequence[Document],
    plan: Plan,
    out: Path,
    *,
    corpus: str = "",
    jobs: int | None = None,
    budget: float | None = None,
    progress: OnAdvance = lambda _: None,
) -> Outcome:
    """Run ``plan`` on labelled texts and keep every finished round below ``out``.

    What ``out`` has of the plan is not done again. With a ``budget`` (seconds) no round begins that would not
    end in time. ``jobs``: processes, one for each core when ``None``. ``corpus``: a name for the report.

    Raises:
        ValueError: the texts do not suffice for the plan, or ``out`` holds another simulation.
        EncoderUnavailable: the encoder cannot be had.
        WorkerError: a round failed.
    """
    started = time.monotonic()
    pool = draw_pool(train, plan)
    _check(pool, test, plan)
    cores = jobs or _cores()
    with alone(out), tempfile.TemporaryDirectory(prefix="encoder-", dir=out) as folder:
        settle(plan, corpus, pool, test, out)
        encoder = cut_encoder(plan.encoder, plan.layers, Path(folder)) if plan.layers else plan.encoder
        laboratory = Laboratory(plan, pool, test, encoder, out)
        schedule = Schedule.of(plan, out, laboratory.shared(), len(pool))
        deadline = started + budget if budget is not None else None
        _work(schedule, laboratory, cores, deadline, progress)
    done, total = schedule.counts
    stopped = "" if schedule.is_done else _stopped(budget, total - done, total)
    return Outcome(schedule.is_done, stopped, done, total, time.monotonic() - started)


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _stopped(budget: float | None, missing: int, total: int) -> str:
    what = f"{missing:,} of {total:,} rounds are missing" if missing else "a calibration is missing"
    return f"The budget of {budget:g} s is spent: {what}; the same command goes on where it stopped."


def draw_pool(train: Sequence[Document], plan: Plan) -> list[Document]:
    """The texts that can be chosen from: of a large file a part, drawn by dice that no seed changes."""
    if plan.pool_size is None or len(train) <= plan.pool_size:
        return list(train)
    kept = sorted(random.Random(POOL_DICE).sample(range(len(train)), plan.pool_size))
    return [train[index] for index in kept]


def _check(pool: Sequence[Document], test: Sequence[Document], plan: Plan) -> None:
    if len(pool) <= plan.seed_size:
        raise ValueError(
            f"Expected more texts to choose from than the {plan.seed_size:,} of the seed set, "
            f"was: {len(pool):,}"
        )
    Oracle(pool)  # refuses what has no labels, or an id twice, before anything is begun
    for name, documents in (("train on", pool), ("judge on", test)):
        if not any(document.spans for document in documents):
            raise ValueError(f"Expected texts with entities to {name}, was: none in {len(documents):,} texts")


def _work(
    schedule: Schedule, laboratory: Laboratory, cores: int, deadline: float | None, progress: OnAdvance
) -> None:
    """Work until nothing is left, or until nothing fits before the deadline."""
    if schedule.next() is None:
        return
    n = min(cores, schedule.n_lanes)
    with Workers(n, max(1, cores // n), laboratory) as workers:
        while True:
            while workers.n_idle and (task := _fitting(schedule, deadline)) is not None:
                schedule.busy.add(task.key)
                workers.give(task)
            if not schedule.busy:
                return
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            for done in workers.wait(left):
                run = schedule.finish(done.task, done.finding, done.seconds)
                if run is not None:
                    run.write(laboratory.out)
                progress(_advance(schedule, done, n))


def _fitting(schedule: Schedule, deadline: float | None) -> Task | None:
    task = schedule.next()
    if task is None or deadline is None:
        return task
    return task if time.monotonic() + schedule.expected_seconds(task) <= deadline else None


def _advance(schedule: Schedule, done: Done, workers: int) -> Advance:
    finished, total = schedule.counts
    return Advance(_sentence(done), finished, total, schedule.seconds_left(workers))


def _sentence(done: Done) -> str:
    seed, arm = done.task.run.seed, done.task.run.arm
    if done.task.kind == "share":
        return f"seed {seed}: the model of the seed set is trained"
    if done.finding.calibration is not None:
        return f"seed {seed}, {arm.name}: temperature {done.finding.calibration['temperature']:.2f}"
    record = done.finding.record
    assert record is not None
    name = "all texts" if arm.name == FULL else arm.name
    return (
        f"seed {seed}, {name}: F1 {100 * record.f1:.1f} with {record.texts:,} texts, {record.seconds:,.0f} s"
    )
