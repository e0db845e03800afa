"""Which round comes next, how long it will take, and whether it still fits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wapaganda.experiment.plan import Arm, Plan
from wapaganda.experiment.records import FULL, RunRecord

# A training makes 160 steps and one more for every five texts; everything else takes about as long each time.
_STEPS_OF_NONE = 800
_CHOICE = 20
_CAUTION = 1.15
"""What the estimate of a round is multiplied with before it is held against the budget."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work: the shared model of a seed set, the first batch by it, the next round of a run, or
    the model of the whole pool."""

    kind: Literal["share", "choose", "advance", "full"]
    run: RunRecord
    texts: int

    @property
    def key(self) -> tuple[str, int]:
        """What no two workers may work on at once."""
        return ("" if self.kind == "share" else self.run.arm.name, self.run.seed)

    @property
    def weight(self) -> int:
        """How much work it is, by the texts that are learnt."""
        return _CHOICE if self.kind == "choose" else _STEPS_OF_NONE + self.texts


@dataclass
class Schedule:
    """The runs of a plan and what is left of them, seed by seed, the arms of a seed in step."""

    plan: Plan
    runs: dict[tuple[str, int], RunRecord]
    shared: set[int]
    n_pool: int
    busy: set[tuple[str, int]] = field(default_factory=set)
    _seconds: float = 0.0
    _weight: float = 0.0

    @classmethod
    def of(cls, plan: Plan, out: Path, shared: set[int], n_pool: int) -> "Schedule":
        """What the disk leaves to do; a curve that was planned shorter is gone on with."""
        arms = (*plan.strategies, Arm(FULL, FULL, "")) if plan.full else plan.strategies
        runs = {}
        for arm in arms:
            for seed in plan.seeds:
                run = RunRecord(arm, seed).read(out)
                is_short = arm.name != FULL and run.complete and len(run.rounds) <= plan.rounds
                if is_short and run.rounds[-1].texts < n_pool:
                    run = run.until(len(run.rounds) - 1)
                runs[arm.name, seed] = run
        schedule = cls(plan, runs, shared, n_pool)
        for run in runs.values():
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

    def finish(self, task: Task, run: RunRecord, seconds: float) -> None:
        """Take note of what came of a task."""
        self.busy.discard(task.key)
        if task.kind == "share":
            self.shared.add(task.run.seed)
        else:
            self.runs[task.key] = run
        self.learn_pace(task.weight, seconds)

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
        return done, done + sum(task.kind != "share" for task in self._left())

    @property
    def _pace(self) -> float:
        return self._seconds / self._weight if self._weight else 0.0

    def _urgency(self, task: Task) -> tuple[int, int, int]:
        """Seed by seed, so that what is finished is comparable; within one the shared model comes first."""
        place = self.plan.seeds.index(task.run.seed)
        order = {"share": 0, "choose": 1, "advance": 1, "full": 2}[task.kind]
        return place, order, len(task.run.rounds)

    def _open(self) -> Iterator[Task]:
        for (name, seed), run in self.runs.items():
            if run.complete:
                continue
            if name == FULL:
                yield Task("full", run, self.n_pool)
            elif run.rounds:
                yield Task("advance", run, self._texts(len(run.rounds)))
            elif seed in self.shared:
                yield Task("choose", run, self._texts(0))
            else:
                yield Task("share", run, self._texts(0))

    def _left(self) -> Iterator[Task]:
        """Everything that is still to be done, the shared model of a seed once."""
        unshared = set(self.plan.seeds) - self.shared
        for (name, seed), run in self.runs.items():
            if run.complete:
                continue
            if name == FULL:
                yield Task("full", run, self.n_pool)
                continue
            if not run.rounds and seed in unshared:
                unshared.discard(seed)
                yield Task("share", run, self._texts(0))
            yield from (
                Task("advance" if number else "choose", run, self._texts(number))
                for number in range(len(run.rounds), self._n_rounds())
            )

    def _texts(self, number: int) -> int:
        return min(self.n_pool, self.plan.texts_at(number))

    def _n_rounds(self) -> int:
        """How many rounds a curve has: the pool may be empty before its end."""
        numbers = range(1, self.plan.rounds + 1)
        return 1 + sum(self.plan.texts_at(number - 1) < self.n_pool for number in numbers)
