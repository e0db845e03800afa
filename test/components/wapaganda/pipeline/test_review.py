"""The review of the model's labels: its order, when a project changes to it, and the file as it stands."""

from dataclasses import replace

import numpy as np
import pytest

from wapaganda.annotation_cost import CORRECTING, FittedPrices, Prices
from wapaganda.file_state import Correction, FileState
from wapaganda.ledger import Ledger, Offer
from wapaganda.ner import Document, Span
from wapaganda.pipeline import (
    FilePart,
    PoolScores,
    choose_review,
    doubtful_first,
    hours_spent,
    selected_purpose,
)
from wapaganda.pipeline.round.purpose import purpose_of
from wapaganda.pipeline.selection.batch import offered_batch
from wapaganda.stopping import Forecast
from wapaganda.uncertainty import Expectation

LITTLE, MUCH, UNKNOWN = (Forecast(gain, 1.0, f"Gain {gain}.") for gain in (0.001, 0.02, None))
ASSUMED = FittedPrices(CORRECTING, 0, "")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite")


def pool_of(*texts):
    return [Document(f"d{number}", text) for number, text in enumerate(texts)]


def scored(n, errors, words=10):
    """Texts with one predicted span each and so many expected misses."""
    expectation = Expectation(
        np.full(n, words), np.ones(n, np.int64), np.ones(n), 1.0 + np.array(errors, float)[:, None]
    )
    return PoolScores(
        tuple(f"d{number}" for number in range(n)),
        np.linspace(0.1, 0.9, n),
        np.zeros((n, 1), np.float16),
        expectation,
        ("PER",),
    )


def test_a_review_is_chosen_by_expected_errors_a_second_and_says_how_many_it_holds():
    chosen = choose_review(pool_of("a", "b", "c", "d"), scored(4, [0.1, 0.0, 2.0, 0.9]), 2)
    assert [(pick.id, pick.rank, pick.reason) for pick in chosen.picks] == [
        ("d2", 1, "review"),
        ("d3", 2, "review"),
    ]
    assert (chosen.n_pool, chosen.n_candidates, chosen.should_stop) == (4, 4, False)
    errors = Correction.of(None)(scored(4, [0.1, 0.0, 2.0, 0.9]).expectation).errors
    assert f"hold {errors[[2, 3]].sum():.1f} of {errors.sum():.1f} expected errors" in chosen.summary


def test_near_copies_are_reviewed_blank_texts_never_and_all_others_in_the_end():
    pool = pool_of("the same text again", " ", "the same text again", "the same text again!")
    chosen = choose_review(pool, scored(4, [0.5, 3.0, 0.5, 0.0]), 10)
    assert [pick.id for pick in chosen.picks] == ["d0", "d2", "d3"]
    assert chosen.n_blank == 1
    assert "1 blank" in chosen.summary


def test_a_text_that_left_the_pool_is_not_reviewed():
    pool = [each for each in pool_of("a", "b", "c") if each.id != "d1"]
    assert [pick.id for pick in choose_review(pool, scored(3, [0.1, 9.0, 0.2]), 3).picks] == ["d2", "d0"]


def test_the_order_of_review_obeys_the_prices_of_the_annotators():
    both = scored(2, [1.0, 2.0])
    both = replace(both, expectation=replace(both.expectation, n_words=np.array([5, 200])))
    assert choose_review(pool_of("a", "b"), both, 1).picks[0].id == "d0"
    reads_fast = Prices(word=0.0, entity=1.0, confirmation=5.0, removal=1.0)
    assert choose_review(pool_of("a", "b"), both, 1, reads_fast).picks[0].id == "d1"


def test_the_doubtful_spans_of_a_reviewed_text_come_first_and_those_of_others_in_the_order_of_the_text():
    spans = (Span(0, 1, "PER", 0.9), Span(2, 3, "PER", 0.2), Span(4, 5, "LOC"), Span(6, 7, "LOC", 0.2))
    assert [span.start for span in doubtful_first(spans)] == [2, 6, 0, 4]
    documents = [Document("a", "a b c d"), Document("b", "a b c d")]
    offers = [Offer("a", 1, 0.5, "review"), Offer("b", 2, 0.5, "diverse")]
    first, second = offered_batch(offers, documents, {"a": spans, "b": spans}, ("PER", "LOC"))
    assert [span.start for span in first.spans] == [2, 6, 0, 4]
    assert [span.start for span in second.spans] == [0, 2, 4, 6]


def test_auto_changes_when_two_forecasts_in_a_row_are_low_and_stays_there(ledger):
    def purpose(number, outlook, previous):
        return purpose_of(ledger, "auto", number, outlook, previous, has_model=True)

    assert not purpose(1, UNKNOWN, None).completing
    assert not purpose(2, LITTLE, None).completing
    assert not purpose(3, LITTLE, 0.02).completing
    assert not purpose(4, MUCH, 0.001).completing
    changed = purpose(5, LITTLE, 0.001)
    assert changed.completing
    assert "Gain 0.001." in changed.message
    assert "PURPOSE=model goes back" in changed.message
    assert purpose(5, MUCH, 0.02) == changed  # the round was interrupted and is repeated
    later = purpose(6, MUCH, 0.02)
    assert (later.completing, later.message) == (True, "")
    assert selected_purpose(ledger, "auto") == "dataset"


def test_model_goes_back_and_forgets_the_change(ledger):
    purpose_of(ledger, "auto", 5, LITTLE, 0.001, has_model=True)
    assert not purpose_of(ledger, "model", 6, LITTLE, 0.001, has_model=True).completing
    assert selected_purpose(ledger, "auto") == "model"
    assert not purpose_of(ledger, "auto", 7, MUCH, 0.001, has_model=True).completing


def test_dataset_reviews_as_soon_as_there_is_a_model_and_model_never(ledger):
    assert not purpose_of(ledger, "dataset", 1, UNKNOWN, None, has_model=False).completing
    assert purpose_of(ledger, "dataset", 2, MUCH, None, has_model=True).completing
    assert selected_purpose(None, "dataset") == "dataset"
    assert selected_purpose(None, "auto") == selected_purpose(ledger, "auto") == "model"


def test_the_file_part_says_what_is_left_or_that_the_target_is_reached():
    expected = scored(100, np.full(100, 0.5)).expectation
    part = FilePart.of("dataset", FileState.of(100, 50, expected), 1.25, 0.95)
    assert part.advice.startswith(f"Go on: the file should have F1 {100 * part.file_f1:.1f}")
    assert "left to 95.0" in part.advice
    assert not part.reached
    done = FilePart.of("dataset", FileState.of(100, 50, expected, target=0.5), 1.25, 0.5)
    assert done.reached
    assert done.advice.startswith("Consider stopping")
    assert FilePart.of("model", None, 0.5, 0.95).advice == ""


def test_hours_spent_are_prices_until_there_are_lead_times_enough():
    labelled = [
        Document("a", "one two three", (Span(0, 3, "X"),), {"lead_time": 10.0}),
        Document("b", "x", ()),
    ]
    priced = 4 * CORRECTING.word + CORRECTING.entity
    assert hours_spent(labelled, {}, ASSUMED) == pytest.approx(priced / 3600)
    fitted = FittedPrices(CORRECTING, 40, "")
    assert hours_spent(labelled, {}, fitted) == pytest.approx((10.0 + CORRECTING.word) / 3600)
    left_open = replace(labelled[0], meta={"lead_time": 9_999.0})
    assert hours_spent([left_open, labelled[1]], {}, fitted) == pytest.approx(priced / 3600)
    corrected = Document("c", "one", (Span(0, 3, "X"),))
    assert hours_spent([corrected], {"c": [Span(0, 3, "X")]}, ASSUMED) == pytest.approx(
        (CORRECTING.word + CORRECTING.confirmation) / 3600
    )
    assert hours_spent([], {}, ASSUMED) == 0.0
