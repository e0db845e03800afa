"""Task-adaptive pretraining: an encoder is trained on the texts of a pool before it is trained on labels."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wapaganda.errors import InputError
from wapaganda.progress import Progress, silent
from wapaganda.storage import atomic_folder
from wapaganda.tagger import ModelInput, collate, device_of, model_inputs, quiet_transformers
from wapaganda.trainer.encoders import LoadedEncoder, load_for_masking
from wapaganda.trainer.examples import endless_batches
from wapaganda.trainer.optimisation import MixedPrecision, make_optimiser, make_schedule
from wapaganda.trainer.recipe import AdaptationRecipe, Recipe, default_learning_rate

_MAX_PIECES = 128
_NEW_HEAD_FACTOR = 5.0
_IGNORED = -100
"""The label, in transformers, of a word piece that is not masked."""
_Batch = tuple[Tensor, Tensor, Tensor]
"""Ids with some of them masked, attention mask and labels, (batch, longest) each."""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """How an adaptation went: the number of ``windows``, the ``losses`` (steps,) in nats of a masked piece,
    and ``seconds``. ``is_new_head``: the encoder had no head for masked words."""

    windows: int
    losses: tuple[float, ...]
    seconds: float
    is_new_head: bool


def adapt(
    texts: Sequence[str],
    encoder: str,
    out: Path,
    recipe: AdaptationRecipe | None = None,
    progress: Progress = silent,
) -> Adaptation:
    """Train ``encoder`` to guess masked words of ``texts`` and write it, without that head, to ``out``.

    The new folder is an encoder like any other. Gururangan et al. 2020, "Don't stop pretraining: Adapt
    language models to domains and tasks". Word pieces are masked as in Devlin et al. 2019, "BERT", but more
    of them (Wettig et al. 2023, "Should you mask 15% in masked language modeling?"). The word embeddings stay
    as they are, as in the training on labels. The same texts, recipe and machine give the same weights.

    Raises:
        EncoderUnavailable: the encoder cannot be loaded, or it has no mask token.
        InputError: no text has words, there are no steps, or ``out`` exists.
    """
    if out.exists():
        raise InputError(f"Expected a new folder for the adapted encoder, was: {out}, which exists")
    recipe = recipe or AdaptationRecipe()
    started, device = time.monotonic(), device_of(recipe.device)
    devices = [torch.device(device).index or 0] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(recipe.seed)
        loaded, is_new_head = load_for_masking(encoder, max_pieces=_MAX_PIECES)
        loaded.model.to(device)
        inputs = model_inputs(texts, loaded.tokenization.encode(texts), loaded.tokenization, casing=False)
        special = loaded.tokenizer.all_special_ids  # the unknown piece, too: none is ever masked
        windows = [window for window in inputs if not np.isin(window.ids, special).all()]
        if not windows:
            raise InputError(f"Expected texts with words to read, was: {len(texts):,} texts without")
        rate = recipe.learning_rate
        steps = Recipe(
            learning_rate=default_learning_rate(loaded.model.config.hidden_size) if rate is None else rate,
            steps=recipe.steps,
            seed=recipe.seed,
            batch_size=recipe.batch_size,
            batch_pieces=recipe.batch_pieces,
            head_factor=_NEW_HEAD_FACTOR if is_new_head else 1.0,
        )
        losses = _train(loaded, _masked_batches(loaded, windows, steps, recipe.masked), steps, progress)
    _write(loaded, out)
    return Adaptation(len(windows), tuple(losses), time.monotonic() - started, is_new_head)


def _train(
    loaded: LoadedEncoder, batches: Iterator[_Batch], recipe: Recipe, progress: Progress
) -> list[float]:
    """Train the model in place; the loss of each step."""
    model, precision = loaded.model, MixedPrecision(loaded.model, recipe)
    model.get_input_embeddings().weight.requires_grad_(recipe.word_embeddings)
    optimiser = make_optimiser(loaded, recipe)
    schedule = make_schedule(optimiser, recipe)
    decoder = _MaskedDecoder(model.get_output_embeddings())
    losses: list[float] = []
    model.train()
    while len(losses) < recipe.steps:
        ids, mask, labels = next(batches)
        decoder.masked = labels != _IGNORED
        if not decoder.masked.any():
            continue
        with precision.autocast():
            logits = model(input_ids=ids, attention_mask=mask).logits
        scores = (
            logits if logits.ndim == 2 else logits[decoder.masked]
        )  # some compute all places nevertheless
        loss: Tensor = nn.functional.cross_entropy(scores.float(), labels[decoder.masked])
        precision.step(loss, optimiser, recipe.clip_norm)
        schedule.step()
        losses.append(loss.item())
        progress("adapt", len(losses), recipe.steps)
    return losses


class _MaskedDecoder:
    """Computes the scores of all word pieces only at the ``masked`` places, (masked places, pieces)."""

    def __init__(self, layer: nn.Module) -> None:
        self.masked: Tensor | None = None
        layer.register_forward_pre_hook(self._only_masked)

    def _only_masked(self, _: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (given[0][self.masked], *given[1:])


def _masked_batches(
    loaded: LoadedEncoder, windows: Sequence[ModelInput], recipe: Recipe, masked: float
) -> Iterator[_Batch]:
    """Without end, each window once per epoch."""
    from transformers import DataCollatorForLanguageModeling

    collator: Any = DataCollatorForLanguageModeling(loaded.tokenizer, mlm_probability=masked)
    special = torch.tensor(loaded.tokenizer.all_special_ids)
    device = loaded.model.device
    for rows in endless_batches(windows, recipe, np.random.default_rng(recipe.seed)):
        batch = collate(rows, loaded.tokenization.pad_id)
        ids, labels = collator.torch_mask_tokens(batch.ids, torch.isin(batch.ids, special))
        yield ids.to(device), batch.mask.to(device), labels.to(device)


def _write(loaded: LoadedEncoder, out: Path) -> None:
    """Write the folder so that it is either whole or not there."""
    with atomic_folder(out) as draft, quiet_transformers():
        loaded.model.base_model.save_pretrained(draft)
        loaded.tokenizer.save_pretrained(draft)
