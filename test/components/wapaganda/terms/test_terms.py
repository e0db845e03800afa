"""Places of terms, what looks different, the bound on wrong places, and what a decision changes."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, hypergeom

from wapaganda.errors import InputError
from wapaganda.ner import Document, LabelSchema, Span, word_offsets
from wapaganda.terms import (
    DecidedPlace,
    DecidedTerms,
    Occurrence,
    PlaceReading,
    Terms,
    labelled_as,
    most_wrong,
    read_places,
    reliability,
    term_of,
    text_key,
    to_check,
    why_different,
)

PLACES = [
    ("COX", "COX-2, non-COX, COX", [16]),
    ("Brien", "O'Brien and O’Brien, Brien", [21]),
    ("C", "C++ and C# but C.", [15]),
    ("aspirin", "aspirin's l’aspirin aspirin/codeine", [0, 12, 20]),
    ("aspirin", "Aspirin ASPIRIN aspirin-free aspirins xaspirin", [0]),
    ("Aspirin", "aspirin Aspirin", [8]),
    ("COX-2", "COX‑2, COX - 2, COX-2-free", [0]),
    ("1", "1.5 1,5 1 a 1.", [8, 12]),
    ("U.S.", "the U.S. army; U.S.A.", [4]),
    ("a.b*(c", "x a.b*(c y axb a.bb(c", [2]),
    ("[x]{2}|$", "say [x]{2}|$ or xx", [4]),
    ("naïve", "nai\u0308ve", [0]),
    ("Straße", "STRASSE Straße", [8]),
    ("東京", "東京に", [0]),
    ("New York", "New  York\nNew\u00a0York Newyork New-York", [0, 10]),
    ("don't", "I don't don’t", [2, 8]),
    ("AT", "AT&T AT", [5]),
    ("\U0001f642", "a\U0001f642b", [1]),
]


@pytest.mark.parametrize(("term", "text", "starts"), PLACES)
def test_a_term_is_found_as_whole_words_only(term: str, text: str, starts: list[int]):
    assert [each.start for each in Terms([term]).places(text)] == starts


def test_the_longest_term_has_the_place_and_none_overlap():
    found = Terms(["York", "New York", "New York Times"]).places("the New York Times in York, New York")
    assert [(each.term, each.start) for each in found] == [
        ("New York Times", 4),
        ("York", 22),
        ("New York", 28),
    ]


@given(st.text(), st.integers(0), st.integers(1, 4))
def test_every_place_begins_and_ends_with_a_word_and_reads_as_the_term(text: str, first: int, n: int):
    words = word_offsets(text)
    if not len(words):
        with pytest.raises(InputError):
            term_of(text)
        return
    at = first % len(words)
    end = words[min(len(words), at + n) - 1, 1]
    term = term_of(text[words[at, 0] : end])
    found = Terms([term]).places(text)
    for each in found:
        assert each.start in words[:, 0]
        assert each.end in words[:, 1]
        same = term_of(text[each.start : each.end])
        assert same == term or (term == term.lower() and same[1:] == term[1:])
    assert all(left.end <= right.start for left, right in itertools.pairwise(found))


def test_the_bound_is_exact_for_a_finite_number_of_places_and_clopper_pearson_for_many():
    for places, checked in ((13, 5), (40, 12), (209, 12)):
        for wrong in range(min(3, checked)):
            bound = most_wrong(wrong, checked, places)
            assert hypergeom.cdf(wrong, places, bound, checked) > 0.05
            assert (
                hypergeom.cdf(wrong, places, bound + 1, checked) <= 0.05 or bound == places - checked + wrong
            )
    assert most_wrong(1, 12, 10**6) / 10**6 == pytest.approx(beta.ppf(0.95, 2, 11), abs=1e-4)
    assert (most_wrong(0, 12, 12), most_wrong(3, 12, 12), most_wrong(0, 0, 5)) == (0, 3, 5)


def test_the_bound_holds_in_95_of_100_samples():
    rng = np.random.default_rng(1)
    misses = sum(most_wrong(int(rng.hypergeometric(20, 180, 12)), 12, 200) < 20 for _ in range(4000))
    assert misses / 4000 < 0.06


def occurrence(before: str, after: str = " works", probability: float = 0.9, inside: str = "") -> Occurrence:
    text = f"{before}Paris{after}"
    return Occurrence(text, len(before), len(before) + 5, probability, inside)


def test_what_looks_different_says_why():
    alike = [occurrence("we saw ", probability=each) for each in (0.9, 0.8, 0.95, 0.6, 0.9, 0.85)]
    odd = [
        occurrence("we saw ", probability=0.01),
        occurrence("we saw ", inside="Paris Hilton"),
        occurrence("we saw ", " Hilton works"),
    ]
    assert why_different([*alike, *odd]) == [
        *[""] * 6,
        "the model sees something else",
        "inside “Paris Hilton”",
        "beside “Hilton”",
    ]


def test_a_capital_that_begins_a_sentence_or_that_most_places_have_is_not_odd():
    assert (
        why_different([occurrence("The ")] + [occurrence("It is so. Then ")] + [occurrence("in ")] * 9)
        == [""] * 11
    )
    assert why_different([occurrence("in ", " Texas")] * 3 + [occurrence("in ")] * 3) == [""] * 6


def test_a_term_that_the_model_hardly_knows_anywhere_looks_the_same_everywhere():
    assert (
        why_different([occurrence("in ", probability=each) for each in (0.05, 0.02, 0.1, 0.04)]) == [""] * 4
    )


def test_a_place_where_the_model_finds_the_answer_probable_does_not_look_different():
    said = [occurrence("in ", probability=each) for each in (0.999, 0.999, 0.6)]
    assert why_different(said) == ["", "", ""]


def test_some_of_the_different_places_are_checked_and_a_random_sample_of_the_others():
    reasons = ["", "odd"] * 20
    rows = to_check(reasons, 12, seed=1)
    assert len(set(rows)) == 12
    assert [reasons[row] for row in rows] == ["odd"] * 4 + [""] * 8
    assert rows == to_check(reasons, 12, seed=1) != to_check(reasons, 12, seed=2)
    assert sorted(to_check(["", "odd", ""], 12, seed=1)) == [0, 1, 2]
    drawn = np.bincount([row for seed in range(400) for row in to_check(["", "odd"] * 20, 12, seed)])
    assert drawn[::2].min() > 120  # of 160
    assert drawn[::2].max() < 200
    assert drawn[1::2].min() > 50  # of 80
    assert drawn[1::2].max() < 110


class Read:
    """A text of five words as a model reads it; PER at the first word with 0.8, LOC with 0.1."""

    words = word_offsets("Anna met Bob in Rome")
    log_probs = np.log(np.array([[0.1, 0.8, 0.0, 0.1, 0.0]] + [[1.0, 0.0, 0.0, 0.0, 0.0]] * 4) + 1e-12)
    spans = (Span(0, 4, "PER", 0.8),)


def test_the_probability_of_exactly_a_place_and_the_doubt_of_the_model():
    schema = LabelSchema(("PER", "LOC"))
    (first, other, none), () = read_places([Read(), Read()], [[(0, 4), (9, 12), (1, 4)], []], schema)
    assert first.probabilities == pytest.approx((0.8, 0.1), abs=1e-3)
    assert first.probability(None) == pytest.approx(0.1, abs=1e-3)
    assert first.doubt(0, 4) == pytest.approx(0.3, abs=1e-3)  # 0.2 wrong, 0.1 missed
    assert other.doubt(9, 12) == pytest.approx(0.0, abs=1e-3)
    assert none == PlaceReading(None, Read.spans)


def test_reliability_counts_no_place_for_itself():
    assert reliability({}, "A", 0.5) == 0.5
    assert reliability({"A": 1}, "A", 0.5) == pytest.approx(1 / 3)
    assert reliability({"A": 8}, "A", 0.5) == pytest.approx(0.9)
    assert reliability({"A": 2, None: 6}, "A", 0.5) == pytest.approx(0.2)


def test_labels_of_people_at_a_term():
    document = Document("1", "Anna met Anna Lee . Anna", (Span(0, 4, "PER"), Span(9, 17, "PER")))
    assert labelled_as([document], Terms(["Anna"])) == {"Anna": {"PER": 1, None: 1}}


TEXT = "low dose aspirin helps"
LONG, MIDDLE, INNER = Span(0, 16, "X", 0.5), Span(4, 16, "X", 0.5), Span(9, 16, "X", 0.5)


def decided(*places: DecidedPlace) -> DecidedTerms:
    return DecidedTerms({text_key(TEXT): places})


def test_an_entity_takes_the_place_of_what_overlaps_it_and_no_entity_of_what_lies_within():
    drug, none = DecidedPlace(9, 16, "DRUG", 0.9, 1), DecidedPlace(4, 16, None, 0.9, 1)
    after = Span(17, 22, "X", 0.5)
    assert decided(drug).applied(TEXT, [LONG, after]) == (Span(9, 16, "DRUG"), after)
    assert decided(none).applied(TEXT, [INNER, after]) == (after,)
    assert decided(none).applied(TEXT, [MIDDLE]) == ()
    assert decided(none).applied(TEXT, [LONG]) == (LONG,)
    assert decided(drug).applied(TEXT + ".", [LONG]) == (LONG,)
    assert decided(drug).made(TEXT, [Span(9, 16, "DRUG"), after]) == (True, False)


def test_of_overlapping_decisions_the_longest_wins_and_then_the_last():
    short, long = DecidedPlace(9, 16, "DRUG", 0.9, 2), DecidedPlace(0, 16, "DOSE", 0.9, 1)
    again = DecidedPlace(9, 16, None, 0.9, 3)
    assert decided(short, long).applied(TEXT, []) == (Span(0, 16, "DOSE"),)
    assert decided(short, again).applied(TEXT, [INNER]) == ()
