"""Task-adaptive pretraining: an encoder reads the texts of a pool before it learns from labels."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wapaganda.tagger import ModelInput, collate, device_of, model_inputs, quiet_transformers
from wapaganda.trainer.encoders import LoadedEncoder, load_for_masking
from wapaganda.trainer.optimiser import make_optimiser, make_schedule
from wapaganda.trainer.precision import precision_of
from wapaganda.trainer.recipe import Recipe, default_learning_rate

_MASKED = 0.15
_MAX_PIECES = 128
_BATCH_SIZE = 24
_NEW_HEAD_FACTOR = 5.0
_IGNORED = -100
"""The label, in transformers, of a piece that is not asked for."""

OnMaskedStep = Callable[[int, int, float], None]
"""Step, steps and the mean loss, in nats, of the pieces that were hidden."""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What an adaptation came to: windows of the texts, the ``losses`` (steps,) in nats of a hidden piece,
    and ``seconds``. ``is_new_head``: the encoder came without a head for masked words."""

    windows: int
    losses: tuple[float, ...]
    seconds: float
    is_new_head: bool


def adapt(
    texts: Sequence[str],
    encoder: str,
    out: Path,
    *,
    steps: int = 800,
    learning_rate: float | None = None,
    seed: int = 13,
    on_step: OnMaskedStep | None = None,
    device: str = "auto",
) -> Adaptation:
    """Let ``encoder`` guess hidden words of ``texts`` and write it, without the head for that, to ``out``.

    The new folder can be named wherever an encoder can. Gururangan et al. 2020, "Don't stop pretraining:
    Adapt language models to domains and tasks"; 15% of the word pieces are hidden as in Devlin et al. 2019,
    "BERT". Their table stays as it is, as in the training on labels. ``learning_rate``: ``None`` is the
    encoder's default. The same texts, seed and machine give the same weights.

    Raises:
        EncoderUnavailable: the encoder cannot be had, or has no way to guess hidden words.
        ValueError: no text has words, there are no steps, or ``out`` is there already.
    """
    if out.exists():
        raise ValueError(f"Expected a new folder for the adapted encoder, was: {out}, which exists")
    started, device = time.monotonic(), device_of(device)
    devices = [torch.device(device).index or 0] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        loaded, is_new_head = load_for_masking(encoder, max_pieces=_MAX_PIECES)
        loaded.model.to(device)
        inputs = model_inputs(texts, loaded.tokenization.encode(texts), loaded.tokenization, casing=False)
        special = loaded.tokenizer.all_special_ids  # the one for unknown pieces, too: none is ever hidden
        windows = [window for window in inputs if not np.isin(window.ids, special).all()]
        if not windows:
            raise ValueError(f"Expected texts with words to read, was: {len(texts):,} texts without")
        if learning_rate is None:
            learning_rate = default_learning_rate(loaded.model.config.hidden_size)
        recipe = Recipe(
            learning_rate=learning_rate,
            steps=steps,
            seed=seed,
            batch_size=_BATCH_SIZE,
            head_factor=_NEW_HEAD_FACTOR if is_new_head else 1.0,
        )
        losses = _guess(loaded, windows, recipe, on_step)
    _write(loaded, out)
    return Adaptation(len(windows), tuple(losses), time.monotonic() - started, is_new_head)


def _guess(
    loaded: LoadedEncoder, windows: Sequence[ModelInput], recipe: Recipe, on_step: OnMaskedStep | None
) -> list[float]:
    """Train the model in place; the loss of each step."""
    model, precision = loaded.model, precision_of(recipe, loaded.model.device)
    model.get_input_embeddings().weight.requires_grad_(recipe.word_embeddings)
    optimiser = make_optimiser(model, recipe, casing=False)
    schedule = make_schedule(optimiser, recipe)
    batches = _hidden(loaded, windows, recipe)
    decoder = _Decoder(model.get_output_embeddings())
    losses: list[float] = []
    model.train()
    while len(losses) < recipe.steps:
        ids, mask, labels = next(batches)
        decoder.asked = labels != _IGNORED
        if not decoder.asked.any():
            continue
        with torch.autocast(model.device.type, precision, enabled=precision != torch.float32):
            logits = model(input_ids=ids, attention_mask=mask).logits
        loss: Tensor = nn.functional.cross_entropy(logits.float(), labels[decoder.asked])
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if on_step is not None:
            on_step(len(losses), recipe.steps, losses[-1])
    return losses


class _Decoder:
    """Has the scores of all word pieces worked out at the places ``asked`` alone, (asked places, pieces)."""

    def __init__(self, layer: nn.Module) -> None:
        self.asked: Tensor | None = None
        layer.register_forward_pre_hook(self._only_asked)

    def _only_asked(self, _: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (given[0][self.asked], *given[1:])


def _hidden(
    loaded: LoadedEncoder, windows: Sequence[ModelInput], recipe: Recipe
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Without end: ids with some hidden, attention mask, and labels, (batch, longest) each."""
    from transformers import DataCollatorForLanguageModeling

    hide: Any = DataCollatorForLanguageModeling(loaded.tokenizer, mlm_probability=_MASKED)
    special = torch.tensor(loaded.tokenizer.all_special_ids)
    rng = np.random.default_rng(recipe.seed)
    while True:
        order = rng.permutation(len(windows))
        for start in range(0, len(order), recipe.batch_size):
            rows = order[start : start + recipe.batch_size]
            batch = collate([windows[row] for row in rows], loaded.tokenization.pad_id)
            ids, labels = hide.torch_mask_tokens(batch.ids, torch.isin(batch.ids, special))
            device = loaded.model.device
            yield ids.to(device), batch.mask.to(device), labels.to(device)


def _write(loaded: LoadedEncoder, out: Path) -> None:
    """The folder appears whole or not at all."""
    partial = out.with_name(f".{out.name}.partial")
    with quiet_transformers():
        loaded.model.base_model.save_pretrained(partial)
        loaded.tokenizer.save_pretrained(partial)
    partial.rename(out)
