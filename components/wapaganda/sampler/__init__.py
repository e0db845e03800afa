"""Which texts of a pool to annotate next: strategies, a threshold, and no near duplicates.

``select`` is the way in. ``@strategy`` adds a strategy (CONTRIBUTING.md shows how).
"""

from wapaganda.sampler.context import SelectionContext
from wapaganda.sampler.kmeans_pp import weighted_kmeans_pp
from wapaganda.sampler.near_duplicates import SIMILARITY, NearDuplicateFilter, count_near_duplicates
from wapaganda.sampler.near_groups import near_duplicate_groups
from wapaganda.sampler.registry import (
    DEFAULT_STRATEGY,
    STRATEGIES,
    Choice,
    Strategy,
    find_strategy,
    refuse_removed_option,
    strategy,
)
from wapaganda.sampler.selection import select
from wapaganda.sampler.types import UNSCORED_REASONS, Options, Pool, SelectedText, Selection

__all__ = [
    "DEFAULT_STRATEGY",
    "SIMILARITY",
    "STRATEGIES",
    "UNSCORED_REASONS",
    "Choice",
    "NearDuplicateFilter",
    "Options",
    "Pool",
    "SelectedText",
    "Selection",
    "SelectionContext",
    "Strategy",
    "count_near_duplicates",
    "find_strategy",
    "near_duplicate_groups",
    "refuse_removed_option",
    "select",
    "strategy",
    "weighted_kmeans_pp",
]
