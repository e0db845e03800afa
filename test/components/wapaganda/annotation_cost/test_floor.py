"""The floor for proposals: by hand, and against the seconds of both choices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapaganda.annotation_cost import (
    CORRECTING,
    FROM_SCRATCH,
    Prices,
    count_corrections,
    proposal_floor,
    seconds_correcting,
    worth_showing,
)
from wapaganda.ner import Span

SECONDS = st.floats(0, 100)


def test_the_floor_by_hand():
    assert proposal_floor(CORRECTING) == pytest.approx(1.5 / (4.2 - 0.8 + 1.5))
    assert proposal_floor(FROM_SCRATCH) == 0.0
    assert proposal_floor(Prices(word=1, entity=2, confirmation=3, removal=1)) == 1.0


@given(SECONDS, SECONDS, SECONDS, st.floats(0, 1))
def test_a_span_at_or_above_the_floor_never_costs_more_than_a_hidden_one(entity, confirmation, removal, p):
    prices = Prices(0.0, entity, confirmation, removal)
    gold, none = [Span(0, 1, "A")], []
    cost = {
        shown: sum(
            share
            * float(
                seconds_correcting([0], *([n] for n in _counts(truth, gold if shown else none)), prices)[0]
            )
            for truth, share in ((gold, p), (none, 1 - p))
        )
        for shown in (True, False)
    }
    shown = bool(worth_showing([Span(0, 1, "A", p)], proposal_floor(prices)))
    if entity >= confirmation or removal:
        assert cost[shown] <= cost[not shown] + 1e-9


def _counts(gold, proposed):
    found = count_corrections(gold, proposed)
    return found.correct, found.missed, found.spurious


def test_spans_without_a_confidence_are_shown():
    spans = (Span(0, 1, "A"), Span(1, 2, "A", 0.3), Span(2, 3, "A", 0.29))
    assert worth_showing(spans, 0.3) == spans[:2]
    assert worth_showing(spans, 0.0) == spans
