"""Train one model version, evaluate it on labels that it has not seen, and promote it or keep it as a
candidate."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wapaganda.calibration import Calibration
from wapaganda.errors import InputError
from wapaganda.metrics import Scores
from wapaganda.model_store import ModelStore, Version, data_fingerprint
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.calibration import too_few_to_calibrate
from wapaganda.pipeline.training.cross_fitting import calibrate_folder, too_few_messages
from wapaganda.pipeline.training.evaluation import Comparison, compare, write_trained_on
from wapaganda.pipeline.training.fit import compare_fit, fit_messages
from wapaganda.pipeline.training.holdout import TrainingTexts
from wapaganda.pipeline.training.learning_rates import search_and_keep, search_is_due, with_chosen_rate
from wapaganda.pipeline.training.manifests import (
    calibration_of,
    fit_of,
    is_unjudged,
    made_before,
    manifest_of,
    unjudged_manifest,
)
from wapaganda.pipeline.training.promotion import PromotionDecision
from wapaganda.pipeline.training.student import FirstTeacher, StudentTexts
from wapaganda.pipeline.training.votes import OutOfFold, with_votes
from wapaganda.tagger import ModelFolder
from wapaganda.trainer import (
    Callbacks,
    Fit,
    TrainingJob,
    TrainResult,
    processes_for,
    recipe_for,
    train,
)


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """The result of a training: the version, its scores, those of the live model, and the decision.

    ``calibration``: by cross-fitting; ``None`` if it is switched off or there are too few texts.
    ``fit``: how well the version knows its own training texts; ``None`` for versions before 0.3.
    ``best_dev_f1`` at optimiser step ``best_step``: of the checkpoint that was kept, only with dev texts.
    ``stopped_because``: why the training ended; empty when the version was made before.
    """

    version: str
    scores: Scores | None
    previous: str | None
    previous_scores: Scores | None
    decision: PromotionDecision
    n_train: int
    n_holdout: int
    steps: int
    seconds: float
    reused: bool
    messages: tuple[str, ...]
    calibration: Calibration | None = None
    fit: Fit | None = None
    stopped_because: str = ""
    best_dev_f1: float | None = None
    best_step: int | None = None


def training_job(texts: TrainingTexts, schema: LabelSchema, config: LoopConfig) -> TrainingJob:
    """The training on ``texts.train`` as ``config`` says, by the product and by a simulation of it."""
    n, n_labels = len(texts.train), len(schema.labels)
    recipe = recipe_for(config.encoder, n, n_labels, config.learning_rate, config.seed)
    return TrainingJob(
        texts.train,
        schema,
        config.encoder,
        recipe if config.train_steps is None else replace(recipe, steps=config.train_steps, max_extensions=0),
        dev=texts.dev,
        device=config.device,
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trained model in the folder ``scratch`` that was not judged yet; ``judge`` makes a version of it.

    ``job``: as the folds repeat it; ``final``: with the warm start. ``n_given``: the texts before those left
    out that are also dev texts. ``said``: the messages so far.
    """

    texts: TrainingTexts
    job: TrainingJob
    final: TrainingJob
    config: LoopConfig
    store: ModelStore
    scratch: Path
    callbacks: Callbacks
    result: TrainResult
    live: Version | None
    n_given: int
    said: Sequence[str] = ()

    @property
    def can_choose(self) -> bool:
        """Whether the next batch may be chosen by this model while the folds are still to be trained.

        Not when they are not, or it is known already that it will not go live: then the judge is quick, or
        the live model is the one that chooses.
        """
        documents, config, result = self.texts.train, self.config, self.result
        if config.folds < 2 or too_few_to_calibrate(documents, config.folds):
            return False
        undertrained = result.collapsed or (result.fit is not None and result.fit.undertrained)
        pinned = self.live is not None and self.store.is_pinned(data_fingerprint(documents))
        return not (undertrained or pinned)

    def go_live(self) -> None:
        """Let the model answer until it is judged, when the project has no other one: it is better than none.

        It is version 0, without calibration; the judged one takes its place.
        """
        if self.live is None:
            write_trained_on(self.scratch, self.texts.train)
            manifest = unjudged_manifest(self.final, self.config, self.result.fit)
            _promote(self.store, self.store.publish(self.scratch, manifest, 0))

    def lend_calibration(self) -> None:
        """Give the model the temperature and the confidence map of the live one until it has its own."""
        if self.live is not None:
            lender = ModelFolder.read(self.live.path)
            own = ModelFolder.read(self.scratch)
            lent = replace(own, temperature=lender.temperature, confidence=lender.confidence)
            lent.write(self.scratch)

    def judge(self) -> TrainingOutcome:
        """Cross-fit, compare with the live model, publish, and promote when not worse."""
        config, documents, live, scratch = self.config, self.texts.train, self.live, self.scratch
        write_trained_on(scratch, documents)
        calibration: Calibration | None = None
        said: tuple[str, ...] = ()
        if not self.result.collapsed:
            calibration, said = self._calibrate()
        self.callbacks.progress("judge", 0, 0)
        compared = compare_fit(compare(scratch, live, self.texts, config), self.result, live)
        compared = _keep_pinned(compared, live, documents, self.store)
        manifest = manifest_of(self.final, config, compared, calibration, live, self.result.fit)
        made = self.store.publish(scratch, manifest)
        if compared.decision.promote:
            _promote(self.store, made)
        else:
            self.store.settle()
        shutil.rmtree(scratch, ignore_errors=True)
        messages = (*self._messages(), *said)
        return _outcome(made, live, compared, self.texts, result=self.result, messages=messages)

    @property
    def has_student(self) -> bool:
        """Whether a student may take the place of the model."""
        enough = not too_few_to_calibrate(self.texts.train, max(2, self.config.folds))
        return enough and StudentTexts.of(self.texts, self.config) is not None

    def _calibrate(self) -> tuple[Calibration | None, tuple[str, ...]]:
        """Cross-fit, and train the student that takes the place of the model: its calibration, messages."""
        config, job, scratch, progress = self.config, self.job, self.scratch, self.callbacks.progress
        texts = StudentTexts.of(self.texts, config) if self.has_student else None
        teacher = None if texts is None else FirstTeacher.reading(scratch, texts, job.device)
        made = calibrate_folder(
            scratch,
            job,
            config,
            progress,
            () if texts is None else texts.all,
            self.store.root / "folds",
            processes_for(job.device, config.folds, self.result.seconds),
        )
        if made is None or teacher is None:
            return (None if made is None else made[0]), ()
        calibration, folds = made
        known = OutOfFold(job.documents, folds.answers, job.schema)
        lesson = with_votes(
            teacher.lesson(folds.readings), self.texts.sources, known, calibration.temperature, progress
        )
        taught = teacher.teach(job, lesson, folds.readings, calibration, progress)
        if taught is None:
            said = "The student learned too little, so the model that should teach it is kept."
            return calibration, (said, *lesson.messages)
        n_models, n = len(folds.readings) + 1, len(lesson.texts)
        said = f"The model also learned what {n_models} models say about {n:,} unlabelled texts."
        return taught, (said, *lesson.messages)

    def _messages(self) -> tuple[str, ...]:
        documents = self.texts.train
        return (
            *self.said,
            *_messages(self.result, self.final.initial_model),
            *_dev_messages(self.result, self.n_given - len(documents)),
            *fit_messages(self.result, self.job, self.config),
            *too_few_messages(documents, self.config),
        )


def train_version(
    texts: TrainingTexts,
    schema: LabelSchema,
    config: LoopConfig,
    store: ModelStore,
    scratch: Path,
    callbacks: Callbacks | None = None,
) -> TrainingOutcome:
    """Train on ``texts.train``, compare with the live model, publish, and promote when not worse.

    With two folds or more the recipe is also cross-fitted: its calibration and the likely label errors are
    written into the folder of the model.

    Raises:
        InputError: no document holds an entity.
        EncoderUnavailable: the pretrained encoder cannot be loaded.
    """
    found = train_candidate(texts, schema, config, store, scratch, callbacks)
    return found.judge() if isinstance(found, Candidate) else found


def train_candidate(
    texts: TrainingTexts,
    schema: LabelSchema,
    config: LoopConfig,
    store: ModelStore,
    scratch: Path,
    callbacks: Callbacks | None = None,
) -> Candidate | TrainingOutcome:
    """Train on ``texts.train``: a model to be judged, or the outcome if it was made before.

    The learning rate is searched first when the encoder is new to the project (`search_is_due`). A version
    that was made from the same documents by the same recipe is used again, so repeating an interrupted round
    makes no second one. Training texts that are also dev texts are left out. Damaged versions are not used;
    the messages name them.

    Raises:
        InputError: no document holds an entity.
        EncoderUnavailable: the pretrained encoder cannot be loaded.
    """
    callbacks, n_given = callbacks or Callbacks(), len(texts.train)
    texts = texts.without_dev_texts()
    documents = texts.train
    if not any(document.spans for document in documents):
        raise InputError(
            f"Expected at least one labelled entity to train on, "
            f"was: {len(documents)} labelled texts without any"
        )
    default = training_job(texts, schema, config)
    job = with_chosen_rate(default, config, store)
    config = replace(config, distillation=StudentTexts.of(texts, config) is not None)
    live, damage = _judged(store.current()), store.damage()
    final = _warm_start(job, live, config)
    same = made_before(store, job, config, (job.recipe, final.recipe))
    if same is not None:
        # The live model is not compared with itself.
        rival = None if live is not None and live.name == same.name else live
        compared = compare(same.path, rival, texts, config)
        compared = _keep_pinned(compared, live, documents, store)
        return _again(same, live, compared, texts, store, damage)
    search = None
    if search_is_due(default, config, store):
        search = search_and_keep(default, store, callbacks)
        job = with_chosen_rate(default, config, store)
        final = _warm_start(job, live, config)
    shutil.rmtree(scratch, ignore_errors=True)
    result = train(final, scratch, callbacks)
    said = (*damage, *((search.describe(),) if search else ()))
    return Candidate(texts, job, final, config, store, scratch, callbacks, result, live, n_given, said)


def _judged(live: Version | None) -> Version | None:
    """The live version, unless a kill has left one that was not judged."""
    return None if live is None or is_unjudged(live.manifest) else live


def _promote(store: ModelStore, made: Version) -> None:
    """Make a version live; there is no way back to one that was not judged."""
    before = store.current()
    unjudged = before is not None and is_unjudged(before.manifest)
    store.promote(made.name, instead_of=before.name if before and unjudged else None)


def _keep_pinned(
    compared: Comparison, live: Version | None, documents: Sequence[Document], store: ModelStore
) -> Comparison:
    """A version that a user made live stays live until there are new labels."""
    if live is None or not store.is_pinned(data_fingerprint(documents)):
        return compared
    reason = f"{live.name} was made live by hand and no labels are new since then, so it stays live."
    return replace(compared, decision=PromotionDecision(False, reason))


def _again(
    made: Version,
    live: Version | None,
    compared: Comparison,
    texts: TrainingTexts,
    store: ModelStore,
    messages: tuple[str, ...],
) -> TrainingOutcome:
    """A version of an earlier training, evaluated on the current labels."""
    if live is not None and live.name == made.name:
        decision = PromotionDecision(True, f"Nothing is new since {made.name} was trained: it stays live.")
        compared = Comparison(compared.scores, compared.scores, decision)
        store.settle()
    elif compared.decision.promote:
        _promote(store, made)
    else:
        store.settle()
    return _outcome(made, live, compared, texts, messages=messages)


def _outcome(
    made: Version,
    live: Version | None,
    compared: Comparison,
    texts: TrainingTexts,
    *,
    result: TrainResult | None = None,
    messages: tuple[str, ...] = (),
) -> TrainingOutcome:
    """The outcome ``made``; without ``result`` the version was there before."""
    return TrainingOutcome(
        version=made.name,
        scores=compared.scores,
        previous=live.name if live else None,
        previous_scores=compared.previous_scores,
        decision=compared.decision,
        n_train=len(texts.train),
        n_holdout=len(texts.holdout),
        steps=result.steps if result else 0,
        seconds=result.seconds if result else 0.0,
        reused=result is None,
        messages=messages,
        calibration=calibration_of(made.manifest),
        fit=fit_of(made.manifest),
        stopped_because=result.stopped_because if result else "",
        best_dev_f1=result.best_dev_f1 if result else None,
        best_step=result.best_step if result else None,
    )


def _messages(result: TrainResult, last: Path | None) -> tuple[str, ...]:
    messages = []
    if last is not None:
        messages.append(f"The training started from {last.name} because of WARM_START.")
    if result.repairs.total:
        messages.append(f"Spans that the tokenizer cannot see: {result.repairs.describe()}.")
    if result.restarts and not result.collapsed:
        messages.append("The training learned nothing at first and was restarted with another random seed.")
    if result.fit is not None and result.fit.extensions:
        messages.append(f"The loss still fell, so the training was extended to {result.fit.steps:,} steps.")
    return tuple(messages)


def _dev_messages(result: TrainResult, n_left_out: int) -> tuple[str, ...]:
    messages = []
    if n_left_out:
        messages.append(f"{n_left_out:,} texts that are also dev texts were left out of the training.")
    if result.best_dev_f1 is not None:
        messages.append(
            f"The checkpoint of step {result.best_step:,} was kept, with F1 {result.best_dev_f1:.1%} on the "
            f"dev texts. The training stopped at step {result.steps:,}: {result.stopped_because}."
        )
    return tuple(messages)


def _warm_start(job: TrainingJob, live: Version | None, config: LoopConfig) -> TrainingJob:
    """The job with the live model as its start and, unless the user sets the steps, half the steps.

    Unchanged where warm starts are off, or the live model has another encoder or other labels.
    """
    if live is None or not config.warm_start:
        return job
    if live.manifest.encoder != job.encoder or tuple(live.manifest.labels) != job.schema.labels:
        return job
    steps = job.recipe.steps if config.train_steps is not None else max(1, job.recipe.steps // 2)
    return replace(job, recipe=replace(job.recipe, steps=steps), initial_model=live.path)
