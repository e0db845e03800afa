"""The whole training, from labelled documents to a model folder, step by step."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, gold_spans, judged_spans
from wapaganda.storage import naming_full_disk
from wapaganda.tagger import (
    Tagger,
    WordBatch,
    collate,
    device_of,
    make_portable,
    quiet_transformers,
    save_casing_table,
    word_logits,
)
from wapaganda.trainer.encoders import LoadedEncoder, load_encoder
from wapaganda.trainer.fit import LOSS_WINDOW, checked_texts, fit_of, recent_loss
from wapaganda.trainer.job import Callbacks, StepReport, TrainingJob, TrainResult
from wapaganda.trainer.optimisation import MixedPrecision, head_scale_for, make_optimiser, make_schedule
from wapaganda.trainer.training_set import (
    Example,
    TrainingSet,
    batches_of,
    frequency_loss,
    hide_pieces,
    start_low,
    word_loss,
)

_LOGGER = logging.getLogger(__name__)
_SEED_STRIDE = 1_000_003
_CONVERGED = 1e-4  # mean loss of a word below which there is nothing left to learn
_LEARNED_NOTHING = 0.9  # of the loss of always predicting the tags' frequencies

OnStep = Callable[[StepReport], None]


def train(job: TrainingJob, out: Path, callbacks: Callbacks | None = None) -> TrainResult:
    """Fine-tune an encoder on labelled documents and write the model folder ``out``.

    The same job gives the same weights on the same machine.

    1. The documents become windows with tags, and batches. In each epoch a share of the texts names other
       entities of the same types (``recipe.other_mentions``).
    2. The encoder gets a new head and is trained for ``recipe.steps`` optimiser steps. With a warm start it
       starts between the pretrained weights and those of ``job.initial_model``.
    3. With ``job.dev`` documents it is evaluated on them ``recipe.evaluations`` times. The best checkpoint is
       kept, and the training stops after ``recipe.patience`` evaluations without gain.
    4. A model that does not know its own training texts is undertrained (``Fit``). While the loss still
       falls, as many steps are added, with a new warm-up, at most ``recipe.max_extensions`` times.
    5. A training that learns nothing is restarted with another random seed, at most ``recipe.max_restarts``
       times: its loss is not below that of predicting the tags' frequencies, or it finds no entity in the
       training texts. A loss that still falls is no reason for it.

    Raises:
        EncoderUnavailable: the encoder cannot be loaded.
        InputError: a document is not labelled, or no text has a word.
        ValueError: a document has a label that the schema does not know.
    """
    started = time.monotonic()
    model = train_in_memory(job, callbacks)
    model.save(out)
    return replace(model.result, seconds=time.monotonic() - started)


@dataclass(frozen=True, eq=False, slots=True)
class TrainedModel:
    """A trained model in memory, and how its training went."""

    encoder: LoadedEncoder
    schema: LabelSchema
    result: TrainResult

    @property
    def tagger(self) -> Tagger:
        """The model as a tagger."""
        return self.encoder.tagger(self.schema)

    def save(self, out: Path) -> None:
        """Write the model folder ``out``.

        Raises:
            DiskFullError: there is no room for it.
        """
        out.mkdir(parents=True, exist_ok=True)
        with naming_full_disk(out), quiet_transformers():
            self.encoder.model.save_pretrained(out)
            self.encoder.tokenizer.save_pretrained(out)
        save_casing_table(self.encoder.model, out)
        self.encoder.folder(self.schema).write(out)
        make_portable(out)


def train_in_memory(job: TrainingJob, callbacks: Callbacks | None = None) -> TrainedModel:
    """``train`` without writing anything."""
    callbacks = callbacks or Callbacks()
    return _train_with_restarts(replace(job, device=device_of(job.device)), _listener(callbacks))


def _listener(callbacks: Callbacks) -> OnStep:
    """Passes the steps on."""

    def listen(report: StepReport) -> None:
        callbacks.progress("train", report.step, report.steps)
        if callbacks.on_step is not None:
            callbacks.on_step(report)

    return listen


def _train_with_restarts(job: TrainingJob, on_step: OnStep) -> TrainedModel:
    """One training, restarted with another random seed when it learns nothing."""
    devices = [torch.device(job.device).index or 0] if job.device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):  # the caller's random state stays as it is
        for restarts in range(job.recipe.max_restarts + 1):
            seed = job.recipe.seed + restarts * _SEED_STRIDE
            attempt = replace(job, initial_model=None) if restarts else job
            trained = _train_once(attempt, seed, restarts + 1, on_step)
            fit = trained.result.fit
            if not trained.result.collapsed or (fit is not None and fit.still_falling):
                break
            _LOGGER.warning(
                "Attempt %d with seed %d learned nothing: %s",
                restarts + 1,
                seed,
                trained.result.stopped_because,
            )
    return replace(trained, result=replace(trained.result, restarts=restarts))


def _train_once(job: TrainingJob, seed: int, attempt: int, on_step: OnStep) -> TrainedModel:
    """One training from the first step to the last."""
    # The pretrained encoder with a new head.
    recipe = job.recipe
    torch.manual_seed(seed)
    encoder = load_encoder(
        job.encoder,
        job.schema,
        max_pieces=recipe.max_pieces,
        overlap=recipe.overlap,
        dropout=recipe.dropout,
        casing=recipe.shapes,
    )
    model = encoder.model
    if job.initial_model is not None:
        shrink_towards_pretrained(model, job.initial_model, recipe.keep, job.schema.tags)
    model.to(job.device)
    tagger = encoder.tagger(job.schema)

    # The training set: windows with the tags of their words, in batches of similar length.
    training_set = TrainingSet(job, encoder)
    start_low(model, training_set.labelled, len(job.schema.tags))
    rng = np.random.default_rng(seed)
    batches = batches_of(training_set.epochs(rng), recipe, rng)
    guessing = frequency_loss(training_set.examples)

    # The learning rates: word embeddings are frozen, the head's rate fits the size of its inputs.
    model.get_input_embeddings().weight.requires_grad_(recipe.word_embeddings)
    head_scale = _head_scale(encoder, training_set.examples[: recipe.batch_size], len(job.schema.tags))

    # The steps, and as many again while the model is undertrained and the loss still falls.
    steps = _Steps(job, encoder, batches, head_scale, attempt, on_step)
    checked = checked_texts(job.documents)
    for extension in range(recipe.max_extensions + 1):
        stopped_because = steps.run()
        model.eval()
        predicted = tagger.predict([document.text for document in checked]) if steps.finite else []
        fit = fit_of(steps.losses, guessing, checked, predicted, extension)
        if job.dev or not steps.finite or not (fit.undertrained and fit.still_falling):
            break

    # Whether it learned anything.
    collapsed = not steps.finite or (steps.all_made and fit.loss > _LEARNED_NOTHING * guessing > 0)
    if collapsed:
        stopped_because = "the training loss stayed high"
    elif checked and not any(predicted):
        stopped_because, collapsed = "no entity was found in the training texts", True
    result = TrainResult(
        tuple(steps.losses),
        stopped_because,
        training_set.repairs,
        collapsed,
        dev_f1=tuple(steps.dev_f1),
        fit=fit,
    )
    return TrainedModel(encoder, job.schema, result)


def _head_scale(encoder: LoadedEncoder, examples: Sequence[Example], n_tags: int) -> float:
    """``head_scale_for`` these examples, without dropout."""
    inputs, _ = _tensors(examples, encoder)
    encoder.model.eval()
    return head_scale_for(
        encoder.model, lambda: word_logits(encoder.model, inputs, casing=encoder.casing), n_tags
    )


class _Steps:
    """The optimiser steps of one training. ``losses`` and ``dev_f1`` are those of all steps so far.

    ``finite``: whether the loss is still a number. ``all_made``: whether the last ``run`` made all its steps.
    """

    def __init__(
        self,
        job: TrainingJob,
        encoder: LoadedEncoder,
        batches: Iterator[list[Example]],
        head_scale: float,
        attempt: int,
        on_step: OnStep,
    ) -> None:
        self._job, self._encoder, self._batches = job, encoder, batches
        self._attempt, self._on_step = attempt, on_step
        self._optimiser = make_optimiser(encoder, job.recipe, head_scale=head_scale)
        self._precision = MixedPrecision(encoder.model, job.recipe)
        self._tagger = encoder.tagger(job.schema)
        self._best = BestCheckpoint(encoder.model)
        self.losses: list[float] = []
        self.dev_f1: list[tuple[int, float]] = []
        self.finite = self.all_made = True

    def run(self) -> str:
        """Make ``recipe.steps`` steps with warm-up and decay, and say in a clause why they ended."""
        recipe, model = self._job.recipe, self._encoder.model
        schedule = make_schedule(self._optimiser, recipe)
        evaluate_every = max(1, recipe.steps // recipe.evaluations)
        before = len(self.losses)
        self.all_made = False
        model.train()
        for step in range(1, recipe.steps + 1):
            rate = float(schedule.get_last_lr()[0])
            self.losses.append(self._make_one())
            schedule.step()

            # Evaluation on the dev set, and early stopping.
            f1 = None
            if self._job.dev and (step % evaluate_every == 0 or step == recipe.steps):
                f1 = _evaluate(self._tagger, self._job.dev)
                self.dev_f1.append((before + step, f1))
                self._best.offer(f1)
            made, total = before + step, before + recipe.steps
            self._on_step(StepReport(made, total, self.losses[-1], rate, f1, self._attempt))

            # Reasons to stop.
            recent = recent_loss(self.losses)
            if self._best.evaluations_without_gain >= recipe.patience:
                self._best.restore()
                return f"no gain on the dev set in {self._best.evaluations_without_gain} evaluations"
            if step > max(LOSS_WINDOW, recipe.steps // 2) and recent < _CONVERGED:
                self._best.restore()
                return f"the training loss fell below {_CONVERGED}"
            if not np.isfinite(recent):
                self.finite = False
                return "the training loss is not a number"
        self.all_made = True
        self._best.restore()
        return "all steps were made"

    def _make_one(self) -> float:
        """One optimiser step, and its loss."""
        encoder, batch = self._encoder, next(self._batches)
        inputs, tags = _tensors(batch, encoder)
        mask = encoder.tokenizer.mask_token_id
        if self._job.recipe.hidden and mask is not None:
            inputs = hide_pieces(inputs, self._job.recipe.hidden, encoder.tokenizer.all_special_ids, mask)
        with self._precision.autocast():
            logits, _ = word_logits(encoder.model, inputs, casing=encoder.casing)
        loss = word_loss(logits.float(), tags, batch)
        self._precision.step(loss, self._optimiser, self._job.recipe.clip_norm)
        return loss.item()


def _tensors(batch: Sequence[Example], encoder: LoadedEncoder) -> tuple[WordBatch, Tensor]:
    """The windows of a batch, and the tags of their core words, (core words,), on the model's device."""
    device = encoder.model.device
    windows = collate([example.window for example in batch], encoder.tokenization.pad_id, device)
    return windows, torch.from_numpy(np.concatenate([example.tags for example in batch])).to(device)


def _evaluate(tagger: Tagger, dev: Sequence[Document]) -> float:
    """Strict micro F1 on the dev set."""
    predicted = judged_spans(dev, tagger.predict([document.text for document in dev]))
    return evaluate(gold_spans(dev), predicted).micro.f1


class BestCheckpoint:
    """The weights with the best dev score so far; ``evaluations_without_gain`` counts those since."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._best: float | None = None
        self._weights: dict[str, Tensor] = {}
        self.evaluations_without_gain = 0

    def offer(self, score: float) -> None:
        """Keep the present weights if ``score`` is at least the best so far: of equals, the later is kept."""
        # A score of 0 is no reason to stop: a new head finds its first entity after many steps.
        gained = not self._best or score > self._best
        self.evaluations_without_gain = 0 if gained else self.evaluations_without_gain + 1
        if self._best is not None and score < self._best:
            return
        self._best = score
        self._weights = {name: value.detach().clone() for name, value in self._model.state_dict().items()}

    def restore(self) -> None:
        """Give the model its best weights back, if any were offered."""
        if self._weights:
            self._model.load_state_dict(self._weights)


def shrink_towards_pretrained(model: nn.Module, last: Path, keep: float, tags: tuple[str, ...]) -> bool:
    """Make each weight of ``model`` ``keep`` × that of the model in ``last`` + (1 − ``keep``) × its own.

    Shrink and perturb (Ash & Adams 2020, "On warm-starting neural network training"), with the pretrained
    encoder and a new head in place of zero and noise. If the model in ``last`` has other tags or other
    shapes, nothing is changed and the result is false.

    Raises:
        FolderError: ``last`` is not a model folder.
    """
    before = Tagger.load(last, device="cpu")
    weights, old = model.state_dict(), before.model.state_dict()
    fits = before.schema.tags == tags and {name: each.shape for name, each in weights.items()} == {
        name: each.shape for name, each in old.items()
    }
    if fits:
        with torch.no_grad():
            for name, value in weights.items():
                value.lerp_(old[name].to(value), keep)
    return fits
