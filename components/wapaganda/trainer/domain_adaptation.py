"""Task-adaptive pretraining: an encoder is trained on the texts of a pool before it is trained on labels."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from wapaganda.errors import InputError
from wapaganda.progress import Progress, silent
from wapaganda.storage import atomic_folder
from wapaganda.tagger import ModelInput, collate, device_of, model_inputs, quiet_transformers
from wapaganda.trainer.encoders import LoadedEncoder, load_for_masking
from wapaganda.trainer.optimisation import MixedPrecision, make_optimiser, make_schedule
from wapaganda.trainer.recipe import AdaptationRecipe, Recipe, default_learning_rate
from wapaganda.trainer.training_set import batches_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

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
        pieces = torch.from_numpy(np.unique(np.concatenate([window.ids for window in windows]))).to(device)
        batches = _masked_batches(loaded, windows, steps, recipe.masked)
        losses = _train(loaded, batches, pieces, steps, progress)
    _write(loaded, out)
    return Adaptation(len(windows), tuple(losses), time.monotonic() - started, is_new_head)


def _train(
    loaded: LoadedEncoder, batches: Iterator[_Batch], pieces: Tensor, recipe: Recipe, progress: Progress
) -> list[float]:
    """Train the model in place, to choose among these ``pieces`` (n,); the loss of each step."""
    model, precision = loaded.model, MixedPrecision(loaded.model, recipe)
    model.get_input_embeddings().weight.requires_grad_(recipe.word_embeddings)
    optimiser = make_optimiser(loaded, recipe)
    schedule = make_schedule(optimiser, recipe)
    decoder = _MaskedDecoder(model, pieces)
    losses: list[float] = []
    model.train()
    while len(losses) < recipe.steps:
        ids, mask, labels = next(batches)
        masked = labels != _IGNORED
        if not masked.any():
            continue
        with precision.autocast():
            scores = decoder.scores(ids, mask, masked)
        targets = torch.searchsorted(pieces, labels[masked])
        loss: Tensor = nn.functional.cross_entropy(scores.float(), targets)
        precision.step(loss, optimiser, recipe.clip_norm)
        schedule.step()
        losses.append(loss.item())
        progress("adapt", len(losses), recipe.steps)
    return losses


class _MaskedDecoder:
    """Computes the scores only at the masked places, and only of the ``pieces`` (n,) that the texts have.

    A vocabulary is far larger: its scores would take as long as the encoder. A model that does not call its
    decoder, or adds something to its scores, computes the scores of all pieces.
    """

    def __init__(self, model: "PreTrainedModel", pieces: Tensor) -> None:
        self._model, self._pieces = model, pieces
        self._masked: Tensor | None = None
        layer = model.get_output_embeddings()
        if not isinstance(layer, nn.Linear):
            return
        self._layer, self._rows = layer, pieces
        more = [each for each in model.parameters() if each.shape == layer.weight.shape[:1]]
        if any(each is not layer.bias for each in more):  # a bias beside that of the layer
            self._rows = torch.arange(layer.out_features, device=pieces.device)
        layer.forward = self._forward  # type: ignore[method-assign, assignment]

    def scores(self, ids: Tensor, mask: Tensor, masked: Tensor) -> Tensor:
        """At the ``masked`` places of a batch, (masked places, n)."""
        self._masked = masked
        logits: Tensor = self._model(input_ids=ids, attention_mask=mask).logits
        at_places = logits if logits.ndim == 2 else logits[masked]
        return at_places if at_places.shape[-1] == len(self._pieces) else at_places[:, self._pieces]

    def _forward(self, hidden: Tensor) -> Tensor:
        bias = None if self._layer.bias is None else self._layer.bias[self._rows]
        return nn.functional.linear(hidden[self._masked], self._layer.weight[self._rows], bias)


def _masked_batches(
    loaded: LoadedEncoder, windows: Sequence[ModelInput], recipe: Recipe, masked: float
) -> Iterator[_Batch]:
    """Without end, each window once per epoch."""
    from transformers import DataCollatorForLanguageModeling

    collator: Any = DataCollatorForLanguageModeling(loaded.tokenizer, mlm_probability=masked)
    special = torch.tensor(loaded.tokenizer.all_special_ids)
    device = loaded.model.device
    for rows in batches_of(repeat(windows), recipe, np.random.default_rng(recipe.seed)):
        batch = collate(rows, loaded.tokenization.pad_id)
        ids, labels = collator.torch_mask_tokens(batch.ids, torch.isin(batch.ids, special))
        yield ids.to(device), batch.mask.to(device), labels.to(device)


def _write(loaded: LoadedEncoder, out: Path) -> None:
    """Write the folder so that it is either whole or not there."""
    with atomic_folder(out) as draft, quiet_transformers():
        loaded.model.base_model.save_pretrained(draft)
        loaded.tokenizer.save_pretrained(draft)
