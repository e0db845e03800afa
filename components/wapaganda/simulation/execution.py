"""A whole simulation: all runs of a plan, in parallel; after an interruption it continues."""

import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wapaganda.errors import InputError
from wapaganda.ner import Document, LabelSchema
from wapaganda.progress import Progress, silent
from wapaganda.simulation.folder import locked, settle_plan
from wapaganda.simulation.oracle import Oracle
from wapaganda.simulation.plan import FULL, Plan
from wapaganda.simulation.runner import Runner
from wapaganda.simulation.schedule import Schedule, Task
from wapaganda.simulation.workers import Done, Workers

POOL_SEED = 20240229
"""Draws the pool from a larger training file; the same for every seed, so that all use one pool."""


@dataclass(frozen=True, slots=True)
class LabelledCorpus:
    """Labelled texts: those to choose from and those to evaluate on; ``name`` is for the report."""

    train: Sequence[Document]
    test: Sequence[Document]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a call: whether the plan is complete, if not why, rounds done of all, seconds it took."""

    complete: bool
    stopped: str
    done: int
    total: int
    seconds: float


def simulate(
    corpus: LabelledCorpus,
    plan: Plan,
    out: Path,
    *,
    jobs: int | None = None,
    budget: float | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Run ``plan`` on labelled texts and store every finished round in ``out``.

    Rounds that ``out`` has already are not repeated. With a ``budget`` (seconds) no round is started that
    would not end in time. ``jobs``: the number of processes, one for each core if ``None``. ``progress`` gets
    a sentence for each finished task, and counts tasks: rounds, models of the seed sets and calibrations.

    Raises:
        InputError: the texts are too few for the plan, or ``out`` has another simulation.
        EncoderUnavailable: the encoder cannot be loaded.
        WorkerError: a round failed.
    """
    started = time.monotonic()
    pool = draw_pool(corpus.train, plan)
    _check(pool, corpus.test, plan)
    cores = jobs or _cores()
    with locked(out), tempfile.TemporaryDirectory(prefix="encoder-", dir=out) as folder:
        settle_plan(plan, corpus.name, pool, corpus.test, out)
        encoder = plan.loop.encoder
        if plan.layers:
            encoder = cut_encoder(encoder, plan.layers, Path(folder))
        runner = Runner(plan, pool, corpus.test, encoder, out)
        schedule = Schedule.of(plan, out, runner.shared(), len(pool))
        deadline = started + budget if budget is not None else None
        _work(schedule, runner, cores, deadline, progress)
    done, total = schedule.counts
    stopped = "" if schedule.is_done else _stopped(budget, total - done, total)
    return Outcome(schedule.is_done, stopped, done, total, time.monotonic() - started)


def _cores() -> int:
    """Those that this process may use, if the system can say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _stopped(budget: float | None, missing: int, total: int) -> str:
    what = f"{missing:,} of {total:,} rounds are missing" if missing else "a calibration is missing"
    return f"The budget of {budget:g} s is spent: {what}; the same command continues from there."


def draw_pool(train: Sequence[Document], plan: Plan) -> list[Document]:
    """The texts to choose from: of a large file a part, drawn with a fixed seed."""
    if plan.pool_size is None or len(train) <= plan.pool_size:
        return list(train)
    kept = sorted(random.Random(POOL_SEED).sample(range(len(train)), plan.pool_size))
    return [train[index] for index in kept]


def _check(pool: Sequence[Document], test: Sequence[Document], plan: Plan) -> None:
    if len(pool) <= plan.seed_size:
        raise InputError(
            f"Expected more texts to choose from than the {plan.seed_size:,} of the seed set, "
            f"was: {len(pool):,}"
        )
    Oracle(pool)  # rejects texts without labels and repeated ids before anything starts
    for name, documents in (("train on", pool), ("evaluate on", test)):
        if not any(document.spans for document in documents):
            raise InputError(f"Expected texts with entities to {name}, was: none in {len(documents):,} texts")


def _work(schedule: Schedule, runner: Runner, cores: int, deadline: float | None, progress: Progress) -> None:
    """Work until nothing is left, or until nothing fits before the deadline."""
    if schedule.next() is None:
        return
    n = min(cores, schedule.n_lanes)
    with Workers(n, max(1, cores // n), runner) as workers:
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
                    run.write(runner.out)
                progress(_sentence(done) + _left(schedule.seconds_left(n)), *schedule.steps)


def _fitting(schedule: Schedule, deadline: float | None) -> Task | None:
    task = schedule.next()
    if task is None or deadline is None:
        return task
    return task if time.monotonic() + schedule.expected_seconds(task) <= deadline else None


def _sentence(done: Done) -> str:
    seed, arm = done.task.run.seed, done.task.run.arm
    took = f"took {_short(done.seconds)}"
    if done.task.kind == "share":
        return f"seed {seed}: the model of the seed set is trained; {took}"
    if done.finding.calibration is not None:
        return f"seed {seed}, {arm.name}: temperature {done.finding.calibration['temperature']:.2f}; {took}"
    record = done.finding.record
    assert record is not None
    name = "all texts" if arm.name == FULL else arm.name
    work = f"{record.texts:,} texts, {_short(record.seconds)} of an annotator's work"
    return f"seed {seed}, {name}: F1 {100 * record.f1:.1f} with {work}; {took}"


def _left(seconds: float | None) -> str:
    if not seconds:
        return ""
    return f"; about {_short(seconds)} left"


def _short(seconds: float) -> str:
    minutes = seconds / 60
    short = f"{seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min"
    return short if minutes < 120 else f"{minutes / 60:.1f} h"


def cut_encoder(name: str, layers: int, folder: Path) -> str:
    """Write the ``layers`` lower layers of the encoder ``name`` into ``folder``; returns the folder's name.

    Raises:
        EncoderUnavailable: the encoder cannot be loaded.
        InputError: it has fewer layers.
    """
    from transformers import AutoModel, AutoTokenizer

    from wapaganda.tagger import quiet_transformers
    from wapaganda.trainer import load_encoder

    loaded = load_encoder(name, LabelSchema(("any",)), casing=False)
    has = int(loaded.model.config.num_hidden_layers)
    if not 1 <= layers <= has:
        raise InputError(f"Expected 1 to {has} layers of the encoder {name}, was: {layers}")
    with quiet_transformers():
        source = str(Path(name).expanduser()) if Path(name).expanduser().is_dir() else name
        model = AutoModel.from_pretrained(
            source,
            num_hidden_layers=layers,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        model.save_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True, trust_remote_code=False)
        tokenizer.save_pretrained(folder)
    return str(folder)
