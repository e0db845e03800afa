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


def student_job(
    job: TrainingJob, teacher: Path, texts: Sequence[str], readings: Sequence[Sequence[NDArray[Any]]]
) -> TrainingJob:
    """The training of a student: ``job`` again, from the weights of the model in ``teacher``.

    It also learns ``texts``, each word with the mean of the tag probabilities of several models as its target
    (Hinton et al. 2015, "Distilling the knowledge in a neural network"). A labelled text counts twice.
    ``readings``: the log-probabilities that each of the models gives, (n_words, K) for each text.
    """
    soft = []
    for text, *said in zip(texts, *readings, strict=True):
        if len(said[0]):
            soft.append(SoftText(text, np.mean(np.exp(said, dtype=np.float32), axis=0, dtype=np.float32)))
    steps = max(1, round(_STEPS * job.recipe.steps))
    recipe = replace(job.recipe, steps=steps, keep=1.0, max_extensions=0)
    return replace(job, recipe=recipe, soft=soft, initial_model=teacher)


def unlike(texts: Sequence[str], documents: Iterable[Document]) -> list[str]:
    """The distinct ``texts`` that are not among ``documents``; white space does not matter.

    A model must not contradict a label, and a text that evaluates a model must not be in its training set.
    """
    known = {collapse_whitespace(document.text) for document in documents}
    distinct = {collapse_whitespace(text): text for text in texts}
    return [text for key, text in distinct.items() if key not in known]
