"""The trainings of a simulated data set, one after the other; what is stored is not trained again."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration import Calibration
from wapaganda.file_state import review_order
from wapaganda.ner import Document, LabelSchema, reading_words
from wapaganda.pipeline import (
    TrainingTexts,
    calibrate,
    choose,
    choose_step,
    score_tagged,
    train_with_student,
    training_job,
)
from wapaganda.simulation.completion.curve import chosen_curve, random_curve
from wapaganda.simulation.completion.outcomes import outcome_temperature
from wapaganda.simulation.completion.plan import STANDARD_ALTERNATIVE, DataSetPlan
from wapaganda.simulation.completion.reading import (
    RANDOM,
    REVIEW,
    TRAIN,
    ModelReading,
    SpanCounts,
    count_spans,
)
from wapaganda.simulation.completion.record import RESULTS
from wapaganda.stopping import LEAST_GAIN, forecast
from wapaganda.storage import write_json
from wapaganda.tagger import TaggedText, Tagger
from wapaganda.trainer import Recipe, TrainingJob

OURS, STANDARD, TRAINER = "ours", "standard", "trainer"
"""The ways: the product; the standard alternative; the product's trainer on texts in random order."""
CALIBRATION = "calibration"
WAYS = (OURS, STANDARD, CALIBRATION, TRAINER)
"""What is trained for each seed, in this order: curves, calibrations of the product's reviews, the ladder."""
_MODEL_STRIDE = 1009
"""The distance between the model seeds of two seeds."""
_LEAST_JUDGED = 300
"""Texts that are left to judge the last model of random texts."""
_LEAST_STEP = 1.2
"""The least growth that is worth one more model of random texts."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The simulated data set of one labelled file; results are stored in the folder ``out``."""

    plan: DataSetPlan
    file: Sequence[Document]
    test: Sequence[Document]
    out: Path

    @property
    def schema(self) -> LabelSchema:
        """The entity types of the file."""
        return LabelSchema.of(self.file)

    def counts(self) -> SpanCounts:
        """Words and true spans of the whole file."""
        gold = [document.spans or () for document in self.file]
        return count_spans([reading_words(each.text) for each in self.file], gold, [()] * len(gold))

    def step(self, way: str, seed: int) -> str | None:
        """One more training of one way; what was done, in a sentence. ``None``: nothing is left."""
        if way == CALIBRATION:
            return self._calibrate(seed)
        done = self.readings(way, seed)
        made = self._ours(seed, done) if way == OURS else self._random(way, seed, done)
        if made is None:
            return None
        made.save(self._path(way, seed, len(done)))
        return (
            f"seed {seed}, {way}: {made.n_labelled:,} texts, test F1 {100 * made.test.f1():.1f}, "
            f"F1 of the rest {100 * made.counts.f1():.1f}, {made.seconds:.0f} s"
        )

    def readings(self, way: str, seed: int) -> list[ModelReading]:
        """What is stored of a way."""
        found: list[ModelReading] = []
        while (reading := ModelReading.load(self._path(way, seed, len(found)))) is not None:
            found.append(reading)
        return found

    def random_order(self, seed: int) -> NDArray[np.int32]:
        """All rows of the file: the seed set, then the others in random order."""
        first = self.seed_set(seed)
        others = np.setdiff1d(np.arange(len(self.file), dtype=np.int32), first)
        return np.concatenate([first, np.random.default_rng([seed, 15]).permutation(others)])

    def seed_set(self, seed: int) -> NDArray[np.int32]:
        """The rows of the random texts that every way starts with, as the product draws them."""
        config = replace(self.plan.loop, batch_size=self.plan.seed_size)
        documents = self._blank(np.arange(len(self.file), dtype=np.int32))
        picks = choose(documents, None, (), config, _MODEL_STRIDE * seed).picks
        return np.array([int(pick.id) for pick in picks], dtype=np.int32)

    def calibration_path(self, seed: int, number: int) -> Path:
        """The file of the product's own calibration of a model of ours."""
        return self._folder(seed) / f"{CALIBRATION}-{number:02}.json"

    def _ours(self, seed: int, done: Sequence[ModelReading]) -> ModelReading | None:
        labelled = self._next_labelled(seed, done)
        if labelled is None:
            return None
        started = time.monotonic()
        rows = np.setdiff1d(np.arange(len(self.file), dtype=np.int32), labelled)
        job = self._job(labelled, seed, len(done))
        rest = [self.file[row].text for row in rows]
        tagged, test, calibration = self._train_and_read(job, rows, rest)
        found = self._reading(labelled, rows, tagged, test, keep=True)
        if calibration is None:
            temperature = outcome_temperature([*done, found], self.file, self.schema)
        else:
            temperature = calibration.temperature
            write_json(self.calibration_path(seed, len(done)), calibration.to_dict())
        phase = self._phase([*done, found], temperature)
        order = self._batch(seed, labelled, rows, tagged) if phase == TRAIN else rows[:0]
        if not len(order):  # a review, or the sampler offers no more texts
            phase, order = REVIEW, rows[review_order(found.expectation(temperature))]
        return replace(
            found,
            phase=phase,
            order=order,
            temperature=temperature,
            seconds=time.monotonic() - started,
        )

    def _next_labelled(self, seed: int, done: Sequence[ModelReading]) -> NDArray[np.int32] | None:
        """The texts of the next training of ours; ``None`` when it is not worth one."""
        if not done:
            return self.seed_set(seed)
        last, plan = done[-1], self.plan
        if last.phase == TRAIN:
            return np.concatenate([last.labelled, last.order])
        n = round(last.n_labelled * plan.review_growth)
        curve = chosen_curve(done, self.counts())
        at = curve.texts_to(plan.enough)
        if n >= len(self.file) or n > plan.last_training or (at is not None and at <= n):
            return None
        return np.concatenate([last.labelled, last.order[: n - last.n_labelled]])

    def _phase(self, readings: Sequence[ModelReading], temperature: float) -> str:
        """Review when there are enough labels, or when more of them are forecast to gain little."""
        n = [each.n_labelled for each in readings]
        if n[-1] >= self.plan.train_to or any(each.phase == REVIEW for each in readings[:-1]):
            return REVIEW
        estimated = [each.expectation(temperature).f1() for each in readings]
        gain = forecast(n, estimated).gain
        return REVIEW if gain is not None and gain < LEAST_GAIN else TRAIN

    def _batch(
        self, seed: int, labelled: NDArray[np.int32], rows: NDArray[np.int32], tagged: Sequence[TaggedText]
    ) -> NDArray[np.int32]:
        """The next batch by the product's sampler."""
        n = min(round(len(labelled) * self.plan.growth), self.plan.train_to, len(self.file))
        waiting, config = self._blank(rows), replace(self.plan.loop, batch_size=n - len(labelled))
        scored = score_tagged(waiting, tagged, self.schema, config.measure)
        known = [self.file[row] for row in labelled]
        picks = choose_step(waiting, scored, known, config, _MODEL_STRIDE * seed + len(labelled)).picks
        return np.array([int(pick.id) for pick in picks], dtype=np.int32)

    def _random(self, way: str, seed: int, done: Sequence[ModelReading]) -> ModelReading | None:
        """A model of more random texts, judged on a random part of the rest."""
        order, number, plan = self.random_order(seed), len(done), self.plan
        n = round(plan.seed_size * plan.random_growth**number)
        if done:
            last = done[-1].n_labelled
            at = random_curve(done, self.counts(), order).texts_to(plan.enough)
            n = min(n, len(order) - min(_LEAST_JUDGED, len(order) // 4))
            if n > plan.last_random or n < _LEAST_STEP * last or (at is not None and at <= last):
                return None
        started, labelled = time.monotonic(), order[:n]
        rest = order[n : n + plan.n_judged]
        rows = np.sort(rest)
        recipe = STANDARD_ALTERNATIVE.recipe(n, _MODEL_STRIDE * seed + number) if way == STANDARD else None
        tagged, test, _ = self._train_and_read(self._job(labelled, seed, number, recipe), rows)
        found = self._reading(labelled, rows, tagged, test, keep=False)
        return replace(found, order=order[n:], seconds=time.monotonic() - started)

    def _calibrate(self, seed: int) -> str | None:
        """The product's own calibration of the next model of ours that lacks one, the reviews first."""
        done, folds = self.readings(OURS, seed), self.plan.loop.folds
        numbers = [
            each for each, reading in enumerate(done) if folds >= 2 and self._n_filled(reading) >= 2 * folds
        ]
        numbers.sort(key=lambda each: done[each].phase != REVIEW)
        number = next((each for each in numbers if not self.calibration_path(seed, each).exists()), None)
        if number is None:
            return None
        job = self._job(done[number].labelled, seed, number)
        found, _ = calibrate(job, folds=folds)
        write_json(self.calibration_path(seed, number), found.to_dict())
        return (
            f"seed {seed}, calibration with {done[number].n_labelled:,} texts: temperature "
            f"{found.temperature:.2f}, cross-validated F1 {100 * found.f1:.1f}"
        )

    def _n_filled(self, reading: ModelReading) -> int:
        """How many different texts with entities a model was trained on."""
        return len({self.file[row].text for row in reading.labelled if self.file[row].spans})

    def _job(
        self, labelled: NDArray[np.int32], seed: int, number: int, recipe: Recipe | None = None
    ) -> TrainingJob:
        config = replace(self.plan.loop, seed=_MODEL_STRIDE * seed + number)
        texts = TrainingTexts([self.file[row] for row in labelled])
        job = training_job(texts, self.schema, config)
        return job if recipe is None else replace(job, recipe=recipe)

    def _train_and_read(
        self, job: TrainingJob, rows: NDArray[np.int32], unlabelled: Sequence[str] = ()
    ) -> tuple[list[TaggedText], list[TaggedText], Calibration | None]:
        """Train, then read some texts of the file and all test texts, without a temperature.

        ``unlabelled``: for a student, whose calibration is returned, too.
        """
        with tempfile.TemporaryDirectory(prefix="round-", dir=self.out) as scratch:
            taught = train_with_student(job, unlabelled, self.plan.loop, Path(scratch))
            tagger = Tagger.load(Path(scratch), device=self.plan.loop.device).uncalibrated().fast()
        found = list(tagger.tag([self.file[row].text for row in rows]))
        return found, list(tagger.tag([document.text for document in self.test])), taught.calibration

    def _reading(
        self,
        labelled: NDArray[np.int32],
        rows: NDArray[np.int32],
        tagged: Sequence[TaggedText],
        test: Sequence[TaggedText],
        *,
        keep: bool,
    ) -> ModelReading:
        found = ModelReading(
            labelled=labelled,
            rows=rows,
            counts=_counts([self.file[row] for row in rows], tagged),
            test=_counts(self.test, test),
            phase=RANDOM,
            order=np.zeros(0, np.int32),
        )
        if not keep:
            return found
        return replace(
            found,
            lengths=np.array([len(each.words) for each in tagged], np.int32),
            offsets=np.concatenate([np.zeros((0, 2), np.int32), *(each.words for each in tagged)]),
            log_probs=np.concatenate(
                [np.zeros((0, len(self.schema.tags))), *(each.log_probs for each in tagged)]
            ).astype(np.float16),
        )

    def _blank(self, rows: NDArray[np.int32]) -> list[Document]:
        """These texts without labels and metadata; an id is the row in the file."""
        return [Document(str(row), self.file[row].text) for row in rows.tolist()]

    def _folder(self, seed: int) -> Path:
        return self.out / RESULTS / f"seed{seed}"

    def _path(self, way: str, seed: int, number: int) -> Path:
        return self._folder(seed) / f"{way}-{number:02}.npz"


def _counts(documents: Sequence[Document], tagged: Sequence[TaggedText]) -> SpanCounts:
    words = [reading_words(each.text, found.words) for each, found in zip(documents, tagged, strict=True)]
    return count_spans(words, [each.spans or () for each in documents], [each.spans for each in tagged])
