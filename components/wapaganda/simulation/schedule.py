"""Which round comes next, how long it will take, and whether it still fits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wapaganda.simulation.plan import FULL, Arm, Plan
from wapaganda.simulation.records import Finding, RunRecord
from wapaganda.uncertainty import find_measure

# A training makes 160 steps and one more for every five texts; everything else takes about as long each time.
_STEPS_OF_NONE = 800
_CHOICE = 20
FOLDS = 4
"""Trainings of a calibration, and of a committee."""
_CAUTION = 1.15
"""What the estimate of a round is multiplied with before it is held against the budget."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work: the shared model of a seed set, the first batch by it, the next round of a run, the
    calibration of a round's model, or the model of the whole pool."""

    kind: Literal["share", "choose", "advance", "calibrate", "full"]
    run: RunRecord
    round: int
    texts: int

    @property
    def key(self) -> tuple[str, str, int]:
        """What no two workers may work on at once; the shared model of a seed belongs to no arm."""
        lane = self.kind if self.kind in ("share", "calibrate") else "rounds"
        return lane, "" if self.kind == "share" else self.run.arm.name, self.run.seed

    @property
    def weight(self) -> int:
        """How much work it is, by the texts that are learnt."""
        trainings = {"choose": 0, "calibrate": FOLDS}.get(self.kind, 1)
        if self.kind in ("choose", "advance") and find_measure(self.run.arm.measure).committee:
            trainings += FOLDS
        return _CHOICE + trainings * (_STEPS_OF_NONE + self.texts)


@dataclass
class Schedule:
    """The runs of a plan and what is left of them, seed by seed, the arms of a seed in step."""

    plan: Plan
    runs: dict[tuple[str, int], RunRecord]
    shared: set[int]
    n_pool: int
    busy: set[tuple[str, str, int]] = field(default_factory=set)
    _seconds: float = 0.0
    _weight: float = 0.0

    @classmethod
    def of(cls, plan: Plan, out: Path, shared: set[int], n_pool: int) -> "Schedule":
        """What the disk leaves to do; a curve that was planned shorter is gone on with."""
        arms = (*plan.strategies, Arm(FULL, FULL, "")) if plan.full else plan.strategies
        schedule = cls(plan, {}, shared, n_pool)
        for arm in arms:
            for seed in plan.seeds:
                run = RunRecord(arm, seed).read(out)
                # Not by the texts: near copies are never chosen, so a curve may end a little before its pool.
                if arm.name != FULL and run.complete and len(run.rounds) < schedule._n_rounds(arm):
                    run = run.until(len(run.rounds) - 1)
                schedule.runs[arm.name, seed] = run
        for run in schedule.runs.values():
            for record in run.rounds[1:]:
                schedule.learn_pace(
                    _STEPS_OF_NONE + record.texts, record.train_seconds + record.score_seconds
                )
        return schedule

    def next(self) -> Task | None:
        """The next piece of work that nobody is at; ``None`` while all that is left waits for another."""
        return min(
            (task for task in self._open() if task.key not in self.busy), key=self._urgency, default=None
        )

    def finish(self, task: Task, finding: Finding, seconds: float) -> RunRecord | None:
        """Take note of what came of a task; the run as it is now, to be written down."""
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
        """Take note of how long a piece of work took."""
        self._weight += weight
        self._seconds += seconds

    def expected_seconds(self, task: Task) -> float:
        """How long a task should take at most; 0 when nothing is known yet."""
        return _CAUTION * task.weight * self._pace

    def seconds_left(self, workers: int) -> float | None:
        """How long the rest should take; ``None`` when nothing is known yet."""
        left = sum(task.weight for task in self._left())
        return left * self._pace / workers if self._weight else None

    @property
    def counts(self) -> tuple[int, int]:
        """How many rounds are done, and how many there are in all."""
        done = sum(len(run.rounds) for run in self.runs.values())
        return done, done + sum(task.kind not in ("share", "calibrate") for task in self._left())

    @property
    def is_done(self) -> bool:
        """Whether nothing is left, calibrations included."""
        return next(self._left(), None) is None

    @property
    def n_lanes(self) -> int:
        """How many workers may have something to do at a time."""
        return sum(not run.complete for run in self.runs.values()) + sum(
            task.kind == "calibrate" for task in self._left()
        )

    @property
    def _pace(self) -> float:
        return self._seconds / self._weight if self._weight else 0.0

    def _urgency(self, task: Task) -> tuple[int, int, int]:
        """Seed by seed, so that what is finished is comparable; within one the shared model comes first, and
        what nobody waits for last."""
        order = {"share": 0, "choose": 1, "advance": 1, "full": 2, "calibrate": 3}[task.kind]
        return self.plan.seeds.index(task.run.seed), order, task.round

    def _open(self) -> Iterator[Task]:
        """What can be begun now."""
        for task in self._left():
            begun = len(self.runs[task.run.arm.name, task.run.seed].rounds)
            waits_for_model = task.kind == "choose" and task.run.seed not in self.shared
            waits_for_round = task.kind == "advance" and task.round > begun
            waits_for_batches = task.kind == "calibrate" and task.round >= begun
            if not (waits_for_model or waits_for_round or waits_for_batches):
                yield task

    def _left(self) -> Iterator[Task]:
        """Everything that is still to be done, the shared model of a seed once."""
        unshared = set(self.plan.seeds) - self.shared
        for (name, seed), run in self.runs.items():
            begun = len(run.rounds)
            if name == FULL:
                if not run.complete:
                    yield Task("full", run, 0, self.n_pool)
                continue
            if not begun and seed in unshared:
                unshared.discard(seed)
                yield Task("share", run, 0, self._texts(run.arm, 0))
            if not run.complete:
                for number in range(begun, self._n_rounds(run.arm)):
                    yield Task("advance" if number else "choose", run, number, self._texts(run.arm, number))
            yield from self._calibration(run)

    def _calibration(self, run: RunRecord) -> Iterator[Task]:
        """The first model that has learnt enough texts is the one that is calibrated."""
        wanted, arm = self.plan.calibrate_at, run.arm
        numbers = (each for each in range(self._n_rounds(arm)) if self._texts(arm, each) >= wanted > 0)
        number = next(numbers, None)
        if number is not None and not (number < len(run.rounds) and run.rounds[number].calibration):
            yield Task("calibrate", run, number, self._texts(arm, number))

    def _texts(self, arm: Arm, number: int) -> int:
        return min(self.n_pool, self.plan.texts_at(arm, number))

    def _n_rounds(self, arm: Arm) -> int:
        """How many rounds a curve has: the pool may be empty before its end."""
        numbers = range(1, self.plan.rounds + 1)
        return 1 + sum(self.plan.texts_at(arm, number - 1) < self.n_pool for number in numbers)
