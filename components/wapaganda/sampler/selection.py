"""Selecting a batch: check, draw, and say in one sentence what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from wapaganda.sampler import strategies
from wapaganda.sampler.draw import Draw, Strategy
from wapaganda.sampler.hybrid import hybrid
from wapaganda.sampler.novelty import NoveltyFilter
from wapaganda.sampler.options import Options
from wapaganda.sampler.pool import Drawn, Labelled, Pick, Pool, Selection

STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "random": strategies.random,
        "uncertainty": strategies.uncertainty,
        "diversity": strategies.diversity,
        "k_center": strategies.k_center,
        "representative": strategies.representative,
        "facility_location": strategies.facility_location,
        "hybrid": hybrid,
    }
)

DEFAULT_STRATEGY = "hybrid"
DEFAULT_OPTIONS = Options()
NOTHING_LABELLED = Labelled()
SCORE_BASED = frozenset({"uncertainty", "facility_location", "hybrid"})
"""The strategies for which the threshold counts."""
UNSCORED: frozenset[Drawn] = frozenset({"random", "representative"})
"""The picks for which no score counts, whatever the strategy."""


def select(
    pool: Pool,
    size: int,
    *,
    strategy: str = DEFAULT_STRATEGY,
    threshold: float = 0.7,
    seed: int = 13,
    seen: Sequence[str] = (),
    labelled: Labelled = NOTHING_LABELLED,
    options: Options = DEFAULT_OPTIONS,
) -> Selection:
    """Choose up to ``size`` texts of the pool; the same arguments give the same batch.

    Args:
        threshold: what ``wapaganda.uncertainty`` says it means. Texts at or above it are candidates; too few
            are filled up by rank; none at all is a reason to stop, which is said, and the batch is filled.
        seen: texts that were labelled or offered before; they and their near duplicates are not chosen.
        labelled: what is known of those that are labelled, in the terms of the pool.

    Raises:
        ValueError: an unknown strategy, a negative size, a threshold outside [0, 1], no embeddings for a
            strategy that needs them, or a pool and labels of other widths.
    """
    _check(strategy, size, threshold)
    _check_widths(pool, labelled)
    is_blank = [not text or text.isspace() for text in pool.texts]
    eligible = np.flatnonzero(~np.array(is_blank, dtype=np.bool_)).astype(np.int64)
    novelty = NoveltyFilter(pool.texts, seen)
    rng = np.random.default_rng(seed)
    draw = Draw(pool, eligible, size, threshold, novelty, rng, labelled, len(seen), options)
    choices = STRATEGIES[strategy](draw)
    picks = tuple(
        Pick(index, pool.ids[index], float(pool.scores[index]), rank, drawn)
        for rank, (index, drawn) in enumerate(choices, start=1)
    )
    rejected = np.fromiter(novelty.rejected, dtype=np.int64)
    n_candidates = int((pool.scores[eligible] >= threshold).sum())
    n_new_candidates = n_candidates - int((pool.scores[rejected] >= threshold).sum())
    by_score = [pick for pick in picks if pick.drawn not in UNSCORED] if strategy in SCORE_BASED else []
    selection = Selection(
        picks=picks,
        n_pool=len(pool),
        n_candidates=n_candidates,
        n_filled=sum(pick.score < threshold for pick in by_score),
        n_duplicates=len(rejected),
        n_blank=len(pool) - len(eligible),
        reason="",
        should_stop=strategy in SCORE_BASED and n_new_candidates == 0,
    )
    return replace(selection, reason=_reason(selection, strategy, threshold, size))


def _check(strategy: str, size: int, threshold: float) -> None:
    if strategy not in STRATEGIES:
        raise ValueError(f"Expected a strategy among {', '.join(STRATEGIES)}, was: {strategy!r}")
    if size < 0:
        raise ValueError(f"Expected a batch size of 0 or more, was: {size}")
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"Expected a threshold between 0 and 1 (inclusive), was: {threshold}")


def _check_widths(pool: Pool, labelled: Labelled) -> None:
    for name, here, there in (
        ("embeddings", pool.embeddings, labelled.embeddings),
        ("entities", pool.entities, labelled.entities),
    ):
        if here is None or there is None or not len(here):
            continue
        if here.shape[1] != there.shape[-1]:
            raise ValueError(
                f"Expected {name} of labelled texts of width {here.shape[1]}, was: {there.shape[-1]}"
            )


def _reason(selection: Selection, strategy: str, threshold: float, size: int) -> str:
    """One sentence for a person: what was asked, what was found, what is odd about it."""
    taken = f"{len(selection.picks)} of {selection.n_pool} texts chosen by the strategy {strategy}"
    parts = [taken, *_about_threshold(selection, threshold)] if strategy in SCORE_BASED else [taken]
    if len(selection.picks) < size:
        parts.append(f"{size} were wanted but no more are left")
    if selection.n_duplicates:
        parts.append(f"{selection.n_duplicates} passed over as near duplicates")
    if selection.n_blank:
        parts.append(f"{selection.n_blank} blank")
    return "; ".join(parts) + "."


def _about_threshold(selection: Selection, threshold: float) -> list[str]:
    if selection.should_stop:
        parts = [f"none that is new reaches the uncertainty threshold {threshold:g}, a reason to stop"]
    else:
        parts = [f"{selection.n_candidates} reach the uncertainty threshold {threshold:g}"]
    if selection.n_filled:
        parts.append(f"{selection.n_filled} below it fill the batch by rank")
    return parts
