"""Domain adaptation tried by itself: the encoder is adapted to the texts where that surely helps."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from filelock import FileLock, Timeout

from wapaganda.errors import WapagandaError
from wapaganda.model_store import ModelStore, Version
from wapaganda.ner import Document, LabelSchema, Span, gold_spans, judged_spans
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.adaptation_record import GROWTH, RECORD, AdaptationTrial
from wapaganda.pipeline.training.adapted_gain import Gain, paired_gain
from wapaganda.pipeline.training.cross_fitting import keeps_folds
from wapaganda.pipeline.training.evaluation import out_of_fold_spans
from wapaganda.pipeline.training.holdout import TrainingTexts
from wapaganda.pipeline.training.learning_rates import inherit_rate, with_chosen_rate
from wapaganda.pipeline.training.manifests import is_unjudged
from wapaganda.pipeline.training.versions import training_job
from wapaganda.progress import Progress
from wapaganda.storage import write_json
from wapaganda.trainer import AdaptationRecipe, Callbacks, EncoderUnavailable, adapt, cross_fit

MINIMUM_LABELLED = 100
MINIMUM_FILLED = 40
"""Of the labelled texts: different ones with entities. With fewer no gain could be sure."""
MINIMUM_UNLABELLED = 500

_KEPT = "adapted"
_WORK = "adapting"
"""The folders of the adapted encoder that is used, and of what a trial has made so far."""


class AdaptingElsewhereError(WapagandaError):
    """Another process tries an adaptation of the project."""


def adaptation_is_due(documents: Iterable[Document], store: ModelStore, config: LoopConfig) -> bool:
    """Whether to try an adaptation now.

    The setting allows it; there are enough labelled and unlabelled texts (of ``documents``, all of the
    project); the live model was cross-fitted from the encoder of the settings; and this encoder was not tried
    before, or was not kept when there were half as many labelled texts.
    """
    live = _live(store, config)
    if config.adapt == "off" or config.adapted_from is not None or live is None:
        return False
    everything = list(documents)
    labelled = _judged(everything, live)
    filled = {document.text for document in labelled if document.spans}
    n_unlabelled = sum(document.spans is None for document in everything)
    if len(labelled) < MINIMUM_LABELLED or len(filled) < MINIMUM_FILLED or n_unlabelled < MINIMUM_UNLABELLED:
        return False
    last = AdaptationTrial.read(store.root)
    return (
        last is None
        or last.encoder != config.encoder
        or last.kept
        or len(labelled) >= GROWTH * last.n_labelled
    )


def try_adaptation(
    documents: Iterable[Document],
    store: ModelStore,
    config: LoopConfig,
    progress: Progress,
    recipe: AdaptationRecipe | None = None,
) -> AdaptationTrial:
    """Adapt the encoder to all ``documents``, cross-fit it as the live model was, keep it if it is better.

    Better: the F1 of the out-of-fold predictions rises by more than two standard errors. Nothing of the
    project changes before the end, so a round may run meanwhile. A trial that was interrupted goes on after
    the adaptation if that was finished. Call it when `adaptation_is_due`.

    Raises:
        AdaptingElsewhereError: another process is at it.
        EncoderUnavailable: the model hub cannot be reached.
    """
    root, started = store.root, monotonic()
    live = _live(store, config)
    assert live is not None
    everything = list(documents)
    labelled, texts = _judged(everything, live), [document.text for document in everything]
    recipe = recipe or AdaptationRecipe(
        learning_rate=config.learning_rate, seed=config.seed, device=config.device
    )
    with _alone(root):
        draft = root / _WORK / _name_of(config.encoder, texts, recipe)
        _remove_others(root / _WORK, draft.name)
        try:
            if not draft.exists():
                adapt(texts, config.encoder, draft, recipe, progress)
        except EncoderUnavailable as error:
            if error.offline:
                raise
            trial = AdaptationTrial(
                config.encoder, False, len(labelled), len(texts), 0.0, problem=error.problem
            )
            return _decided(root, trial)
        gain = _gain(labelled, replace(config, encoder=str(draft)), store, live, progress)
        seconds = round(monotonic() - started, 1)
        trial = AdaptationTrial(config.encoder, gain.is_sure, len(labelled), len(texts), seconds, gain)
        if gain.is_sure:
            trial = _kept(store, trial, draft)
        return _decided(root, trial)


def seconds_of_adaptation(round_seconds: Mapping[str, float], folds: int) -> float:
    """About the seconds of a trial, by those of the training and of its folds in the last round.

    The adaptation takes about as long as four trainings of 200 texts. Folds that start near their last models
    take two fifths of a training; a training with a search takes three times as long.
    """
    trained, judged = (round_seconds.get(step, 0.0) for step in ("train", "judge"))
    one = min(trained, 2.5 * judged / max(1, folds))
    return (4 + folds) * one


def _gain(
    labelled: Sequence[Document],
    config: LoopConfig,
    store: ModelStore,
    live: Version,
    progress: Progress,
) -> Gain:
    """The gain of the encoder of ``config`` over the live model, out of fold."""
    before = [spans or () for spans in out_of_fold_spans(live.path, labelled)]
    schema = LabelSchema(tuple(live.manifest.labels))
    job = training_job(TrainingTexts(labelled), schema, config)
    # The rate that was found for the encoder before.
    job = replace(
        with_chosen_rate(replace(job, encoder=live.manifest.encoder), config, store), encoder=job.encoder
    )
    folds = store.root / _WORK / "folds"
    shutil.rmtree(folds, ignore_errors=True)  # a fold that was trained must not be trained on
    again = folds if keeps_folds(job, config) else None
    answers = cross_fit(job, folds=config.folds, again=again, callbacks=Callbacks(progress)).answers
    after = [answer.spans for answer in answers]
    return paired_gain(
        gold_spans(labelled), judged_spans(labelled, before), judged_spans(labelled, after), config.seed
    )


def _kept(store: ModelStore, trial: AdaptationTrial, draft: Path) -> AdaptationTrial:
    """The trial with the adapted encoder at its place, which is named after its weights."""
    sums = {each.name: _sum_of(each) for each in sorted(draft.iterdir()) if each.is_file()}
    name = hashlib.sha256(json.dumps(sums).encode()).hexdigest()[:16]
    folder = store.root / _KEPT / name
    folder.parent.mkdir(exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    inherit_rate(store, trial.encoder, str(folder.absolute()))
    return replace(trial, folder=f"{_KEPT}/{name}", sums=sums)


def _decided(root: Path, trial: AdaptationTrial) -> AdaptationTrial:
    """Write the record, which makes the decision valid, and remove what is not used any more."""
    trial = replace(trial, tried_at=datetime.now(UTC).isoformat(timespec="seconds"))
    write_json(root / RECORD, asdict(trial), indent=2)
    _remove_others(root / _KEPT, Path(trial.folder).name)
    shutil.rmtree(root / _WORK, ignore_errors=True)
    return trial


def _live(store: ModelStore, config: LoopConfig) -> Version | None:
    """The live model if it was cross-fitted and its encoder is that of the settings."""
    live = store.current()
    if live is None or is_unjudged(live.manifest) or config.folds < 2:
        return None
    return live if live.manifest.encoder == config.encoder else None


def _judged(documents: Sequence[Document], live: Version) -> list[Document]:
    """The labelled texts that were predicted out of fold when the live model was made."""
    labelled = [document for document in documents if document.spans is not None]
    known: list[Sequence[Span] | None] = out_of_fold_spans(live.path, labelled)
    return [document for document, spans in zip(labelled, known, strict=True) if spans is not None]


def _alone(root: Path) -> AbstractContextManager[object]:
    """The lock of trials, acquired."""
    try:
        return FileLock(root / "adapting.lock").acquire(timeout=0)
    except Timeout:
        raise AdaptingElsewhereError(
            f"Expected no other adaptation in {root}, was: one that is running.", "Wait until it has ended."
        ) from None


def _name_of(encoder: str, texts: Sequence[str], recipe: AdaptationRecipe) -> str:
    """The same for the same adaptation."""
    whole = json.dumps([encoder, asdict(recipe), list(texts)])
    return f"encoder-{hashlib.sha256(whole.encode()).hexdigest()[:16]}"


def _remove_others(folder: Path, name: str) -> None:
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.name != name:
            shutil.rmtree(each, ignore_errors=True)


def _sum_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
