"""One round of one run, with everything the product uses: its trainer, its scores, its choice."""

import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wapaganda.effort import count_corrections, seconds_correcting, seconds_from_scratch
from wapaganda.experiment.cache import SharedReading, load_reading, save_reading
from wapaganda.experiment.oracle import Oracle
from wapaganda.experiment.plan import Arm, Plan
from wapaganda.experiment.reading import Judged, PoolReading, judge_test
from wapaganda.experiment.records import RoundRecord, RunRecord
from wapaganda.experiment.schedule import Task
from wapaganda.ner import Document, LabelSchema, Span, word_offsets
from wapaganda.pipeline import choose, score_tagged
from wapaganda.sampler import near_duplicates
from wapaganda.tagger import Tagger
from wapaganda.trainer import recipe_for, train

MODEL_STRIDE = 1009
"""Between the dice of two seeds; a simulation has fewer rounds than that."""


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What all rounds of a simulation share; ``encoder`` is a folder or a name, cut to the plan's layers."""

    plan: Plan
    pool: Sequence[Document]
    test: Sequence[Document]
    encoder: str
    out: Path

    def work(self, task: Task) -> RunRecord:
        """Do one task; the run as it is afterwards."""
        if task.kind == "share":
            self.share(task.run.seed)
            return task.run
        return self.learn_all(task.run) if task.kind == "full" else self.advance(task.run)

    def share(self, seed: int) -> None:
        """Train the model of the seed set once, for all arms."""
        oracle = Oracle(self.pool)
        labelled = oracle.answer(self.seed_set(seed))
        judged, reading = self._learn(oracle, labelled, model_seed(seed, 0))
        save_reading(self.out, seed, SharedReading(judged, reading))

    def advance(self, run: RunRecord) -> RunRecord:
        """The run with its next round, written down.

        Raises:
            ValueError: the run is over, or what it says of itself does not belong to these texts.
        """
        number, seed = len(run.rounds), run.seed
        oracle = Oracle(self.pool)
        seed_ids = self.seed_set(seed)
        labelled = oracle.answer(seed_ids)
        for record in run.rounds:
            labelled += oracle.answer(record.batch_ids)
        shared = load_reading(self.out, seed) if number == 0 else None
        if shared is None:
            judged, reading = self._learn(oracle, labelled, model_seed(seed, number))
        else:
            judged, reading = shared.judged, shared.reading
        started = time.monotonic()
        chosen = (
            ()
            if number == self.plan.rounds
            else self._choose(run.arm, seed, number, oracle, labelled, reading)
        )
        answers = Oracle(self.pool).answer(chosen)
        record = replace(
            self._record(number, labelled, judged, model_seed(seed, number)),
            seconds_correcting=self._correcting(run, labelled),
            batch_ids=chosen,
            batch_correcting=_correcting_seconds(answers, reading.proposals(chosen)),
            near_duplicates=near_duplicates([document.text for document in answers]),
            score_seconds=round(judged.score_seconds + time.monotonic() - started, 3),
        )
        run = run.with_round(record, complete=not chosen)
        run.write(self.out)
        return run

    def learn_all(self, run: RunRecord) -> RunRecord:
        """The run of the whole pool, written down: what could be reached if all were labelled."""
        oracle = Oracle(self.pool)
        labelled = oracle.answer([document.id for document in self.pool])
        judged, _ = self._learn(oracle, labelled, model_seed(run.seed, 0))
        record = self._record(0, labelled, judged, model_seed(run.seed, 0))
        run = run.with_round(record, complete=True)
        run.write(self.out)
        return run

    def seed_set(self, seed: int) -> tuple[str, ...]:
        """The ids of the texts with which every arm begins: drawn by lot, as the product does."""
        config = replace(self.plan.config(), batch_size=self.plan.seed_size)
        picks = choose(Oracle(self.pool).waiting(), None, (), config, model_seed(seed, 0)).picks
        return tuple(pick.id for pick in picks)

    def _learn(self, oracle: Oracle, labelled: Sequence[Document], dice: int) -> tuple[Judged, PoolReading]:
        """Train, judge on the test texts, read the rest of the pool."""
        recipe = recipe_for(self.encoder, len(labelled), self.plan.learning_rate, dice)
        if self.plan.train_steps is not None:
            recipe = replace(recipe, steps=self.plan.train_steps)
        schema, waiting = LabelSchema.of(self.pool), oracle.waiting()
        with tempfile.TemporaryDirectory(prefix="round-", dir=self.out) as scratch:
            trained = train(labelled, schema, self.encoder, recipe, Path(scratch), device=self.plan.device)
            tagger = Tagger.load(Path(scratch), device=self.plan.device)
        started = time.monotonic()
        scores = judge_test(tagger, self.test)
        reading = PoolReading.of(tagger, waiting)
        judged = Judged(
            scores=scores,
            estimated_f1=reading.expected_f1(),
            true_pool_f1=oracle.judge(reading.ids, reading.spans).micro.f1 if waiting else None,
            calibration=None,
            train_seconds=round(trained.seconds, 3),
            score_seconds=round(time.monotonic() - started, 3),
        )
        return judged, reading

    def _choose(
        self,
        arm: Arm,
        seed: int,
        number: int,
        oracle: Oracle,
        labelled: Sequence[Document],
        reading: PoolReading,
    ) -> tuple[str, ...]:
        scored = score_tagged(reading.ids, reading.tagged, arm.measure, lambda *_: None)
        config = replace(arm.config(self.plan.config()), batch_size=self.plan.batch_size(number + 1))
        selection = choose(oracle.waiting(), scored, labelled, config, model_seed(seed, number + 1))
        return tuple(pick.id for pick in selection.picks)

    def _correcting(self, run: RunRecord, labelled: Sequence[Document]) -> float:
        """The seed set was marked from scratch, each batch by correcting the model that chose it."""
        if not run.rounds:
            return _scratch_seconds(labelled)
        last = run.rounds[-1]
        return round(last.seconds_correcting + last.batch_correcting, 3)

    def _record(self, number: int, labelled: Sequence[Document], judged: Judged, dice: int) -> RoundRecord:
        micro = judged.scores.micro
        types = Counter(span.label for document in labelled for span in document.spans or ())
        return RoundRecord(
            round=number,
            texts=len(labelled),
            words=sum(len(word_offsets(document.text)) for document in labelled),
            entities=types.total(),
            seconds=_scratch_seconds(labelled),
            seconds_correcting=_scratch_seconds(labelled),
            f1=micro.f1,
            precision=micro.precision,
            recall=micro.recall,
            macro_f1=judged.scores.macro.f1,
            per_type={
                label: {"f1": each.f1, "support": each.support}
                for label, each in judged.scores.per_type.items()
            },
            labelled_types=dict(sorted(types.items())),
            estimated_f1=judged.estimated_f1,
            true_pool_f1=judged.true_pool_f1,
            calibration=judged.calibration,
            near_duplicates=0,
            batch_ids=(),
            batch_correcting=0.0,
            train_seconds=judged.train_seconds,
            score_seconds=judged.score_seconds,
            peak_memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            model_seed=dice,
        )


def model_seed(seed: int, number: int) -> int:
    """The dice of a round: the same for all arms, so that they differ in their texts only."""
    return MODEL_STRIDE * seed + number


def _scratch_seconds(documents: Sequence[Document]) -> float:
    words = [len(word_offsets(document.text)) for document in documents]
    entities = [len(document.spans or ()) for document in documents]
    return round(float(seconds_from_scratch(words, entities).sum()), 3)


def _correcting_seconds(documents: Sequence[Document], proposals: Sequence[Sequence[Span]]) -> float:
    words = [len(word_offsets(document.text)) for document in documents]
    counts = [count_corrections(d.spans or (), p) for d, p in zip(documents, proposals, strict=True)]
    seconds = seconds_correcting(
        words,
        [each.right for each in counts],
        [each.missed for each in counts],
        [each.spurious for each in counts],
    )
    return round(float(seconds.sum()), 3)
