"""Which texts of a pool to annotate next: strategies, threshold, and no near duplicates."""

from wapaganda.sampler.diversity import spread
from wapaganda.sampler.draw import Draw, Strategy
from wapaganda.sampler.novelty import SIMILARITY, NoveltyFilter, near_duplicates
from wapaganda.sampler.options import Options
from wapaganda.sampler.pool import Drawn, Labelled, Pick, Pool, Selection
from wapaganda.sampler.selection import DEFAULT_STRATEGY, STRATEGIES, UNSCORED, select

__all__ = [
    "DEFAULT_STRATEGY",
    "SIMILARITY",
    "STRATEGIES",
    "UNSCORED",
    "Draw",
    "Drawn",
    "Labelled",
    "NoveltyFilter",
    "Options",
    "Pick",
    "Pool",
    "Selection",
    "Strategy",
    "near_duplicates",
    "select",
    "spread",
]
