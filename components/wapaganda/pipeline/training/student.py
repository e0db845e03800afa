"""The student: what goes live has also learned what all models of the training say about unlabelled texts."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration import Calibration, transfer_calibration
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.calibration import calibrate, too_few_to_calibrate
from wapaganda.pipeline.training.holdout import TrainingTexts
from wapaganda.pipeline.training.votes import Lesson, OutOfFold, with_votes
from wapaganda.progress import Progress, silent
from wapaganda.source import SourceFiles
from wapaganda.tagger import ModelFolder, TaggedText, Tagger
from wapaganda.trainer import (
    Callbacks,
    TrainingJob,
    TrainResult,
    mean_probabilities,
    student_job,
    train,
    train_in_memory,
    unlike,
)

logger = logging.getLogger(__name__)

LEAST_UNLABELLED = 100
"""With fewer unlabelled texts there is no student."""

_TAUGHT = 1_000  # texts at most
_LEVEL_SHARE = 2 / 7  # of the texts
_AVOIDED = 0.07
"""The share of the errors of a model of the same labels that a student does not make, on test texts
(docs/experiments.md#on-test-texts)."""

Readings = Sequence[Sequence[NDArray[np.float32]]]
"""Of each model the log-probabilities of each text, (n_words, K)."""


@dataclass(frozen=True, slots=True)
class StudentTexts:
    """The unlabelled texts of a student: it learns those in ``taught``; ``level`` set its confidence.

    All models of the folds read both, in the order of ``all``.
    """

    taught: Sequence[str]
    level: Sequence[str]

    @property
    def all(self) -> Sequence[str]:
        """Those that it learns, then the others."""
        return [*self.taught, *self.level]

    @classmethod
    def of(cls, texts: TrainingTexts, config: LoopConfig) -> "StudentTexts | None":
        """At most 1,400 random ones; ``None``: no student is asked for, or there are too few."""
        if not config.distillation or config.folds < 2 or config.train_steps is not None:
            return None
        distinct = unlike(texts.unlabelled, [*texts.train, *texts.holdout, *texts.dev])
        if len(distinct) < LEAST_UNLABELLED:
            return None
        most = min(len(distinct), round(_TAUGHT / (1 - _LEVEL_SHARE)))
        drawn = random.Random(config.seed).sample(distinct, most)
        n_level = round(_LEVEL_SHARE * most)
        return cls(drawn[n_level:], drawn[:n_level])


@dataclass(frozen=True, eq=False, slots=True)
class FirstTeacher:
    """The model in ``folder``. ``said``: its tags of the taught texts, without any calibration."""

    folder: Path
    texts: StudentTexts
    said: Sequence[TaggedText]

    @classmethod
    def reading(cls, folder: Path, texts: StudentTexts, device: str) -> "FirstTeacher":
        """Let the model in ``folder`` read the texts."""
        tagger = Tagger.load(folder, device=device).uncalibrated().fast()
        return cls(folder, texts, list(tagger.tag(texts.taught)))

    def lesson(self, folds: Readings) -> Lesson:
        """The mean of what this model and those of the ``folds`` say."""
        n = len(self.texts.taught)
        own = [each.log_probs for each in self.said]
        targets = mean_probabilities([own, *(reading[:n] for reading in folds)])
        return Lesson(self.texts.taught, [each.words for each in self.said], targets)

    def teach(
        self,
        job: TrainingJob,
        lesson: Lesson,
        folds: Readings,
        calibration: Calibration,
        progress: Progress,
    ) -> Calibration | None:
        """Train the student, write it in place of the teacher, and return its calibration.

        The student has learned all labels, so the calibration of the ``folds`` is transferred to it by the
        texts that no model has learned. ``None``: it learned too little, and the teacher stays as it is.
        """

        def as_student(step: str, done: int, total: int) -> None:
            progress("teach", done, total)

        student = train_in_memory(
            student_job(job, self.folder, lesson.texts, lesson.targets), Callbacks(as_student)
        )
        fit = student.result.fit
        if student.result.collapsed or (fit is not None and fit.undertrained):
            return None
        own = [each.log_probs for each in student.tagger.fast().tag(self.texts.level)]
        level = [reading[len(self.texts.taught) :] for reading in folds]
        temperature, confidence = transfer_calibration(
            calibration.temperature, calibration.confidence, level, own, _AVOIDED
        )
        student.save(self.folder)
        plain = ModelFolder.read(self.folder)
        replace(plain, temperature=temperature, confidence=confidence).write(self.folder)
        return replace(calibration, temperature=temperature, confidence=confidence)


@dataclass(frozen=True, slots=True)
class TaughtModel:
    """A model with its student. ``result``: of the first model's training. ``calibration``: of the student;
    ``None``: there is none, and the first model is uncalibrated."""

    result: TrainResult
    calibration: Calibration | None = None


def train_with_student(
    job: TrainingJob,
    unlabelled: Sequence[str],
    config: LoopConfig,
    folder: Path,
    sources: SourceFiles | None = None,
) -> TaughtModel:
    """Train a model, its folds, and the student that takes its place in ``folder``: a version, unjudged.

    With too few ``unlabelled`` texts there is no student.
    """
    result = train(job, folder)
    texts = StudentTexts.of(TrainingTexts(job.documents, unlabelled=unlabelled), config)
    if texts is None or result.collapsed or too_few_to_calibrate(job.documents, config.folds):
        return TaughtModel(result)
    teacher = FirstTeacher.reading(folder, texts, job.device)
    calibration, found = calibrate(job, folds=config.folds, texts=texts.all)
    known = OutOfFold(job.documents, found.answers, job.schema)
    lesson = with_votes(teacher.lesson(found.readings), sources, known, calibration.temperature, silent)
    for message in lesson.messages:
        logger.info(message)
    return TaughtModel(result, teacher.teach(job, lesson, found.readings, calibration, silent))
