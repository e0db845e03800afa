"""Cross-fitting: every labelled text is tagged by a model that was not trained on it."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import InputError
from wapaganda.ner import Document, collapse_whitespace
from wapaganda.progress import Progress
from wapaganda.storage import write_json
from wapaganda.tagger import FolderError, ModelFolder, TaggedText
from wapaganda.trainer.job import Callbacks, TrainingJob
from wapaganda.trainer.processes.parent import run_in_processes
from wapaganda.trainer.training_loop import TrainedModel, train_in_memory

_LOGGER = logging.getLogger(__name__)

_WARM_STEPS = 0.4  # of the recipe's steps, near the last model of the fold
_WARM_KEEP = 0.8  # of the weights of the model that is near
_TRUNK_STEPS, _BRANCH_STEPS = 0.4, 0.55  # of the recipe's steps, of what two new folds share and of each
_LEAST_WITH_TRUNKS = 4  # folds
_GROWTH = 2.0  # with as many times the texts since it was trained anew a fold is trained anew again
_FOLD_FILE = "fold.json"


@dataclass(frozen=True, eq=False, slots=True)
class CrossFit:
    """What the models of the folds say: ``answers``, the out-of-fold prediction for each document in order;
    ``readings``, of each model the log-probabilities of the other texts, (n_words, K) for each, in half
    precision where that is faster."""

    answers: list[TaggedText]
    readings: list[list[NDArray[np.float32]]]


def cross_fit(
    job: TrainingJob,
    *,
    folds: int = 4,
    texts: Sequence[str] = (),
    again: Path | None = None,
    processes: int = 1,
    callbacks: Callbacks | None = None,
) -> CrossFit:
    """Out-of-fold predictions for ``job.documents`` of ``folds`` models, which also read other ``texts``.

    Each model is trained on all folds but one and tags the texts of that one (Stone 1974, "Cross-validatory
    choice and assessment of statistical predictions"). Equal texts are in the same fold. ``again``: the
    folder in which the models of the folds are kept for the next time. Then a hash of the text decides about
    its fold, so it is in the same one each time, and the model of a fold starts near its last one, which
    never saw the texts of the fold, and takes two fifths of the steps. It is trained anew when there is none
    of the same encoder, labels and number of folds, or when the texts have doubled since it last was.
    ``processes``: how many are trained at a time (`processes_for`), each with its part of the threads. The
    same number of threads gives the same predictions.

    Two folds that are trained anew share the first steps: a model of the texts in neither is the start of
    both, which then take fewer steps (Joulani et al. 2015, "Fast cross-validation for incremental
    learning"). With fewer than four folds each is trained from the pretrained weights.

    Raises:
        EncoderUnavailable: the encoder cannot be loaded.
        InputError: fewer than two folds, or fewer different texts than folds.
    """
    callbacks = callbacks or Callbacks()
    callbacks.progress("calibrate", 0, 0)
    documents = job.documents
    own = [document.text for document in documents]
    fold_of = folds_of(own, folds, job.recipe.seed) if again is None else stable_folds_of(own, folds)
    tasks = []
    for fold in range(folds):
        held_out = np.flatnonzero(fold_of == fold)
        part = replace(
            job,
            documents=[documents[index] for index in np.flatnonzero(fold_of != fold)],
            initial_model=None,  # it may know the texts of the fold
        )
        if len(held_out):
            its_texts = [own[index] for index in held_out]
            tasks.append(_Fold(fold, folds, part, its_texts, held_out, texts, again))
    if folds < _LEAST_WITH_TRUNKS:
        pairs = [_Pair((task,)) for task in tasks]
    else:
        pairs = [_Pair(tuple(tasks[at : at + 2])) for at in range(0, len(tasks), 2)]
    done = [each for answers in _trained(pairs, processes, callbacks) for each in answers]
    answers: dict[int, TaggedText] = {}
    for task, found in zip(tasks, done, strict=True):
        answers.update(zip(task.places.tolist(), found.answers, strict=True))
    readings = [reading for found in done for reading in found.readings]
    return CrossFit([answers[index] for index in range(len(documents))], readings)


@dataclass(frozen=True, eq=False, slots=True)
class _Fold:
    """One fold of ``folds``: the training ``job`` without its ``texts``, which have these ``places``, (n,).

    ``others`` and ``again``: as ``texts`` and ``again`` of `cross_fit`.
    """

    number: int
    folds: int
    job: TrainingJob
    texts: Sequence[str]
    places: NDArray[np.int64]
    others: Sequence[str]
    again: Path | None

    @property
    def last(self) -> Path | None:
        """The folder of the last model of the fold."""
        return None if self.again is None else self.again / str(self.number)

    @property
    def is_new(self) -> bool:
        """Whether there is no last model to start from, or it knows too few of the texts."""
        if self.last is None:
            return True
        n_first = _first_size(self.job, self.last, self.folds)
        return not 0 < len(self.job.documents) < _GROWTH * n_first

    def run(self, callbacks: Callbacks, trunk: Path | None) -> CrossFit:
        """Train the model of the fold, near ``trunk`` when it is new, and let it tag all its texts."""
        start = self.last if not self.is_new else trunk
        model = None
        if start is not None:
            share = _BRANCH_STEPS if self.is_new else _WARM_STEPS
            steps = max(1, round(share * self.job.recipe.steps))
            recipe = replace(self.job.recipe, steps=steps, keep=_WARM_KEEP)
            near = replace(self.job, recipe=recipe, initial_model=start)
            try:
                model = train_in_memory(near, callbacks)
            except FolderError as error:
                _LOGGER.warning("The model of a fold is trained from the pretrained weights: %s", error)
        is_new = self.is_new or model is None or model.result.collapsed
        if model is None or model.result.collapsed:
            model = train_in_memory(self.job, callbacks)
        if self.last is not None:
            self._replace(self.last, model, is_new=is_new)
        reader = model.tagger.fast() if self.others else model.tagger
        others = [each.log_probs for each in reader.tag(self.others)]
        return CrossFit(list(model.tagger.tag(self.texts)), [others])

    def _replace(self, last: Path, model: TrainedModel, *, is_new: bool) -> None:
        """Keep the model for the next time."""
        n_first = len(self.job.documents) if is_new else _first_size(self.job, last, self.folds)
        shutil.rmtree(last, ignore_errors=True)
        model.save(last)
        facts = {"encoder": self.job.encoder, "folds": self.folds, "first_texts": n_first}
        write_json(last / _FOLD_FILE, facts)  # after all others, so that a folder with it is whole


@dataclass(frozen=True, eq=False, slots=True)
class _Pair:
    """Two folds, or one, that are trained one after the other."""

    folds: tuple[_Fold, ...]

    def run(self, callbacks: Callbacks) -> list[CrossFit]:
        """Train what new folds share, then each."""
        documents = self._shared()
        parts = len(self.folds) + bool(documents)
        with TemporaryDirectory(prefix="trunk-") as scratch:
            trunk = None
            if documents:
                job = self.folds[0].job
                recipe = replace(job.recipe, steps=max(1, round(_TRUNK_STEPS * job.recipe.steps)))
                first = train_in_memory(
                    replace(job, documents=documents, recipe=recipe), _part(callbacks, 0, parts)
                )
                if not first.result.collapsed:
                    trunk = Path(scratch)
                    first.save(trunk)
            return [
                fold.run(_part(callbacks, parts - len(self.folds) + place, parts), trunk)
                for place, fold in enumerate(self.folds)
            ]

    def _shared(self) -> list[Document]:
        """The texts in neither of two new folds; none when there is nothing to share."""
        if len(self.folds) < 2 or not all(fold.is_new for fold in self.folds):
            return []
        one, other = self.folds
        held_out = {*one.texts, *other.texts}
        shared = [each for each in one.job.documents if each.text not in held_out]
        return shared if any(each.spans for each in shared) else []


def _part(callbacks: Callbacks, part: int, parts: int) -> Callbacks:
    """The progress of one training of several, as progress of all of them."""
    progress = callbacks.progress
    return replace(
        callbacks, progress=lambda step, done, total: progress(step, part * total + done, parts * total)
    )


def _trained(pairs: Sequence[_Pair], processes: int, callbacks: Callbacks) -> Iterator[list[CrossFit]]:
    """What the models of each pair say; those whose process died are trained by this one."""
    done: dict[int, list[CrossFit]] = {}
    processes = min(processes, len(pairs))  # an idle one would take threads from the others
    if processes > 1:
        together = replace(callbacks, progress=_as_calibration(callbacks.progress, 0, 1))
        done = run_in_processes(pairs, processes, together)
    for number, pair in enumerate(pairs):
        alone = replace(callbacks, progress=_as_calibration(callbacks.progress, number, len(pairs)))
        yield done[number] if number in done else pair.run(alone)


def _first_size(job: TrainingJob, folder: Path, folds: int) -> int:
    """With how many texts the model of the fold was last trained anew; 0: there is no usable one."""
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
