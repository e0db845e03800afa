"""The near-duplicate filter against the definition: Jaccard similarity over all pairs."""

import functools
import random

import pytest

from wapaganda.sampler import NearDuplicateFilter, count_near_duplicates
from wapaganda.sampler.near_duplicates import normalise, shingles


@functools.cache
def five_grams(text):
    text = normalise(text).ljust(5, "\0")
    return {text[i : i + 5] for i in range(len(text) - 4)}


def jaccard(one, other):
    a, b = five_grams(one), five_grams(other)
    return len(a & b) / len(a | b)


def greedy(texts, seen, similarity):
    known, admitted = list(seen), []
    for text in texts:
        is_new = all(
            jaccard(text, other) < similarity and normalise(text) != normalise(other) for other in known
        )
        admitted.append(is_new)
        if is_new:
            known.append(text)
    return admitted


def variants(n, seed):
    """Sentences of few words, and changed copies of them: many pairs lie close to the border."""
    rng = random.Random(seed)
    words = [
        *["anna", "berlin", "bought", "the", "red", "house", "in", "tokyo", "a", "to", "of"],
        "北京",
        "naïve",
        "e\u0301t",
        "😀",
    ]
    texts = [" ".join(rng.choices(words, k=rng.randint(1, 25))) for _ in range(n)]
    for i in range(0, n, 2):
        copy = list(texts[rng.randrange(n)])
        for _ in range(rng.randint(0, 4)):
            copy[rng.randrange(len(copy))] = rng.choice("abcdefgh ")
        texts[i] = "".join(copy)
    return texts


@pytest.mark.parametrize("similarity", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("seed", range(2))
def test_equals_the_definition(similarity, seed):
    texts = variants(220, seed)
    pool, seen = texts[:150], texts[150:]
    duplicates = NearDuplicateFilter(pool, seen, similarity)
    expected = greedy(pool, seen, similarity)
    assert 15 < sum(expected) < 140
    assert [duplicates.admit(i) for i in range(len(pool))] == expected
    assert duplicates.rejected == {i for i, is_new in enumerate(expected) if not is_new}


def test_shingles_are_those_of_the_definition_also_in_blocks(monkeypatch):
    texts = [normalise(text) for text in variants(100, 1)] + ["", "a", "abcd", "abcde"]
    whole = shingles(texts)
    assert whole.sizes.tolist() == [len(five_grams(text)) for text in texts]
    monkeypatch.setattr("wapaganda.sampler.near_duplicates._BLOCK", 50)
    blockwise = shingles(texts)
    assert blockwise.hashes.tolist() == whole.hashes.tolist()
    assert blockwise.bounds.tolist() == whole.bounds.tolist()


@pytest.mark.parametrize(
    ("one", "other", "is_new"),
    [
        ("Anna lives in Berlin.", "  anna  LIVES in\nBerlin. ", False),
        ("ﬁne ｔｅｘｔ", "fine text", False),
        ("No", "no", False),
        ("No", "On", True),
        ("", "", False),
        ("Anna lives in Berlin.", "Otto works in Madrid.", True),
        ("\ud800 lone surrogate", "\ud800 lone surrogate", False),
    ],
)
def test_pairs(one, other, is_new):
    assert NearDuplicateFilter([one], [other]).admit(0) is is_new
    both = NearDuplicateFilter([other, one])
    assert [both.admit(0), both.admit(1)] == [True, is_new]


def test_ten_thousand_equal_texts_are_one_text():
    duplicates = NearDuplicateFilter(["the same text again and again"] * 10_000)
    assert sum(duplicates.admit(i) for i in range(10_000)) == 1


@pytest.mark.parametrize("similarity", [0.0, 1.1])
def test_similarity_is_a_share(similarity):
    with pytest.raises(ValueError, match="similarity"):
        NearDuplicateFilter(["a"], similarity=similarity)


def test_near_duplicates_of_a_batch_are_counted():
    texts = [
        "Anna lives in Berlin.",
        "Otto works in Madrid.",
        "anna lives in berlin",
        "Anna lives in Berlin!",
    ]
    assert count_near_duplicates(texts) == 2
    assert count_near_duplicates(texts[:2]) == count_near_duplicates([]) == 0
    assert count_near_duplicates(texts, similarity=1.0) == 0
    batch = variants(120, 3)
    assert count_near_duplicates(batch) == 120 - sum(greedy(batch, [], 0.8))
