"""What a text costs an annotator, in seconds.

The cost is linear, as in studies that timed annotators. Each read word and each marked entity has a price. If
the spans of a model are shown, each confirmed and each removed span has a price, too.
"""

from wapaganda.annotation_cost.floor import proposal_floor, worth_showing
from wapaganda.annotation_cost.lead_times import (
    MINIMUM_LEAD_TIMES,
    FittedPrices,
    fit_prices,
    usable_lead_times,
)
from wapaganda.annotation_cost.prices import (
    CORRECTING,
    FROM_SCRATCH,
    PRICES,
    Corrections,
    Prices,
    count_corrections,
    expected_seconds,
    seconds_correcting,
    seconds_from_scratch,
)

__all__ = [
    "CORRECTING",
    "FROM_SCRATCH",
    "MINIMUM_LEAD_TIMES",
    "PRICES",
    "Corrections",
    "FittedPrices",
    "Prices",
    "count_corrections",
    "expected_seconds",
    "fit_prices",
    "proposal_floor",
    "seconds_correcting",
    "seconds_from_scratch",
    "usable_lead_times",
    "worth_showing",
]
