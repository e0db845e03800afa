"""Select a batch: check the input, run the strategy, and summarise the result in one sentence."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wapaganda.errors import InputError
from wapaganda.sampler.context import SelectionContext
from wapaganda.sampler.near_duplicates import NearDuplicateFilter
from wapaganda.sampler.registry import DEFAULT_STRATEGY, Strategy, find_strategy
from wapaganda.sampler.types import UNSCORED_REASONS, Options, Pool, SelectedText, Selection

_DEFAULT_OPTIONS = Options()


def select(
    pool: Pool,
    size: int,
    *,
    strategy: str = DEFAULT_STRATEGY,
    threshold: float = 0.7,
    seed: int = 13,
    seen: Sequence[str] = (),
    options: Options = _DEFAULT_OPTIONS,
) -> Selection:
    """Select up to ``size`` texts of the pool; the same arguments give the same batch.

    Args:
        pool: the unlabelled texts.
        size: texts in the batch; fewer when the pool is exhausted.
        strategy: a name in ``STRATEGIES``.
        threshold: in [0, 1]; ``wapaganda.uncertainty`` says what it means. Texts at or above it are
            candidates. If they are too few, the best of the others fill the batch. If there are none, that
            is a reason to stop, and the batch is still filled.
        seed: random seed.
        seen: texts that were labelled or offered before; they and their near duplicates are not selected.
        options: of the strategy ``hybrid``.

    Raises:
        InputError: an unknown or removed strategy, a negative size, or a threshold outside [0, 1].
        ValueError: the strategy needs embeddings, and the pool has none.
    """
    chosen_strategy = find_strategy(strategy)
    if size < 0:
        raise InputError(f"Expected a batch size of 0 or more, was: {size}")
    if not 0.0 <= threshold <= 1.0:
        raise InputError(f"Expected a threshold between 0 and 1 (inclusive), was: {threshold}")
    is_blank = [not text or text.isspace() for text in pool.texts]
    eligible = np.flatnonzero(~np.array(is_blank, dtype=np.bool_)).astype(np.int64)
    duplicates = NearDuplicateFilter(pool.texts, seen)
    rng = np.random.default_rng(seed)
    context = SelectionContext(pool, eligible, size, threshold, duplicates, rng, options)
    picks = tuple(
        SelectedText(index, pool.ids[index], float(pool.scores[index]), rank, reason)
        for rank, (index, reason) in enumerate(chosen_strategy(context), start=1)
    )
    rejected = np.fromiter(duplicates.rejected, dtype=np.int64)
    n_candidates = int((pool.scores[eligible] >= threshold).sum())
    n_new_candidates = n_candidates - int((pool.scores[rejected] >= threshold).sum())
    by_score = [pick for pick in picks if pick.reason not in UNSCORED_REASONS]
    selection = Selection(
        picks=picks,
        n_pool=len(pool),
        n_candidates=n_candidates,
        n_filled=sum(pick.score < threshold for pick in by_score) if chosen_strategy.uses_scores else 0,
        n_duplicates=len(rejected),
        n_blank=len(pool) - len(eligible),
        summary="",
        should_stop=chosen_strategy.uses_scores and n_new_candidates == 0,
    )
    return replace(selection, summary=_summary(selection, chosen_strategy, threshold, size))


def _summary(selection: Selection, strategy: Strategy, threshold: float, size: int) -> str:
    """One sentence: what was selected, the number of candidates, and what is unusual."""
    parts = [f"{len(selection.picks)} of {selection.n_pool} texts chosen by the strategy {strategy.name}"]
    if strategy.uses_scores:
        parts += _about_threshold(selection, threshold)
    if len(selection.picks) < size:
        parts.append(f"{size} were wanted but no more are left")
    if selection.n_duplicates:
        parts.append(f"{selection.n_duplicates} skipped as near duplicates")
    if selection.n_blank:
        parts.append(f"{selection.n_blank} blank")
    return "; ".join(parts) + "."


def _about_threshold(selection: Selection, threshold: float) -> list[str]:
    if selection.should_stop:
        parts = [f"no new text reaches the uncertainty threshold {threshold:g}, a reason to stop"]
    else:
        parts = [f"{selection.n_candidates} reach the uncertainty threshold {threshold:g}"]
    if selection.n_filled:
        parts.append(f"{selection.n_filled} below it fill the batch by rank")
    return parts
