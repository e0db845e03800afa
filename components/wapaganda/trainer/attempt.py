"""One attempt at a training, from fresh pretrained weights to the last step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from wapaganda.tagger import collate, word_logits
from wapaganda.trainer.batching import endless_batches
from wapaganda.trainer.encoders import LoadedEncoder
from wapaganda.trainer.examples import Example
from wapaganda.trainer.optimiser import make_optimiser, make_schedule
from wapaganda.trainer.precision import precision_of
from wapaganda.trainer.recipe import Recipe
from wapaganda.trainer.reports import StepReport
from wapaganda.trainer.weights import WeightKeeper

_WINDOW = 20  # steps over which a loss is averaged
_FLOOR = 1e-4  # mean loss a word below which there is nothing left to learn
_LEARNT_NOTHING = 0.9  # of the loss of always giving the tags' frequencies


@dataclass(slots=True)
class Attempt:
    """The course of an attempt."""

    losses: list[float] = field(default_factory=list)
    dev_f1: list[tuple[int, float]] = field(default_factory=list)
    stopped_because: str = "all steps were made"
    collapsed: bool = False


def run_attempt(
    loaded: LoadedEncoder,
    examples: Sequence[Example],
    recipe: Recipe,
    seed: int,
    *,
    dev_f1: Callable[[], float] | None,
    on_step: Callable[[StepReport], None] | None,
    number: int,
) -> Attempt:
    """Train ``loaded.model`` in place; with ``dev_f1`` the weights that were best by it are the ones left."""
    attempt = Attempt()
    loaded.model.get_input_embeddings().weight.requires_grad_(recipe.word_embeddings)
    precision = precision_of(recipe, loaded.model.device)
    optimiser = make_optimiser(loaded.model, recipe, casing=loaded.casing)
    schedule = make_schedule(optimiser, recipe)
    best = WeightKeeper(loaded.model)
    look_every = max(1, recipe.steps // recipe.evaluations)
    batches = endless_batches(examples, recipe, np.random.default_rng(seed))
    loaded.model.train()
    for step in range(1, recipe.steps + 1):
        rate = float(schedule.get_last_lr()[0])
        attempt.losses.append(_step(loaded, next(batches), optimiser, recipe, precision))
        schedule.step()
        looked = None
        if dev_f1 is not None and (step % look_every == 0 or step == recipe.steps):
            looked = dev_f1()
            attempt.dev_f1.append((step, looked))
            best.offer(looked)
        if on_step is not None:
            on_step(StepReport(step, recipe.steps, attempt.losses[-1], rate, looked, number))
        if _should_stop(attempt, examples, recipe, best):
            break
    best.restore()
    loaded.model.eval()
    return attempt


def _step(
    loaded: LoadedEncoder,
    batch: Sequence[Example],
    optimiser: torch.optim.Optimizer,
    recipe: Recipe,
    precision: torch.dtype,
) -> float:
    """One optimiser step on the mean cross-entropy a word; the loss."""
    model = loaded.model
    inputs = collate([example.window for example in batch], loaded.tokenization.pad_id, model.device)
    tags = torch.from_numpy(np.concatenate([example.tags for example in batch])).to(model.device)
    with torch.autocast(model.device.type, precision, enabled=precision != torch.float32):
        logits, _ = word_logits(model, inputs, casing=loaded.casing)
    loss: Tensor = torch.nn.functional.cross_entropy(logits.float(), tags)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return loss.item()


def _should_stop(attempt: Attempt, examples: Sequence[Example], recipe: Recipe, best: WeightKeeper) -> bool:
    step, recent = len(attempt.losses), float(np.mean(attempt.losses[-_WINDOW:]))
    if best.looks_without_gain >= recipe.patience:
        attempt.stopped_because = f"no gain on the dev set in {best.looks_without_gain} evaluations"
        return True
    if step > max(_WINDOW, recipe.steps // 2) and recent < _FLOOR:
        attempt.stopped_because = f"the training loss fell below {_FLOOR}"
        return True
    still_guessing = step == recipe.steps and recent > _LEARNT_NOTHING * frequency_loss(examples) > 0
    if still_guessing or not np.isfinite(recent):
        attempt.stopped_because = "the training loss stayed high"
        attempt.collapsed = True
        return True
    return False


def frequency_loss(examples: Sequence[Example]) -> float:
    """The mean loss a word of always giving the frequencies of the tags: their entropy, in nats."""
    counts = np.bincount(np.concatenate([example.tags for example in examples]))
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())
