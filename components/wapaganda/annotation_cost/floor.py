"""Which spans of a model are worth showing to an annotator."""

from collections.abc import Iterable

from wapaganda.annotation_cost.prices import Prices
from wapaganda.ner import Span


def proposal_floor(prices: Prices) -> float:
    """The least probability of a span, 0 to 1, at which showing it costs no more than hiding it.

    A shown span is confirmed when it is right and removed when it is wrong. A hidden one is marked when it is
    right, and nothing is to be done when it is wrong. So showing pays when
    p · (entity − confirmation) ≥ (1 − p) · removal. The floor is 0 when removing costs nothing (as in
    ``FROM_SCRATCH``), and 1 when confirming a span takes as long as marking it.
    """
    if prices.removal == 0:
        return 0.0
    return prices.removal / (prices.removal + max(0.0, prices.entity - prices.confirmation))


def worth_showing(spans: Iterable[Span], floor: float) -> tuple[Span, ...]:
    """The spans whose ``score`` is at least ``floor``, and those without a score."""
    return tuple(span for span in spans if span.score is None or span.score >= floor)
