"""The next round, how long it takes, and what is left."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wapaganda.simulation.plan import FULL, Arm, Plan
from wapaganda.simulation.records import RunRecord, TaskResult

# A training takes 160 steps and one more for every five texts; everything else takes about the same time.
_FIXED_WORK = 800
_SELECTION_WORK = 20
FOLDS = 4
"""Trainings of a calibration."""
_SAFETY_FACTOR = 1.15
"""The estimate of a round is multiplied by this before it is compared with the budget."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work.

    It is the shared model of a seed set, its first batch, the next round of a run, the calibration of a
    round's model, or the model of the whole pool.
    """

    kind: Literal["share", "choose", "advance", "calibrate", "full"]
    run: RunRecord
    round: int
    texts: int

    @property
    def key(self) -> tuple[str, str, int]:
        """Only one worker may have a task with this key; the shared model of a seed belongs to no arm."""
        lane = self.kind if self.kind in ("share", "calibrate") else "rounds"
        return lane, "" if self.kind == "share" else self.run.arm.name, self.run.seed

    @property
    def weight(self) -> int:
        """How much work it is, by the number of training texts."""
        trainings = {"choose": 0, "calibrate": FOLDS}.get(self.kind, 1)
        return _SELECTION_WORK + trainings * (_FIXED_WORK + self.texts)


@dataclass
class Schedule:
    """The runs of a plan and what is left of them: seed by seed, all arms of a seed at the same pace."""

    plan: Plan
    runs: dict[tuple[str, int], RunRecord]
    shared: set[int]
    n_pool: int
    busy: set[tuple[str, str, int]] = field(default_factory=set)
    _seconds: float = 0.0
    _weight: float = 0.0

    @classmethod
    def of(cls, plan: Plan, out: Path, shared: set[int], n_pool: int) -> "Schedule":
        """The work that is not stored yet; a curve that was planned shorter is continued."""
        arms = (*plan.strategies, Arm(FULL, FULL, "")) if plan.full else plan.strategies
        schedule = cls(plan, {}, shared, n_pool)
        for arm in arms:
            for seed in plan.seeds:
                run = RunRecord(arm, seed).read(out)
                # Not by the texts: near duplicates are never chosen, so a curve may end before its pool does.
                if arm.name != FULL and run.complete and len(run.rounds) < schedule._n_rounds(arm):
                    run = run.until(len(run.rounds) - 1)
                schedule.runs[arm.name, seed] = run
        for run in schedule.runs.values():
            for record in run.rounds[1:]:
                schedule.learn_pace(_FIXED_WORK + record.texts, record.train_seconds + record.score_seconds)
        return schedule

    def next(self) -> Task | None:
        """The next task that no worker has; ``None`` while all that is left depends on running tasks."""
        return min(
            (task for task in self._open() if task.key not in self.busy), key=self._urgency, default=None
        )

    def finish(self, task: Task, finding: TaskResult, seconds: float) -> RunRecord | None:
        """Record the result of a task; returns the updated run, to be stored."""
        self.busy.discard(task.key)
        self.learn_pace(task.weight, seconds)
        if task.kind == "share":
            self.shared.add(task.run.seed)
            return None
        name = task.run.arm.name, task.run.seed
        run = self.runs[name]
        if finding.record is not None:
            run = run.with_round(finding.record)
        if finding.calibration is not None:
            run = run.with_calibration(task.round, finding.calibration)
        self.runs[name] = run
        return run

    def learn_pace(self, weight: float, seconds: float) -> None:
        """Record how long a task took."""
        self._weight += weight
        self._seconds += seconds

    def expected_seconds(self, task: Task) -> float:
        """How many seconds a task should take at most; 0 while nothing is known."""
        return _SAFETY_FACTOR * task.weight * self._pace

    def seconds_left(self, workers: int) -> float | None:
        """How many seconds the rest should take; ``None`` while nothing is known."""
        left = sum(task.weight for task in self._left())
        return left * self._pace / workers if self._weight else None

    @property
    def counts(self) -> tuple[int, int]:
        """The number of rounds that are done, and of all rounds."""
        done = sum(len(run.rounds) for run in self.runs.values())
        return done, done + sum(task.kind not in ("share", "calibrate") for task in self._left())

    @property
    def steps(self) -> tuple[int, int]:
        """The same with the shared models and the calibrations: everything that takes time."""
        runs = self.runs.values()
        calibrated = sum(each.calibration is not None for run in runs for each in run.rounds)
        done = self.counts[0] + calibrated + len(self.shared & set(self.plan.seeds))
        return done, done + sum(1 for _ in self._left())

    @property
    def is_done(self) -> bool:
        """Whether nothing is left, calibrations included."""
        return next(self._left(), None) is None

    @property
    def n_lanes(self) -> int:
        """How many workers can have a task at the same time."""
        return sum(not run.complete for run in self.runs.values()) + sum(
            task.kind == "calibrate" for task in self._left()
        )

    @property
    def _pace(self) -> float:
        return self._seconds / self._weight if self._weight else 0.0

    def _urgency(self, task: Task) -> tuple[int, int, int]:
        """Seed by seed, so that finished runs are comparable; within a seed the shared model comes first, and
        tasks that no other task needs come last."""
        order = {"share": 0, "choose": 1, "advance": 1, "full": 2, "calibrate": 3}[task.kind]
        return self.plan.seeds.index(task.run.seed), order, task.round

    def _open(self) -> Iterator[Task]:
        """The tasks that can start now."""
        for task in self._left():
            started = len(self.runs[task.run.arm.name, task.run.seed].rounds)
            waits_for_model = task.kind == "choose" and task.run.seed not in self.shared
            waits_for_round = task.kind == "advance" and task.round > started
            waits_for_batches = task.kind == "calibrate" and task.round >= started
            if not (waits_for_model or waits_for_round or waits_for_batches):
                yield task

    def _left(self) -> Iterator[Task]:
        """All tasks that are left, the shared model of a seed once."""
        unshared = set(self.plan.seeds) - self.shared
        for (name, seed), run in self.runs.items():
            started = len(run.rounds)
            if name == FULL:
                if not run.complete:
                    yield Task("full", run, 0, self.n_pool)
                continue
            if not started and seed in unshared:
                unshared.discard(seed)
                yield Task("share", run, 0, self._texts(run.arm, 0))
            if not run.complete:
                for number in range(started, self._n_rounds(run.arm)):
                    yield Task("advance" if number else "choose", run, number, self._texts(run.arm, number))
            yield from self._calibration(run)

    def _calibration(self, run: RunRecord) -> Iterator[Task]:
        """The first model that was trained on enough texts is calibrated."""
        wanted, arm = self.plan.calibrate_at, run.arm
        numbers = (each for each in range(self._n_rounds(arm)) if self._texts(arm, each) >= wanted > 0)
        number = next(numbers, None)
        if number is not None and not (number < len(run.rounds) and run.rounds[number].calibration):
            yield Task("calibrate", run, number, self._texts(arm, number))

    def _texts(self, arm: Arm, number: int) -> int:
        return min(self.n_pool, self.plan.texts_at(arm, number))

    def _n_rounds(self, arm: Arm) -> int:
        """The number of rounds of a curve: the pool may be used up earlier."""
        numbers = range(1, self.plan.rounds + 1)
        return 1 + sum(self.plan.texts_at(arm, number - 1) < self.n_pool for number in numbers)
