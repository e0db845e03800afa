"""Cross-fitting: every labelled text is tagged by a model that was not trained on it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.tagger import TaggedText, member_folder
from wapaganda.trainer.job import Callbacks, TrainingJob
from wapaganda.trainer.pseudo_labels import unlike
from wapaganda.trainer.training_loop import train_in_memory


def cross_fit(
    job: TrainingJob,
    *,
    folds: int = 4,
    keep: Path | None = None,
    callbacks: Callbacks | None = None,
) -> list[TaggedText]:
    """Out-of-fold predictions, in the order of ``job.documents``, of ``folds`` models.

    Each model is trained on all folds but one and tags the texts of that one (Stone 1974, "Cross-validatory
    choice and assessment of statistical predictions"). Equal texts are in the same fold. ``keep``: the folder
    of a model; the models of the folds become its committee.

    Raises:
        EncoderUnavailable: the encoder cannot be loaded.
        InputError: fewer than two folds, or fewer different texts than folds.
    """
    callbacks = callbacks or Callbacks()
    callbacks.progress("calibrate", 0, 0)
    documents = job.documents
    unlabelled = unlike(job.unlabelled, documents)
    fold_of = folds_of([document.text for document in documents], folds, job.recipe.seed)
    answers: dict[int, TaggedText] = {}
    for fold in range(folds):
        part = replace(
            job,
            documents=[documents[index] for index in np.flatnonzero(fold_of != fold)],
            unlabelled=unlabelled,
            initial_model=None,  # it may know the texts of the fold
        )
        progress = _fold_progress(callbacks.progress, fold, folds)
        model = train_in_memory(part, replace(callbacks, progress=progress))
        if keep is not None:
            model.save(member_folder(keep, fold))
        held_out = np.flatnonzero(fold_of == fold).tolist()
        tagged = model.tagger.tag([documents[index].text for index in held_out])
        answers.update(zip(held_out, tagged, strict=True))
    return [answers[index] for index in range(len(documents))]


def _fold_progress(progress: Progress, fold: int, folds: int) -> Progress:
    """The progress of one fold as a part of all folds."""
    return lambda _, done, total: progress("calibrate", fold * total + done, folds * total)


def folds_of(texts: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each text, (n,): folds of equal size, counted in different texts."""
    place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    if not 2 <= folds <= len(place):
        raise InputError(f"Expected 2 to {len(place)} folds for {len(place)} different texts, was: {folds}")
    drawn = np.random.default_rng(seed).permutation(len(place)) % folds
    return drawn[[place[text] for text in texts]]
