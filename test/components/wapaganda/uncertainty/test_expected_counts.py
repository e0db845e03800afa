"""Expected counts against brute force over all valid sequences."""

import itertools

import numpy as np
import pytest

from wapaganda.uncertainty import Expectation, expected_counts, score


def valid(tags):
    return all(
        not (tag > 0 and tag % 2 == 0) or (before > 0 and (before - 1) // 2 == (tag - 1) // 2)
        for before, tag in itertools.pairwise((0, *tags))
    )


def spans_of(tags):
    spans = set()
    for i, tag in enumerate(tags):
        if tag % 2 == 1:
            j = i
            while j + 1 < len(tags) and tags[j + 1] == tag + 1:
                j += 1
            spans.add((i, j, tag // 2))
    return spans


def brute_force(log_probs):
    """Predicted, right and entities by type, summed over every valid sequence."""
    words, n_tags = log_probs.shape
    sequences = [tags for tags in itertools.product(range(n_tags), repeat=words) if valid(tags)]
    mass = np.exp([sum(log_probs[t, tag] for t, tag in enumerate(tags)) for tags in sequences])
    mass /= mass.sum()
    best = spans_of(sequences[int(mass.argmax())])
    right = sum(p * len(best & spans_of(tags)) for p, tags in zip(mass, sequences, strict=True))
    entities = np.zeros((n_tags - 1) // 2)
    for p, tags in zip(mass, sequences, strict=True):
        for _, _, kind in spans_of(tags):
            entities[kind] += p
    return len(best), right, entities


def random_text(rng, words, labels=2, sharpness=1.5):
    logits = sharpness * rng.normal(size=(words, 1 + 2 * labels))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_counts_are_those_of_all_valid_sequences(rng):
    texts = [random_text(rng, n) for n in (1, 2, 3, 4, 5, 3, 4)]
    found = expected_counts(texts)
    for row, text in enumerate(texts):
        predicted, right, entities = brute_force(text)
        assert found.n_words[row] == len(text)
        assert found.predicted[row] == predicted
        assert found.expected_correct[row] == pytest.approx(right)
        np.testing.assert_allclose(found.entities[row], entities, atol=1e-12)
        assert found.errors[row] == pytest.approx(predicted + entities.sum() - 2 * right)
        assert score([text], "expected_errors")[0] == pytest.approx(1 - np.exp(-found.errors[row]))
    assert found.predicted.sum() > 0


def test_f1_without_labels_by_hand():
    expectation = Expectation(
        np.array([5, 5]), np.array([2, 0]), np.array([1.5, 0.0]), np.array([[1.0, 1.0], [0.5, 0.0]])
    )
    assert expectation.f1() == pytest.approx(2 * 1.5 / (2 + 2.5))
    assert expectation[[1]].f1() == 0.0
    np.testing.assert_allclose(expectation.errors, [0.5 + 0.5, 0.5])


def test_f1_of_nothing_is_one():
    assert expected_counts([]).f1() == 1.0
    assert expected_counts([np.zeros((0, 5))]).f1() == 1.0


def test_the_expected_f1_of_a_calibrated_model_is_its_f1(rng):
    """Gold sequences drawn from the model's own distribution."""
    texts = [random_text(rng, 3, labels=1) for _ in range(400)]
    sequences = [tags for tags in itertools.product(range(3), repeat=3) if valid(tags)]
    right = predicted = gold = 0
    for text in texts:
        mass = np.exp([sum(text[t, tag] for t, tag in enumerate(tags)) for tags in sequences])
        best = spans_of(sequences[int(mass.argmax())])
        drawn = spans_of(sequences[rng.choice(len(sequences), p=mass / mass.sum())])
        right, predicted, gold = right + len(best & drawn), predicted + len(best), gold + len(drawn)
    assert expected_counts(texts).f1() == pytest.approx(2 * right / (predicted + gold), abs=0.05)


def test_parts_join_to_the_whole(rng):
    texts = [random_text(rng, int(n)) for n in rng.integers(0, 30, size=11)]
    whole, parts = (
        expected_counts(texts),
        Expectation.join([expected_counts(texts[:4]), expected_counts([]), expected_counts(texts[4:])]),
    )
    for name in ("n_words", "predicted", "expected_correct", "entities"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=0, atol=1e-12)
    assert len(Expectation.join([])) == 0
    assert len(whole[2:5]) == 3
    np.testing.assert_array_equal(whole[np.array([3, 1])].n_words, [len(texts[3]), len(texts[1])])
    with pytest.raises(ValueError, match=r"one number of types, was: \[1, 2\]"):
        Expectation.join([whole, expected_counts([random_text(rng, 3, labels=1)])])


def test_padding_changes_no_expectation(rng):
    texts = [random_text(rng, int(n)) for n in (1, 40, 7, 0, 300)]
    together = expected_counts(texts)
    for row, text in enumerate(texts):
        alone = expected_counts([text])
        assert together.expected_correct[row] == pytest.approx(alone.expected_correct[0], abs=1e-12)
        np.testing.assert_allclose(together.entities[row], alone.entities[0], atol=1e-12)
