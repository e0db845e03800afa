"""One round of one run, with everything the product uses: its trainer, its scores, its choice."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, gold_spans
from wapaganda.pipeline import (
    LoopConfig,
    choose,
    choose_step,
    score_tagged,
    selected_documents,
    training_recipe,
)
from wapaganda.sampler import count_near_duplicates
from wapaganda.simulation.accounting import correcting, correcting_so_far, round_record
from wapaganda.simulation.cache import load_judged, save_judged, shared_path
from wapaganda.simulation.calibration import calibrated
from wapaganda.simulation.oracle import Oracle
from wapaganda.simulation.plan import Plan
from wapaganda.simulation.reading import Judged, Reading
from wapaganda.simulation.records import Finding, RoundRecord, RunRecord
from wapaganda.simulation.schedule import FOLDS, Task
from wapaganda.tagger import Tagger, load_members, read_together
from wapaganda.trainer import Recipe, cross_fit, train
from wapaganda.uncertainty import expected_counts, find_measure

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

    @property
    def schema(self) -> LabelSchema:
        """The entity types of the pool."""
        return LabelSchema.of(self.pool)

    def shared(self) -> set[int]:
        """The seeds whose seed set has a model already, with its answers for the pool."""
        return {seed for seed in self.plan.seeds if load_judged(shared_path(self.out, seed)) is not None}

    def work(self, task: Task) -> Finding:
        """Do one task and tell what came of it; nothing is written but the cache."""
        if task.kind == "share":
            self.share(task.run.seed)
            return Finding()
        if task.kind == "calibrate":
            return Finding(calibration=self.calibrate(task.run, task.round))
        return Finding(self.learn_all(task.run.seed) if task.kind == "full" else self.advance(task.run))

    def share(self, seed: int) -> None:
        """Train the model of the seed set once, for all arms."""
        oracle = Oracle(self.pool)
        labelled = oracle.answer(self.seed_set(seed))
        judged = self._learn(oracle, labelled, model_seed(seed, 0))
        save_judged(shared_path(self.out, seed), judged)

    def advance(self, run: RunRecord) -> RoundRecord:
        """The next round of a run.

        Raises:
            ValueError: what the run says of itself does not belong to these texts.
        """
        number, seed = len(run.rounds), run.seed
        oracle, labelled = self._labelled(run, number)
        judged = load_judged(shared_path(self.out, seed)) if number == 0 else None
        judged = judged or self._learn(oracle, labelled, model_seed(seed, number))
        if self.plan.calibrate_at and number and len(labelled) >= self.plan.calibrate_at:
            self._keep_for_calibration(run, number, judged)
        started = time.monotonic()
        chosen: list[Document] = []
        if number < self.plan.rounds and judged.pool.ids:
            chosen = self._choose(run, number, oracle, labelled, judged.pool)
        ids = tuple(each.id for each in chosen)
        answers = Oracle(self.pool).answer(ids)
        return replace(
            round_record(number, labelled, judged, model_seed(seed, number)),
            seconds_correcting=correcting_so_far(run, labelled),
            batch_ids=ids,
            batch_correcting=correcting(answers, [each.spans or () for each in chosen]),
            near_duplicates=count_near_duplicates([document.text for document in answers]),
            score_seconds=round(judged.score_seconds + time.monotonic() - started, 3),
        )

    def learn_all(self, seed: int) -> RoundRecord:
        """The model of the whole pool: what could be reached if all were labelled."""
        oracle = Oracle(self.pool)
        labelled = oracle.answer([document.id for document in self.pool])
        dice = model_seed(seed, 0)
        return round_record(0, labelled, self._learn(oracle, labelled, dice), dice)

    def calibrate(self, run: RunRecord, number: int) -> Mapping[str, Any]:
        """The calibration of the model of an earlier round, by the texts that it has learnt."""
        oracle, labelled = self._labelled(run, number)
        dice = model_seed(run.seed, number)
        kept = shared_path(self.out, run.seed) if number == 0 else self._kept(run)
        judged = load_judged(kept) or self._learn(oracle, labelled, dice)
        found = calibrated(
            judged,
            labelled,
            self.test,
            self.schema,
            self.encoder,
            self._recipe(len(labelled), dice),
            folds=FOLDS,
            unlabelled=self._unlabelled(oracle.waiting()),
            device=self.plan.device,
        )
        self._kept(run).unlink(missing_ok=True)
        return found

    def _labelled(self, run: RunRecord, number: int) -> tuple[Oracle, list[Document]]:
        """What was labelled before round ``number``, in the order in which it was asked."""
        oracle = Oracle(self.pool)
        labelled = oracle.answer(self.seed_set(run.seed))
        for record in run.rounds[:number]:
            labelled += oracle.answer(record.batch_ids)
        return oracle, labelled

    def _kept(self, run: RunRecord) -> Path:
        return self.out / "cache" / f"{run.arm.file_name}-seed{run.seed}.npz"

    def _keep_for_calibration(self, run: RunRecord, number: int, judged: Judged) -> None:
        """Only the first model that has learnt enough is calibrated."""
        if run.rounds[number - 1].texts < self.plan.calibrate_at:
            save_judged(self._kept(run), judged)

    def seed_set(self, seed: int) -> tuple[str, ...]:
        """The ids of the texts with which every arm begins: drawn by lot, as the product does."""
        config = replace(self.plan.config(), batch_size=self.plan.seed_size)
        picks = choose(Oracle(self.pool).waiting(), None, (), config, model_seed(seed, 0)).picks
        return tuple(pick.id for pick in picks)

    def _learn(self, oracle: Oracle, labelled: Sequence[Document], dice: int) -> Judged:
        """Train, then read the test texts and the rest of the pool."""
        waiting = oracle.waiting()
        with tempfile.TemporaryDirectory(prefix="round-", dir=self.out) as scratch:
            trained = train(
                labelled,
                self.schema,
                self.encoder,
                self._recipe(len(labelled), dice),
                Path(scratch),
                unlabelled=self._unlabelled(waiting),
                device=self.plan.device,
            )
            tagger = Tagger.load(Path(scratch), device=self.plan.device)
        started = time.monotonic()
        test = Reading.of(tagger, self.test)
        pool = Reading.of(tagger, waiting)
        return Judged(
            scores=evaluate(gold_spans(self.test), test.spans),
            estimated_f1=expected_counts([each.log_probs for each in pool.tagged]).f1() if waiting else None,
            true_pool_f1=oracle.judge(pool.ids, pool.spans).micro.f1 if waiting else None,
            train_seconds=round(trained.seconds, 3),
            score_seconds=round(time.monotonic() - started, 3),
            pool=pool,
            test=test,
        )

    def _unlabelled(self, waiting: Sequence[Document]) -> list[str]:
        return [document.text for document in waiting] if self.plan.self_training else []

    def _recipe(self, n_texts: int, dice: int) -> Recipe:
        config = LoopConfig(
            self.encoder, learning_rate=self.plan.learning_rate, train_steps=self.plan.train_steps, seed=dice
        )
        return training_recipe(config, n_texts, len(self.schema.labels))

    def _choose(
        self,
        run: RunRecord,
        number: int,
        oracle: Oracle,
        labelled: Sequence[Document],
        reading: Reading,
    ) -> list[Document]:
        """What to ask next, with what the model proposes."""
        arm, seed = run.arm, run.seed
        committee = None
        if find_measure(arm.measure).committee:
            committee = self._committee(oracle, labelled, model_seed(seed, number))
        waiting = oracle.waiting()
        scored = score_tagged(waiting, reading.tagged, self.schema, arm.measure, committee=committee)
        config = replace(arm.config(self.plan.config()), batch_size=self.plan.batch_size(arm, number + 1))
        selection = choose_step(waiting, scored, labelled, config, model_seed(seed, number + 1))
        return selected_documents(selection, waiting, scored)

    def _committee(
        self, oracle: Oracle, labelled: Sequence[Document], dice: int
    ) -> Iterator[NDArray[np.float32]]:
        """The predictions of the models of a cross-fitting for the texts that wait, (models, words, K)."""
        waiting = oracle.waiting()
        with tempfile.TemporaryDirectory(prefix="committee-", dir=self.out) as scratch:
            cross_fit(
                labelled,
                self.schema,
                self.encoder,
                self._recipe(len(labelled), dice),
                folds=FOLDS,
                unlabelled=self._unlabelled(waiting),
                keep=Path(scratch),
                device=self.plan.device,
            )
            members = load_members(Path(scratch), self.plan.device)
        return read_together(members, [document.text for document in waiting])


def model_seed(seed: int, number: int) -> int:
    """The dice of a round: the same for all arms, so that they differ in their texts only."""
    return MODEL_STRIDE * seed + number
