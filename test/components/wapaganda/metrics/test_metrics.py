"""Strict scores: exact, and what seqeval says."""

import itertools
import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wapaganda.metrics import PRF, Scores, evaluate
from wapaganda.ner import Span

LABELS = ("PER", "-odd-", "B-x")


@st.composite
def span_sets(draw: st.DrawFn) -> tuple[Span, ...]:
    borders = sorted(draw(st.sets(st.integers(0, 14), max_size=10)))
    pairs = list(itertools.pairwise(borders))
    kept = [pair for pair in pairs if draw(st.booleans())]
    return tuple(Span(start, end, draw(st.sampled_from(LABELS))) for start, end in kept)


def naive(
    gold: list[tuple[Span, ...]], predicted: list[tuple[Span, ...]], label: str | None
) -> tuple[float, ...]:
    def keys(spans: list[tuple[Span, ...]]) -> Counter[tuple[int, Span]]:
        return Counter((n, s) for n, row in enumerate(spans) for s in row if label in (None, s.label))

    true, guess = keys(gold), keys(predicted)
    hits = (true & guess).total()
    precision = hits / guess.total() if guess else 0.0
    recall = hits / true.total() if true else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return precision, recall, f1, true.total()


def values(prf: PRF) -> tuple[float, ...]:
    return prf.precision, prf.recall, prf.f1, prf.support


@given(st.lists(st.tuples(span_sets(), span_sets()), max_size=5))
@settings(max_examples=150, deadline=None)
def test_scores_equal_exact_matching_of_character_spans(pairs):
    gold, predicted = [g for g, _ in pairs], [p for _, p in pairs]

    scores = evaluate(gold, predicted)

    assert values(scores.micro) == pytest.approx(naive(gold, predicted, None))
    for label, prf in scores.per_type.items():
        assert values(prf) == pytest.approx(naive(gold, predicted, label))
    if scores.per_type:
        mean = sum(prf.f1 for prf in scores.per_type.values()) / len(scores.per_type)
        assert scores.macro.f1 == pytest.approx(mean)
    assert Scores.from_dict(json.loads(json.dumps(scores.to_dict()))) == scores


def spans_of(tags: list[str]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for position, tag in enumerate(tags):
        if tag.startswith("B-"):
            spans.append(Span(position, position + 1, tag[2:]))
        elif tag.startswith("I-"):
            spans[-1] = Span(spans[-1].start, position + 1, tag[2:])
    return tuple(spans)


def test_scores_agree_with_seqeval_on_plain_tags():
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    gold = [["B-A", "B-A", "I-A", "O", "B-B"], ["O", "O"], ["B-C", "I-C", "I-C"]]
    guess = [["B-A", "I-A", "I-A", "O", "B-B"], ["B-A", "O"], ["B-C", "I-C", "I-C"]]
    report = classification_report(gold, guess, output_dict=True, mode="strict", scheme=IOB2, zero_division=0)

    scores = evaluate([spans_of(t) for t in gold], [spans_of(t) for t in guess])

    assert scores.micro.f1 == report["micro avg"]["f1-score"]
    assert scores.macro.f1 == report["macro avg"]["f1-score"]
    assert {k: v.f1 for k, v in scores.per_type.items()} == {k: report[k]["f1-score"] for k in "ABC"}


def test_adjacent_spans_are_not_one_span():
    scores = evaluate([[Span(0, 3, "A"), Span(3, 6, "A")]], [[Span(0, 6, "A")]])

    assert (scores.micro.f1, scores.n_gold, scores.n_predicted) == (0.0, 2, 1)


def test_nothing_to_find_and_nothing_found_is_zero_not_an_error():
    scores = evaluate([(), ()], [(), ()])

    assert scores == Scores(PRF(0, 0, 0, 0), PRF(0, 0, 0, 0), {}, n_documents=2)


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([[Span(0, 4, "A"), Span(2, 6, "A")]], [[]], "do not overlap"),
        ([[]], [[Span(0, 4, "A"), Span(1, 2, "B")]], "do not overlap"),
        ([[Span(3, 3, "A")]], [[]], "non-empty"),
        ([[Span(0, 1, "A"), Span(0, 1, "A")]], [[]], "do not overlap"),
        ([[]], [[], []], "as many predicted as gold"),
    ],
)
def test_what_cannot_be_scored_is_refused(gold, predicted, message):
    with pytest.raises(ValueError, match=message):
        evaluate(gold, predicted)
