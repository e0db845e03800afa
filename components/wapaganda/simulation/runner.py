"""One round of one run, with the product's own trainer, scores and selection."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, gold_spans
from wapaganda.pipeline import (
    TrainingTexts,
    calibrate,
    choose,
    choose_step,
    score_tagged,
    selected_documents,
    training_job,
)
from wapaganda.sampler import count_near_duplicates
from wapaganda.simulation.calibration import calibration_summary
from wapaganda.simulation.costs import correcting, correcting_so_far, round_record
from wapaganda.simulation.oracle import Oracle
from wapaganda.simulation.plan import Plan
from wapaganda.simulation.predictions import (
    EvaluatedModel,
    Predictions,
    load_evaluated,
    save_evaluated,
    shared_path,
)
from wapaganda.simulation.records import RoundRecord, RunRecord, TaskResult
from wapaganda.simulation.schedule import FOLDS, Task
from wapaganda.tagger import Tagger
from wapaganda.trainer import TrainingJob, train
from wapaganda.uncertainty import expected_counts

MODEL_STRIDE = 1009
"""The distance between the model seeds of two seeds; a simulation has fewer rounds."""


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs the rounds of a simulation; ``encoder`` is a folder or a name, cut to the plan's layers."""

    plan: Plan
    pool: Sequence[Document]
    test: Sequence[Document]
    encoder: str
    out: Path

    @property
    def schema(self) -> LabelSchema:
        """The entity types of the pool."""
        return LabelSchema.of(self.pool)

    def shared(self) -> set[int]:
        """The seeds whose seed set has a model already, with its predictions for the pool."""
        return {seed for seed in self.plan.seeds if load_evaluated(shared_path(self.out, seed)) is not None}

    def work(self, task: Task) -> TaskResult:
        """Do one task and return its result; only the cache is written."""
        if task.kind == "share":
            self.share(task.run.seed)
            return TaskResult()
        if task.kind == "calibrate":
            return TaskResult(calibration=self.calibrate(task.run, task.round))
        return TaskResult(
            self.train_on_pool(task.run.seed) if task.kind == "full" else self.advance(task.run)
        )

    def share(self, seed: int) -> None:
        """Train the model of the seed set once, for all arms."""
        oracle = Oracle(self.pool)
        labelled = oracle.answer(self.seed_set(seed))
        evaluated = self._train(oracle, labelled, round_seed(seed, 0))
        save_evaluated(shared_path(self.out, seed), evaluated)

    def advance(self, run: RunRecord) -> RoundRecord:
        """The next round of a run.

        Raises:
            InputError: the run has the ids of other texts.
        """
        number, seed = len(run.rounds), run.seed
        oracle, labelled = self._labelled(run, number)
        evaluated = load_evaluated(shared_path(self.out, seed)) if number == 0 else None
        evaluated = evaluated or self._train(oracle, labelled, round_seed(seed, number))
        if self.plan.calibrate_at and number and len(labelled) >= self.plan.calibrate_at:
            self._store_for_calibration(run, number, evaluated)
        started = time.monotonic()
        chosen: list[Document] = []
        if number < self.plan.rounds and evaluated.pool.ids:
            chosen = self._choose(run, number, oracle, labelled, evaluated.pool)
        ids = tuple(each.id for each in chosen)
        answers = Oracle(self.pool).answer(ids)
        return replace(
            round_record(number, labelled, evaluated, round_seed(seed, number)),
            seconds_correcting=correcting_so_far(run, labelled),
            batch_ids=ids,
            batch_correcting=correcting(answers, [each.spans or () for each in chosen]),
            near_duplicates=count_near_duplicates([document.text for document in answers]),
            score_seconds=round(evaluated.score_seconds + time.monotonic() - started, 3),
        )

    def train_on_pool(self, seed: int) -> RoundRecord:
        """The model of the whole pool: what could be reached if all texts were labelled."""
        oracle = Oracle(self.pool)
        labelled = oracle.answer([document.id for document in self.pool])
        model_seed = round_seed(seed, 0)
        return round_record(0, labelled, self._train(oracle, labelled, model_seed), model_seed)

    def calibrate(self, run: RunRecord, number: int) -> Mapping[str, Any]:
        """The calibration of the model of an earlier round, from the texts that it was trained on."""
        oracle, labelled = self._labelled(run, number)
        model_seed = round_seed(run.seed, number)
        stored = shared_path(self.out, run.seed) if number == 0 else self._stored(run)
        evaluated = load_evaluated(stored) or self._train(oracle, labelled, model_seed)
        found, _ = calibrate(self._job(labelled, model_seed), folds=FOLDS)
        self._stored(run).unlink(missing_ok=True)
        return calibration_summary(found, evaluated, self.test, self.schema)

    def _labelled(self, run: RunRecord, number: int) -> tuple[Oracle, list[Document]]:
        """The texts labelled before round ``number``, in the order in which they were asked."""
        oracle = Oracle(self.pool)
        labelled = oracle.answer(self.seed_set(run.seed))
        for record in run.rounds[:number]:
            labelled += oracle.answer(record.batch_ids)
        return oracle, labelled

    def _stored(self, run: RunRecord) -> Path:
        return self.out / "cache" / f"{run.arm.file_name}-seed{run.seed}.npz"

    def _store_for_calibration(self, run: RunRecord, number: int, evaluated: EvaluatedModel) -> None:
        """Only the first model that was trained on enough texts is calibrated."""
        if run.rounds[number - 1].texts < self.plan.calibrate_at:
            save_evaluated(self._stored(run), evaluated)

    def seed_set(self, seed: int) -> tuple[str, ...]:
        """The ids of the texts that every arm starts with: drawn at random, as the product does."""
        config = replace(self.plan.loop, batch_size=self.plan.seed_size)
        picks = choose(Oracle(self.pool).waiting(), None, (), config, round_seed(seed, 0)).picks
        return tuple(pick.id for pick in picks)

    def _train(self, oracle: Oracle, labelled: Sequence[Document], model_seed: int) -> EvaluatedModel:
        """Train, then predict the test texts and the rest of the pool."""
        waiting = oracle.waiting()
        with tempfile.TemporaryDirectory(prefix="round-", dir=self.out) as scratch:
            trained = train(self._job(labelled, model_seed), Path(scratch))
            tagger = Tagger.load(Path(scratch), device=self.plan.loop.device)
        started = time.monotonic()
        test = Predictions.of(tagger, self.test)
        pool = Predictions.of(tagger, waiting)
        return EvaluatedModel(
            scores=evaluate(gold_spans(self.test), test.spans),
            estimated_f1=expected_counts([each.log_probs for each in pool.tagged]).f1() if waiting else None,
            true_pool_f1=oracle.evaluate(pool.ids, pool.spans).micro.f1 if waiting else None,
            train_seconds=round(trained.seconds, 3),
            score_seconds=round(time.monotonic() - started, 3),
            pool=pool,
            test=test,
        )

    def _job(self, labelled: Sequence[Document], model_seed: int) -> TrainingJob:
        """A training on ``labelled``."""
        config = replace(self.plan.loop, encoder=self.encoder, seed=model_seed)
        return training_job(TrainingTexts(labelled), self.schema, config)

    def _choose(
        self,
        run: RunRecord,
        number: int,
        oracle: Oracle,
        labelled: Sequence[Document],
        predictions: Predictions,
    ) -> list[Document]:
        """The next batch, with the spans that the model proposes."""
        arm, seed = run.arm, run.seed
        waiting = oracle.waiting()
        scored = score_tagged(waiting, predictions.tagged, self.schema, arm.measure)
        config = replace(arm.config(self.plan.loop), batch_size=self.plan.batch_size(arm, number + 1))
        selection = choose_step(waiting, scored, labelled, config, round_seed(seed, number + 1))
        return selected_documents(selection, waiting, scored)


def round_seed(seed: int, number: int) -> int:
    """The seed of a round's training: the same for all arms, so that they differ in their texts only."""
    return MODEL_STRIDE * seed + number
