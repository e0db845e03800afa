"""Groups of near duplicates against the definition: connected components over all pairs."""

import random

import numpy as np
import pytest

from wapaganda.sampler import near_duplicate_groups
from wapaganda.sampler.near_duplicates import normalise

WORDS = ["anna", "berlin", "bought", "the", "red", "house", "in", "tokyo", "北京", "e\u0301t", "😀"]


def five_grams(text):
    text = normalise(text).ljust(5, "\0")
    return {text[i : i + 5] for i in range(len(text) - 4)}


def components(texts, similarity):
    sets, group = [five_grams(text) for text in texts], list(range(len(texts)))
    for one in range(len(texts)):
        for other in range(one):
            shared = len(sets[one] & sets[other])
            if shared >= similarity * (len(sets[one]) + len(sets[other]) - shared) - 1e-9:
                low, high = sorted((group[one], group[other]))
                group = [low if each == high else each for each in group]
    return group


def changed(texts, rng):
    copy = list(rng.choice(texts))
    for _ in range(rng.randint(0, 3)):
        copy[rng.randrange(len(copy))] = rng.choice("abc ")
    return "".join(copy)


@pytest.mark.parametrize("similarity", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_definition(similarity, seed):
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(1, 20))) for _ in range(60)]
    texts += [changed(texts, rng) for _ in range(60)]
    texts += [changed(texts, rng) for _ in range(40)]
    rng.shuffle(texts)
    found = near_duplicate_groups(texts, similarity).tolist()
    assert found == components(texts, similarity)
    assert 1 < len(set(found)) < len(texts)


def test_copies_up_to_case_and_white_space_and_chains_are_one_group():
    long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    texts = [long, "quite another text", "  ONE" + long[3:], long + " x", long + " xy z", "", " "]
    assert near_duplicate_groups(texts).tolist() == [0, 1, 0, 0, 0, 5, 5]
    assert near_duplicate_groups([]).tolist() == []
    assert near_duplicate_groups(["a"]).dtype == np.int64


@pytest.mark.parametrize("similarity", [0.0, 1.5])
def test_a_similarity_out_of_range_is_refused(similarity):
    with pytest.raises(ValueError, match="similarity"):
        near_duplicate_groups(["a"], similarity)
