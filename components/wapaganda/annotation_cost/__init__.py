"""What a text costs an annotator, in seconds.

The price is linear, as in the studies that timed annotators: reading costs so much a word, every entity that
has to be marked so much, and where a model has marked entities beforehand, so much to confirm a right one and
to remove a wrong one.
"""

from wapaganda.annotation_cost.corrections import Corrections, count_corrections
from wapaganda.annotation_cost.lead_times import ENOUGH, Refit, refit
from wapaganda.annotation_cost.prices import (
    CORRECTING,
    FROM_SCRATCH,
    PRICES,
    Prices,
    expected_seconds,
    seconds_correcting,
    seconds_from_scratch,
)

__all__ = [
    "CORRECTING",
    "ENOUGH",
    "FROM_SCRATCH",
    "PRICES",
    "Corrections",
    "Prices",
    "Refit",
    "count_corrections",
    "expected_seconds",
    "refit",
    "seconds_correcting",
    "seconds_from_scratch",
]
