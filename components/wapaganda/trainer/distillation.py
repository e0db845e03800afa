"""Distillation: a model learns from its labels and from what several models say about unlabelled texts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, collapse_whitespace
from wapaganda.trainer.job import SoftText, TrainingJob

_STEPS = 0.75
"""The optimiser steps of the student, as a share of those of a training from the pretrained weights."""

_HIDDEN = 0.15  # of the word pieces


def mean_probabilities(readings: Sequence[Sequence[NDArray[Any]]]) -> list[NDArray[np.float32]]:
    """The mean of the tag probabilities that models give the words of texts, (n_words, K) for each text.

    ``readings``: of each model the log-probabilities, (n_words, K) for each text.
    """
    return [
        np.mean(np.exp(said, dtype=np.float32), axis=0, dtype=np.float32)
        for said in zip(*readings, strict=True)
    ]


def student_job(
    job: TrainingJob, teacher: Path, texts: Sequence[str], targets: Sequence[NDArray[np.float32]]
) -> TrainingJob:
    """The training of a student: ``job`` again, from the weights of the model in ``teacher``.

    It also learns ``texts``; the target of a word is a distribution over the tags, (n_words, K) for each text
    (Hinton et al. 2015, "Distilling the knowledge in a neural network"). A labelled text counts twice. The
    student does not see all word pieces (Xie et al. 2020, "Self-training with Noisy Student").
    """
    soft = [SoftText(*pair) for pair in zip(texts, targets, strict=True) if len(pair[1])]
    steps = max(1, round(_STEPS * job.recipe.steps))
    recipe = replace(job.recipe, steps=steps, keep=1.0, max_extensions=0, hidden=_HIDDEN)
    return replace(job, recipe=recipe, soft=soft, initial_model=teacher)


def unlike(texts: Sequence[str], documents: Iterable[Document]) -> list[str]:
    """The distinct ``texts`` that are not among ``documents``; white space does not matter.

    A model must not contradict a label, and a text that evaluates a model must not be in its training set.
    """
    known = {collapse_whitespace(document.text) for document in documents}
    distinct = {collapse_whitespace(text): text for text in texts}
    return [text for key, text in distinct.items() if key not in known]
