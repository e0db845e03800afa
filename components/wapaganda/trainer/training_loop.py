"""The whole training, from labelled documents to a model folder, step by step."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, gold_spans, judged_spans
from wapaganda.tagger import (
    Tagger,
    WordBatch,
    collate,
    device_of,
    quiet_transformers,
    word_logits,
)
from wapaganda.trainer.encoders import LoadedEncoder, load_encoder
from wapaganda.trainer.examples import (
    Example,
    endless_batches,
    frequency_loss,
    make_examples,
    start_low,
    word_loss,
)
from wapaganda.trainer.job import Callbacks, StepReport, TrainingJob, TrainResult
from wapaganda.trainer.mixed_precision import MixedPrecision
from wapaganda.trainer.optimisation import make_optimiser, make_schedule
from wapaganda.trainer.pseudo_labels import (
    augmented_training_set,
    extended_recipe,
    max_pseudo_labelled,
    pseudo_label,
    unlike,
)

_LOGGER = logging.getLogger(__name__)
_SEED_STRIDE = 1_000_003
_LOSS_WINDOW = 20  # steps over which the loss is averaged
_CONVERGED = 1e-4  # mean loss of a word below which there is nothing left to learn
_LEARNED_NOTHING = 0.9  # of the loss of always predicting the tags' frequencies
_TEXTS_CHECKED = 64  # training texts in which the model must find an entity

OnStep = Callable[[StepReport], None]


def train(job: TrainingJob, out: Path, callbacks: Callbacks | None = None) -> TrainResult:
    """Fine-tune an encoder on labelled documents and write the model folder ``out``.

    The same job gives the same weights on the same machine.

    1. The documents become windows with tags, and batches.
    2. The encoder gets a new head and is trained for ``recipe.steps`` optimiser steps. With a warm start it
       starts between the pretrained weights and those of ``job.initial_model``.
    3. With ``job.dev`` documents it is evaluated on them ``recipe.evaluations`` times. The best checkpoint is
       kept, and the training stops after ``recipe.patience`` evaluations without gain.
    4. A training that learns nothing is restarted with another random seed, at most ``recipe.max_restarts``
       times: its loss is not below that of predicting the tags' frequencies, or it finds no entity in the
       training texts.
    5. With ``job.unlabelled`` texts, a second and longer training follows, from the pretrained weights. It
       also learns the most confident predictions of the first model. If it learns nothing, the first model is
       the result.

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
        """Write the model folder ``out``."""
        out.mkdir(parents=True, exist_ok=True)
        with quiet_transformers():
            self.encoder.model.save_pretrained(out)
            self.encoder.tokenizer.save_pretrained(out)
        self.encoder.folder(self.schema).write(out)


def train_in_memory(job: TrainingJob, callbacks: Callbacks | None = None) -> TrainedModel:
    """``train`` without writing anything."""
    callbacks = callbacks or Callbacks()
    job = replace(
        job,
        unlabelled=unlike(job.unlabelled, [*job.documents, *job.dev]),
        device=device_of(job.device),
    )
    n, n_labels = len(job.documents), len(job.schema.labels)
    n_most = max_pseudo_labelled(n, len(job.unlabelled))
    total = job.recipe.steps
    if n_most:
        total += extended_recipe(job.recipe, n, n_most, n_labels).steps
    first = _train_with_restarts(job, _listener(callbacks, 0, total))
    if not n_most or first.result.collapsed:
        return first

    # The second training, with pseudo-labels.
    pseudo_labelled = pseudo_label(first.tagger, job.unlabelled, n, job.recipe.seed)
    if not pseudo_labelled:
        return first
    first.encoder.model.to("cpu")  # there may be no room for two
    second_job = replace(
        job,
        documents=augmented_training_set(job.documents, pseudo_labelled),
        recipe=extended_recipe(job.recipe, n, len(pseudo_labelled), n_labels),
        initial_model=None,
    )
    second = _train_with_restarts(second_job, _listener(callbacks, job.recipe.steps, total))
    if second.result.collapsed:
        first.encoder.model.to(job.device)
        return first
    n_first = first.result.steps
    result = replace(
        second.result,
        losses=first.result.losses + second.result.losses,
        repairs=first.result.repairs,
        restarts=first.result.restarts + second.result.restarts,
        dev_f1=tuple((n_first + step, f1) for step, f1 in second.result.dev_f1),
        n_pseudo_labelled=len(pseudo_labelled),
    )
    return replace(second, result=result)


def _listener(callbacks: Callbacks, before: int, total: int) -> OnStep:
    """Reports the steps of one training as steps of ``total``."""

    def listen(report: StepReport) -> None:
        report = replace(report, step=min(before + report.step, total), steps=total)
        callbacks.progress("train", report.step, total)
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
            if not trained.result.collapsed:
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
    examples, repairs = make_examples(job.documents, encoder.tokenization, job.schema, casing=encoder.casing)
    start_low(model, examples, len(job.schema.tags))
    batches = endless_batches(examples, recipe, np.random.default_rng(seed))

    # The optimiser, its schedule and the number format.
    model.get_input_embeddings().weight.requires_grad_(recipe.word_embeddings)
    optimiser = make_optimiser(model, recipe, casing=encoder.casing)
    schedule = make_schedule(optimiser, recipe)
    precision = MixedPrecision(model, recipe)

    # The steps.
    best = BestCheckpoint(model)
    evaluate_every = max(1, recipe.steps // recipe.evaluations)
    losses: list[float] = []
    dev_f1: list[tuple[int, float]] = []
    stopped_because, collapsed = "all steps were made", False
    model.train()
    for step in range(1, recipe.steps + 1):
        rate = float(schedule.get_last_lr()[0])
        batch = next(batches)
        inputs, tags = _tensors(batch, encoder)
        with precision.autocast():
            logits, _ = word_logits(model, inputs, casing=encoder.casing)
        loss = word_loss(logits.float(), tags, batch)
        precision.step(loss, optimiser, recipe.clip_norm)
        schedule.step()
        losses.append(loss.item())

        # Evaluation on the dev set, and early stopping.
        f1 = None
        if job.dev and (step % evaluate_every == 0 or step == recipe.steps):
            f1 = _evaluate(tagger, job.dev)
            dev_f1.append((step, f1))
            best.offer(f1)
        on_step(StepReport(step, recipe.steps, losses[-1], rate, f1, attempt))

        # Reasons to stop.
        recent = float(np.mean(losses[-_LOSS_WINDOW:]))
        if best.evaluations_without_gain >= recipe.patience:
            stopped_because = f"no gain on the dev set in {best.evaluations_without_gain} evaluations"
            break
        if step > max(_LOSS_WINDOW, recipe.steps // 2) and recent < _CONVERGED:
            stopped_because = f"the training loss fell below {_CONVERGED}"
            break
        if not np.isfinite(recent):
            stopped_because, collapsed = "the training loss stayed high", True
            break
    else:
        if recent > _LEARNED_NOTHING * frequency_loss(examples) > 0:
            stopped_because, collapsed = "the training loss stayed high", True

    # The best checkpoint, and whether it finds anything.
    best.restore()
    model.eval()
    if not collapsed and _finds_nothing(tagger, job.documents):
        stopped_because, collapsed = "no entity was found in the training texts", True
    result = TrainResult(tuple(losses), stopped_because, repairs, collapsed, dev_f1=tuple(dev_f1))
    return TrainedModel(encoder, job.schema, result)


def _tensors(batch: Sequence[Example], encoder: LoadedEncoder) -> tuple[WordBatch, Tensor]:
    """The windows of a batch, and the tags of their core words, (core words,), on the model's device."""
    device = encoder.model.device
    windows = collate([example.window for example in batch], encoder.tokenization.pad_id, device)
    return windows, torch.from_numpy(np.concatenate([example.tags for example in batch])).to(device)


def _evaluate(tagger: Tagger, dev: Sequence[Document]) -> float:
    """Strict micro F1 on the dev set."""
    predicted = judged_spans(dev, tagger.predict([document.text for document in dev]))
    return evaluate(gold_spans(dev), predicted).micro.f1


def _finds_nothing(tagger: Tagger, documents: Sequence[Document]) -> bool:
    """Whether the model finds no entity in the first training texts with entities, if there are any."""
    texts = [document.text for document in documents if document.spans][:_TEXTS_CHECKED]
    return bool(texts) and not any(tagger.predict(texts))


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
