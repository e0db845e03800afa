"""Training: from labelled documents to a model folder."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, Repairs, gold_spans
from wapaganda.tagger import ModelFolder, Tagger, device_of, quiet_transformers
from wapaganda.trainer.attempt import Attempt, run_attempt
from wapaganda.trainer.encoders import LoadedEncoder, load_encoder
from wapaganda.trainer.examples import make_examples
from wapaganda.trainer.recipe import Recipe
from wapaganda.trainer.reports import StepReport, TrainResult
from wapaganda.trainer.self_training import longer, mixed, n_taught, surest, unlike
from wapaganda.trainer.warm_start import shrink_towards_pretrained

_LOGGER = logging.getLogger(__name__)
_SEED_STRIDE = 1_000_003
_TEXTS_LOOKED_AT = 64


def train(
    documents: Sequence[Document],
    schema: LabelSchema,
    encoder: str,
    recipe: Recipe,
    out: Path,
    *,
    unlabelled: Sequence[str] = (),
    dev: Sequence[Document] = (),
    last: Path | None = None,
    on_step: Callable[[StepReport], None] | None = None,
    device: str = "auto",
) -> TrainResult:
    """Fine-tune ``encoder`` on labelled ``documents`` and write the model folder ``out``.

    The same documents, recipe and machine give the same weights. A training that learns nothing (the loss
    stays at that of guessing by frequency, or no entity is found in the training texts) begins anew with
    another seed, at most ``recipe.max_restarts`` times. With ``dev`` documents the weights that are best on
    them are kept and the training ends early when they do not improve; without, it ends early only when the
    loss is as good as 0. With ``last``, the folder of a model that learnt fewer texts of the same labels,
    the training begins between that and the pretrained weights (``recipe.keep``), and only the first
    attempt does. With ``unlabelled`` texts it is followed by a second, longer one, from the pretrained
    weights, that learns those of them of which the first model is surest, too; one that learns nothing is
    thrown away.

    Raises:
        EncoderUnavailable: the encoder cannot be had.
        ValueError: a document is not labelled, has an unknown label, or no text has words.
    """
    started = time.monotonic()
    fitted = fit(
        documents,
        schema,
        encoder,
        recipe,
        unlabelled=unlabelled,
        dev=dev,
        last=last,
        on_step=on_step,
        device=device,
    )
    attempt = fitted.attempt
    save(fitted.loaded, schema, out)
    return TrainResult(
        steps=len(attempt.losses),
        seconds=time.monotonic() - started,
        losses=tuple(attempt.losses),
        repairs=fitted.repairs,
        stopped_because=attempt.stopped_because,
        restarts=fitted.restarts,
        collapsed=attempt.collapsed,
        dev_f1=tuple(attempt.dev_f1),
        n_taught=fitted.n_taught,
    )


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """A trained model that is still in memory, and how it got there; ``n_taught`` texts were learnt with the
    spans of an earlier model."""

    loaded: LoadedEncoder
    attempt: Attempt
    repairs: Repairs
    restarts: int
    n_taught: int = 0


def fit(
    documents: Sequence[Document],
    schema: LabelSchema,
    encoder: str,
    recipe: Recipe,
    *,
    unlabelled: Sequence[str] = (),
    dev: Sequence[Document] = (),
    last: Path | None = None,
    on_step: Callable[[StepReport], None] | None = None,
    device: str = "auto",
) -> Fitted:
    """``train`` without writing anything."""
    unlabelled = unlike(unlabelled, documents)
    n, n_labels, device = len(documents), len(schema.labels), device_of(device)
    most = n_taught(n, len(unlabelled))
    total = recipe.steps + (longer(recipe, n, most, n_labels).steps if most else 0)
    teller = on_step and _shifted(on_step, 0, total)
    first = _fit(documents, schema, encoder, recipe, dev=dev, last=last, on_step=teller, device=device)
    if not most or first.attempt.collapsed:
        return first
    tagger = Tagger(first.loaded.model, first.loaded.tokenization, schema, casing=first.loaded.casing)
    taught = surest(tagger, unlabelled, n, recipe.seed)
    if not taught:
        return first
    first.loaded.model.to("cpu")  # there may be no room for two
    way, teller = longer(recipe, n, len(taught), n_labels), on_step and _shifted(on_step, recipe.steps, total)
    lessons = mixed(documents, taught)
    second = _fit(lessons, schema, encoder, way, dev=dev, last=None, on_step=teller, device=device)
    if second.attempt.collapsed:
        first.loaded.model.to(device)
        return first
    second.attempt.losses[:0] = first.attempt.losses
    return replace(
        second, repairs=first.repairs, restarts=first.restarts + second.restarts, n_taught=len(taught)
    )


def _shifted(on_step: Callable[[StepReport], None], before: int, total: int) -> Callable[[StepReport], None]:
    """Tells the steps of one training as part of ``total``."""
    return lambda report: on_step(replace(report, step=min(before + report.step, total), steps=total))


def _fit(
    documents: Sequence[Document],
    schema: LabelSchema,
    encoder: str,
    recipe: Recipe,
    *,
    dev: Sequence[Document],
    last: Path | None,
    on_step: Callable[[StepReport], None] | None,
    device: str,
) -> Fitted:
    """One training, begun anew when it learns nothing."""
    devices = [torch.device(device).index or 0] if device.startswith("cuda") else []
    # The random state of the caller stays as it is.
    with torch.random.fork_rng(devices=devices):
        for number in range(recipe.max_restarts + 1):
            seed = recipe.seed + number * _SEED_STRIDE
            loaded, attempt, repairs = _attempt(
                documents,
                schema,
                encoder,
                recipe,
                seed,
                device,
                dev,
                None if number else last,
                on_step,
                number + 1,
            )
            if not attempt.collapsed:
                break
            _LOGGER.warning(
                "Attempt %d with seed %d learnt nothing: %s", number + 1, seed, attempt.stopped_because
            )
    return Fitted(loaded, attempt, repairs, number)


def _attempt(
    documents: Sequence[Document],
    schema: LabelSchema,
    encoder: str,
    recipe: Recipe,
    seed: int,
    device: str,
    dev: Sequence[Document],
    last: Path | None,
    on_step: Callable[[StepReport], None] | None,
    number: int,
) -> tuple[LoadedEncoder, Attempt, Repairs]:
    torch.manual_seed(seed)
    loaded = load_encoder(
        encoder,
        schema,
        max_pieces=recipe.max_pieces,
        overlap=recipe.overlap,
        dropout=recipe.dropout,
        casing=recipe.shapes,
    )
    if last is not None:
        shrink_towards_pretrained(loaded.model, last, recipe.keep, schema.tags)
    loaded.model.to(device)
    examples, repairs = make_examples(documents, loaded.tokenization, schema, casing=loaded.casing)
    tagger = Tagger(loaded.model, loaded.tokenization, schema, casing=loaded.casing)

    def dev_f1() -> float:
        return evaluate(gold_spans(dev), tagger.predict([document.text for document in dev])).micro.f1

    attempt = run_attempt(
        loaded, examples, recipe, seed, dev_f1=dev_f1 if dev else None, on_step=on_step, number=number
    )
    if not attempt.collapsed and _finds_nothing(tagger, documents):
        attempt.collapsed = True
        attempt.stopped_because = "no entity was found in the training texts"
    return loaded, attempt, repairs


def _finds_nothing(tagger: Tagger, documents: Sequence[Document]) -> bool:
    """Whether there are entities in the training texts and none is found in the first such texts."""
    texts = [document.text for document in documents if document.spans][:_TEXTS_LOOKED_AT]
    return bool(texts) and not any(tagger.predict(texts))


def save(loaded: LoadedEncoder, schema: LabelSchema, out: Path) -> None:
    """Write the model folder ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with quiet_transformers():
        loaded.model.save_pretrained(out)
        loaded.tokenizer.save_pretrained(out)
    ModelFolder(
        schema.labels, loaded.tokenization.max_pieces, loaded.tokenization.overlap, loaded.casing
    ).write(out)
