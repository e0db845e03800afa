"""Cross-fitting: every labelled text is tagged by a model that was not trained on it."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import InputError
from wapaganda.ner import collapse_whitespace
from wapaganda.progress import Progress
from wapaganda.storage import write_json
from wapaganda.tagger import FolderError, ModelFolder, TaggedText, member_folder
from wapaganda.trainer.job import Callbacks, TrainingJob
from wapaganda.trainer.processes.parent import run_in_processes
from wapaganda.trainer.pseudo_labels import unlike
from wapaganda.trainer.training_loop import TrainedModel, train_in_memory

_LOGGER = logging.getLogger(__name__)

_WARM_STEPS = 0.4  # of the recipe's steps
_WARM_KEEP = 0.8  # of the weights of the last model of the fold
_GROWTH = (
    2.0  # with as many times the texts of its last training from the pretrained weights a fold has another
)
_FOLD_FILE = "fold.json"


def cross_fit(
    job: TrainingJob,
    *,
    folds: int = 4,
    keep: Path | None = None,
    again: Path | None = None,
    processes: int = 1,
    callbacks: Callbacks | None = None,
) -> list[TaggedText]:
    """Out-of-fold predictions, in the order of ``job.documents``, of ``folds`` models.

    Each model is trained on all folds but one and tags the texts of that one (Stone 1974, "Cross-validatory
    choice and assessment of statistical predictions"). Equal texts are in the same fold. ``keep``: the folder
    of a model; the models of the folds become its committee. ``again``: the folder in which the models of the
    folds are kept for the next time. Then a hash of the text decides about its fold, so it is in the same one
    each time, and the model of a fold starts near its last one, which never saw the texts of the fold, and
    takes two fifths of the steps. It starts from the pretrained weights when there is none of the same
    encoder, labels and number of folds, or when the texts have doubled since it last did. ``processes``: how
    many folds are trained at a time (`processes_for`), each with its part of the threads. The same number of
    threads for each fold gives the same predictions.

    Raises:
        EncoderUnavailable: the encoder cannot be loaded.
        InputError: fewer than two folds, or fewer different texts than folds.
    """
    callbacks = callbacks or Callbacks()
    callbacks.progress("calibrate", 0, 0)
    documents = job.documents
    unlabelled = unlike(job.unlabelled, documents)
    texts = [document.text for document in documents]
    fold_of = folds_of(texts, folds, job.recipe.seed) if again is None else stable_folds_of(texts, folds)
    tasks = []
    for fold in range(folds):
        held_out = np.flatnonzero(fold_of == fold)
        part = replace(
            job,
            documents=[documents[index] for index in np.flatnonzero(fold_of != fold)],
            unlabelled=unlabelled,
            initial_model=None,  # it may know the texts of the fold
        )
        if len(held_out):
            its_texts = [texts[index] for index in held_out]
            tasks.append(_Fold(fold, folds, part, its_texts, held_out, keep, again))
    answers: dict[int, TaggedText] = {}
    for task, tagged in zip(tasks, _trained(tasks, processes, callbacks), strict=True):
        answers.update(zip(task.places.tolist(), tagged, strict=True))
    return [answers[index] for index in range(len(documents))]


@dataclass(frozen=True, eq=False, slots=True)
class _Fold:
    """One fold of ``folds``: the training ``job`` without its ``texts``, which have these ``places``, (n,).

    ``keep`` and ``again``: as for `cross_fit`.
    """

    number: int
    folds: int
    job: TrainingJob
    texts: Sequence[str]
    places: NDArray[np.int64]
    keep: Path | None
    again: Path | None

    def run(self, callbacks: Callbacks) -> list[TaggedText]:
        """Train the model of the fold, and tag its texts."""
        if self.again is None:
            model = train_in_memory(self.job, callbacks)
        else:
            model = _train_again(self.job, self.again / str(self.number), self.folds, callbacks)
        if self.keep is not None:
            model.save(member_folder(self.keep, self.number))
        return list(model.tagger.tag(self.texts))


def _trained(folds: Sequence[_Fold], processes: int, callbacks: Callbacks) -> Iterator[list[TaggedText]]:
    """The predictions of each fold; those whose process died are trained by this one."""
    done: dict[int, list[TaggedText]] = {}
    if processes > 1:
        together = replace(callbacks, progress=_as_calibration(callbacks.progress, 0, 1))
        done = run_in_processes(folds, processes, together)
    for number, fold in enumerate(folds):
        alone = replace(callbacks, progress=_as_calibration(callbacks.progress, number, len(folds)))
        yield done[number] if number in done else fold.run(alone)


def _train_again(job: TrainingJob, folder: Path, folds: int, callbacks: Callbacks) -> TrainedModel:
    """The next model of a fold, which replaces the last one in ``folder``."""
    n_first = _first_size(job, folder, folds)
    warm = n_first > 0 and len(job.documents) < _GROWTH * n_first
    model = None
    if warm:
        steps = max(1, round(_WARM_STEPS * job.recipe.steps))
        near = replace(job.recipe, steps=steps, keep=_WARM_KEEP)
        try:
            model = train_in_memory(replace(job, recipe=near, initial_model=folder), callbacks)
        except FolderError as error:
            _LOGGER.warning("The model of a fold is trained from the pretrained weights: %s", error)
    if model is None or model.result.collapsed:
        warm, model = False, train_in_memory(job, callbacks)
    shutil.rmtree(folder, ignore_errors=True)
    model.save(folder)
    facts = {"encoder": job.encoder, "folds": folds, "first_texts": n_first if warm else len(job.documents)}
    write_json(folder / _FOLD_FILE, facts)  # last, so that a folder with it is whole
    return model


def _first_size(job: TrainingJob, folder: Path, folds: int) -> int:
    """With how many texts the model of the fold was last trained from the pretrained weights; 0: there is no
    usable one."""
    try:
        facts = json.loads((folder / _FOLD_FILE).read_text("utf-8"))
        found = (facts["encoder"], facts["folds"], ModelFolder.read(folder).schema.tags)
        same = found == (job.encoder, folds, job.schema.tags)
        return int(facts["first_texts"]) if same else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _as_calibration(progress: Progress, part: int, parts: int) -> Progress:
    """The progress of one part of the calibration as progress of the whole."""
    return lambda _, done, total: progress("calibrate", part * total + done, parts * total)


def stable_folds_of(texts: Sequence[str], folds: int) -> NDArray[np.int64]:
    """The fold of each text, (n,), by a hash of the text without regard to white space."""
    if folds < 2:
        raise InputError(f"Expected 2 folds or more, was: {folds}")
    keys = (collapse_whitespace(text).encode("utf-8", "surrogatepass") for text in texts)
    return np.array([int(hashlib.sha256(key).hexdigest()[:8], 16) % folds for key in keys], dtype=np.int64)


def folds_of(texts: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each text, (n,): folds of equal size, counted in different texts."""
    place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    if not 2 <= folds <= len(place):
        raise InputError(f"Expected 2 to {len(place)} folds for {len(place)} different texts, was: {folds}")
    drawn = np.random.default_rng(seed).permutation(len(place)) % folds
    return drawn[[place[text] for text in texts]]
