"""How far sources are believed: counts by hand, hostile sources, what a model and a source say together."""

from dataclasses import replace

import numpy as np
import pytest

from wapaganda.ner import LabelSchema, Span, word_offsets
from wapaganda.source import Opinion, SourceReliability, combine, tags_of, trust

SCHEMA = LabelSchema(("CITY", "NAME"))
OUT, B_CITY, I_CITY, B_NAME, I_NAME = range(5)


def corpus(n: int, seed: int = 0) -> list[np.ndarray]:
    """Texts of 12 words; a name of two words in each, and a city in half of them."""
    rng, found = np.random.default_rng(seed), []
    for row in range(n):
        tags = np.zeros(12, dtype=np.int64)
        at = rng.integers(0, 5)
        tags[at : at + 2] = B_NAME, I_NAME
        tags[rng.integers(7, 12)] = B_CITY if row % 2 else OUT
        found.append(tags)
    return found


def source(gold: list[np.ndarray], misses: float, seed: int = 1) -> list[np.ndarray]:
    """Votes that miss an entity now and then and never invent one."""
    rng = np.random.default_rng(seed)
    votes = []
    for tags in gold:
        kept = tags.copy()
        for first in np.flatnonzero(tags % 2 == 1):
            if rng.random() < misses:
                kept[first : first + 1 + (tags[first] == B_NAME)] = OUT
        votes.append(kept)
    return votes


def model(gold: list[np.ndarray], right: float, seed: int = 2) -> list[np.ndarray]:
    """Log-probabilities of a model that gives the true tag of a word 0.8, and else another tag 0.8."""
    rng, found = np.random.default_rng(seed), []
    for tags in gold:
        said = np.where(rng.random(len(tags)) < right, tags, rng.integers(0, 5, len(tags)))
        rows = np.full((len(tags), 5), 0.05)
        rows[np.arange(len(tags)), said] = 0.8
        found.append(np.log(rows))
    return found


def random_votes(n: int, share: float) -> list[np.ndarray]:
    rng = np.random.default_rng(9)
    return [np.where(rng.random(12) < share, rng.choice([B_CITY, B_NAME], 12), OUT) for _ in range(n)]


def loss(gold, said) -> float:
    return -float(
        np.mean([row[np.arange(len(tags)), tags].mean() for tags, row in zip(gold, said, strict=True)])
    )


def test_counts_of_words_and_spans_are_those_of_the_texts():
    gold = [np.array([B_NAME, I_NAME, OUT, B_CITY])]
    votes = [np.array([B_NAME, I_NAME, B_CITY, OUT])]
    found = SourceReliability.learn(gold, votes, SCHEMA, ["CITY", "NAME"])
    before = SourceReliability.learn([], [], SCHEMA, ["CITY", "NAME"], votes)
    assert np.allclose((found.joint - before.joint).round(6), [[0, 1, 0], [1, 0, 0], [0, 0, 2]])
    city, name = found.spans
    assert (city.voted, city.gold, city.right) == (1, 1, 0)
    assert (name.voted, name.gold, name.right) == (1, 1, 1)
    assert city.precision == pytest.approx(4 * 0.7 / 5)
    assert name.precision == pytest.approx(3.8 / 5)
    assert name.recall == pytest.approx(3.0 / 5)
    low, high = name.precision_interval
    assert low < name.precision < high


def test_a_good_source_is_on_and_makes_a_model_better_on_other_texts():
    gold, others = corpus(60), corpus(60, seed=5)
    said = {"good": Opinion(source(gold, 0.3), SCHEMA.labels)}
    verdict = trust(gold, said, SCHEMA, model(gold, 0.8))["good"]
    assert verdict.why.startswith("on: ")
    assert verdict.reliability.weight > 0
    before = model(others, 0.8, seed=7)
    votes = source(others, 0.3, seed=8)
    after = [
        combine(rows, {"good": tags}, {"good": verdict.reliability})
        for rows, tags in zip(before, votes, strict=True)
    ]
    assert loss(others, after) < 0.8 * loss(others, before)
    assert all(np.allclose(np.exp(rows).sum(axis=1), 1.0, atol=1e-5) for rows in after)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_random_source_changes_almost_nothing(share):
    gold, others = corpus(100), corpus(100, seed=5)
    said = {"random": Opinion(random_votes(100, share), SCHEMA.labels)}
    found = trust(gold, said, SCHEMA, model(gold, 0.9))["random"].reliability
    before = model(others, 0.9, seed=7)
    votes = random_votes(200, share)[100:]
    after = [
        combine(*pair, {"random": found}) for pair in zip(before, ({"random": v} for v in votes), strict=True)
    ]
    assert loss(others, after) < loss(others, before) + 0.005


def test_swapped_types_are_understood_once_people_have_answered():
    swapped = np.array([OUT, B_NAME, I_NAME, B_CITY, I_CITY])
    gold = corpus(100)
    votes = [swapped[tags] for tags in source(gold, 0.2)]
    verdict = trust(gold, {"s": Opinion(votes, SCHEMA.labels)}, SCHEMA, model(gold, 0.8))["s"]
    said = combine(None, {"s": np.array([B_NAME, OUT])}, {"s": verdict.reliability})
    assert said.argmax(axis=1).tolist() == [B_CITY, OUT]


def test_a_type_that_repeats_the_errors_of_the_model_is_off_while_the_others_stay_on():
    gold = corpus(150)
    rows = model(gold, 0.75)
    votes = source(gold, 0.2)
    for tags, said in zip(votes, rows, strict=True):
        guess = said.argmax(axis=1)
        tags[(tags == B_CITY) | (tags == I_CITY)] = OUT
        tags[(guess == B_CITY) & (tags == OUT)] = B_CITY
    verdict = trust(gold, {"s": Opinion(votes, SCHEMA.labels)}, SCHEMA, rows)["s"]
    assert verdict.reliability.is_on
    assert set(verdict.types_off) == {"CITY"}
    assert verdict.reliability.off == {1}
    assert verdict.types_off["CITY"].startswith("off: worse with it in ")


def test_two_sources_that_err_alike_count_hardly_more_than_one():
    gold, noise = corpus(80), np.random.default_rng(4)
    votes = [np.where((tags == OUT) & (noise.random(12) < 0.1), B_CITY, tags) for tags in source(gold, 0.3)]
    opinions = {name: Opinion(votes, SCHEMA.labels) for name in ("one", "copy")}
    rows = model(gold, 0.9)
    alone = trust(gold, {"one": opinions["one"]}, SCHEMA, rows)["one"].reliability.weight
    both = trust(gold, opinions, SCHEMA, rows)
    assert sum(each.reliability.weight for each in both.values()) <= alone + 0.25


def test_before_the_first_answers_a_source_is_on_and_says_what_is_believed_of_it():
    (verdict,) = trust([], {"s": Opinion([], ["NAME"])}, SCHEMA).values()
    assert verdict.why == "on: 0 answers are too few to judge it, 20 are needed"
    said = combine(None, {"s": np.array([OUT, B_NAME, I_NAME])}, {"s": verdict.reliability})
    assert said.argmax(axis=1).tolist() == [OUT, B_NAME, I_NAME]
    assert 0.5 < np.exp(said[1, B_NAME]) < 0.9


def test_a_source_that_is_off_has_no_voice():
    off = replace(SourceReliability.learn(corpus(5), corpus(5), SCHEMA, SCHEMA.labels), weight=0.0)
    rows = model(corpus(1), 0.9)[0]
    said = combine(rows, {"s": corpus(1)[0]}, {"s": off})
    assert np.allclose(np.exp(said), np.exp(rows) / np.exp(rows).sum(axis=1, keepdims=True), atol=1e-6)
    with pytest.raises(ValueError, match="neither"):
        combine(None, {"s": corpus(1)[0]}, {"s": off})


def test_without_answers_n_sources_count_less_each_and_half_beside_a_model():
    def weights(names: str, log_probs=None) -> set[float]:
        opinions = {name: Opinion([], SCHEMA.labels) for name in names}
        return {each.reliability.weight for each in trust([], opinions, SCHEMA, log_probs).values()}

    assert weights("a") == {1.0}
    assert weights("abcd") == {0.5}
    assert weights("abc", []) == {0.5}
    assert weights("a", []) == {0.5}


@pytest.mark.parametrize(("seed", "state", "share"), [(11, "off", 0.89), (6, "on", 0.92)])
def test_a_source_that_helps_in_less_than_90_of_100_resamplings_is_off(seed: int, state: str, share: float):
    gold, rng = corpus(30), np.random.default_rng(seed)
    votes = [np.where(rng.random(12) < 0.03, B_CITY, tags) for tags in source(gold, 0.9, seed)]
    verdict = trust(gold, {"s": Opinion(votes, SCHEMA.labels)}, SCHEMA, model(gold, 0.9))["s"]
    assert f"better in {share:.0%} of 500" in verdict.why
    assert verdict.why.startswith(f"{state}: ")
    assert verdict.reliability.is_on is (state == "on")


def test_the_evidence_of_a_vote_is_tempered_and_that_of_a_class_that_is_off_is_none():
    whole = SourceReliability.learn(corpus(20), source(corpus(20), 0.2), SCHEMA, SCHEMA.labels)
    tags = np.array([OUT, B_CITY, B_NAME, I_NAME])
    said = whole.log_likelihood(tags)
    assert np.ptp(said, axis=1).min() > 0.5
    assert np.allclose(replace(whole, weight=0.25).log_likelihood(tags), 0.25 * said)
    without = replace(whole, off=frozenset([1])).log_likelihood(tags)
    assert np.allclose(without[1], 0.0)
    assert np.allclose(without[[0, 2, 3]], said[[0, 2, 3]])


def test_of_overlapping_spans_the_first_has_the_words():
    words = word_offsets("New York City")
    spans = [Span(4, 13, "NAME"), Span(0, 8, "CITY"), Span(9, 13, "ELSE"), Span(10, 13, "NAME")]
    assert tags_of(spans, words, SCHEMA).tolist() == [B_CITY, I_CITY, OUT]
