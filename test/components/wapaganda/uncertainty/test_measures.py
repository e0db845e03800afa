"""Values by hand, the range, independence from padding and batch mates, and the known defects of others."""

import numpy as np
import pytest

from wapaganda.decoding import pad
from wapaganda.uncertainty import MEASURES, score

boundary = MEASURES["boundary"].function
entropy_max = MEASURES["entropy_max"].function
entropy_mean = MEASURES["entropy_mean"].function
entropy_sum = MEASURES["entropy_sum"].function
least_confidence = MEASURES["least_confidence"].function
ltp = MEASURES["ltp"].function
margin = MEASURES["margin"].function
mnlp = MEASURES["mnlp"].function
tag_count = MEASURES["tag_count"].function
# `tag_count` counts words, whether certain or not.
UNCERTAINTIES = [name for name in MEASURES if name != "tag_count"]


def log(probabilities):
    with np.errstate(divide="ignore"):
        return np.log(np.asarray(probabilities, dtype=np.float64))


def random_text(rng, words, labels=2, sharpness=2.0):
    logits = sharpness * rng.normal(size=(words, 1 + 2 * labels))
    logits -= logits.max(axis=1, keepdims=True)
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def one(measure, probabilities):
    return float(measure(*pad([log(probabilities)]))[0])


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def bits(p):
    return -(p * np.log2(p) + (1 - p) * np.log2(1 - p))


# Two words, one type. Valid after O: O or B (.9 of the mass at the second word); after B: anything.
TWO_WORDS = [[0.6, 0.2, 0.2], [0.7, 0.2, 0.1]]
TOTAL = 0.6 * 0.9 + 0.2 * 1.0


def test_least_confidence_by_hand():
    assert one(least_confidence, TWO_WORDS) == pytest.approx(1 - 0.42 / TOTAL)


def test_mnlp_by_hand():
    largest = np.log((3 + np.sqrt(5)) / 2)
    assert one(mnlp, TWO_WORDS) == pytest.approx(-np.log(0.42 / TOTAL) / 2 / largest)


def test_entropies_by_hand():
    first = np.array([0.6 * 0.9, 0.2]) / TOTAL
    second = np.array([0.7 * 0.8, 0.2 * 0.8, 0.1 * 0.2]) / TOTAL
    entropies = [-(p * np.log(p)).sum() / np.log(3) for p in (first, second)]
    assert one(entropy_max, TWO_WORDS) == pytest.approx(max(entropies))
    assert one(entropy_mean, TWO_WORDS) == pytest.approx(np.mean(entropies))


def test_margin_by_hand_is_one_minus_the_difference():
    assert one(margin, [[0.5, 0.3, 0.2]]) == pytest.approx(1 - (0.5 - 0.3) / 0.8)
    assert one(margin, [[0.5, 0.5, 0.0]]) == pytest.approx(1.0)  # 1 − p₁ − p₂ would be 0, "certain"


def test_ltp_by_hand():
    best_at_first = 0.6 * 0.9 / TOTAL  # the best sequence is O O
    best_at_second = 0.7 * 0.8 / TOTAL
    assert one(ltp, TWO_WORDS) == pytest.approx(1 - min(best_at_first, best_at_second))


def test_ltp_looks_at_the_best_sequence_not_at_the_best_tags():
    """B I is the best of all sequences, although O is the likelier tag of the first word."""
    first_two = [[0.5, 0.5, 0.0], [0.1, 0.0, 0.9]]
    assert one(ltp, first_two) == pytest.approx(1 - 1.0 * 0.5 * 0.9 / (0.5 * 0.1 + 0.5 * 1.0))


def test_entropy_sum_by_hand():
    mean = one(entropy_mean, TWO_WORDS) * np.log(3)
    assert one(entropy_sum, TWO_WORDS) == pytest.approx(1 - np.exp(-2 * mean))


def test_tag_count_counts_the_words_of_the_best_sequence():
    text = [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.9, 0.05, 0.05], [0.3, 0.6, 0.1]]
    assert one(tag_count, text) == pytest.approx(1 - np.exp(-3))


def test_boundary_by_hand():
    start = [0.2 / TOTAL, 0.2 * 0.8 / TOTAL]
    goes_on = 0.2 * 0.1 / TOTAL
    end = [start[0] - goes_on, start[1] + goes_on]
    entropies = sorted(map(bits, start + end), reverse=True)
    assert one(boundary, TWO_WORDS) == pytest.approx(np.mean(entropies[:3]))
    assert boundary(*pad([log(TWO_WORDS)]), top=1)[0] == pytest.approx(entropies[0])
    assert boundary(*pad([log(TWO_WORDS)]), top=99)[0] == pytest.approx(np.mean(entropies))


def test_boundary_of_a_text_with_fewer_borders_than_pooled():
    assert one(boundary, [[0.5, 0.5, 0.0]]) == pytest.approx(1.0)


def test_boundary_ignores_uncertainty_about_the_type_alone():
    assert one(boundary, [[0.0, 0.5, 0.0, 0.5, 0.0]] * 2) == pytest.approx(0.0, abs=1e-9)
    assert one(entropy_max, [[0.0, 0.5, 0.0, 0.5, 0.0]] * 2) > 0.4


@pytest.mark.parametrize("name", UNCERTAINTIES)
def test_certainty_is_zero_and_more_uncertainty_is_more(name):
    certain = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    uncertain = [[0.05, 0.9, 0.05], [0.1, 0.1, 0.8], [0.9, 0.05, 0.05]]
    very_uncertain = [[0.4, 0.4, 0.2], [0.3, 0.3, 0.4], [0.4, 0.3, 0.3]]
    values = [one(MEASURES[name], p) for p in (certain, uncertain, very_uncertain)]
    assert values[0] == pytest.approx(0.0, abs=1e-9)
    assert values[0] < values[1] < values[2] <= 1.0


# The largest value is reached, or approached by long texts, where nothing is known.
@pytest.mark.parametrize(
    ("name", "probabilities"),
    [
        ("least_confidence", [[1 / 3] * 3] * 60),
        ("mnlp", [[1 / 3] * 3] * 2000),
        ("ltp", [[1 / 201] * 201] * 2),
        ("entropy_sum", [[1 / 3] * 3] * 60),
        ("expected_errors", [[1 / 3] * 3] * 60),
        ("tag_count", [[0.0, 1.0, 0.0]] * 60),
        ("margin", [[0.5, 0.5, 0.0]]),
        ("boundary", [[0.5, 0.5, 0.0]] * 3),
        (
            "entropy_max",
            [[0.25, 0.75, 0.0], [0.25, 0.25, 0.5]],
        ),  # uniform marginals at the second word: 1/3 each
        ("entropy_mean", [[0.3963, 0.2035, 0.4002]] * 500),  # uniform marginals away from the ends
    ],
)
def test_the_largest_value_is_one(name, probabilities):
    assert one(MEASURES[name], probabilities) == pytest.approx(1.0, abs=2e-2)


@pytest.mark.parametrize("name", MEASURES)
def test_every_value_lies_in_the_unit_interval(name, rng):
    texts = [random_text(rng, int(n), sharpness=s) for n in (1, 2, 7, 40) for s in (0.0, 0.1, 1, 10, 1000)]
    scores = score(texts, name)
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("name", MEASURES)
def test_padding_and_batch_mates_change_no_score(name, rng):
    texts = [random_text(rng, int(n)) for n in rng.integers(1, 30, size=12)]
    alone = np.concatenate([score([text], name) for text in texts])
    np.testing.assert_allclose(score(texts, name), alone, rtol=0, atol=1e-12)
    padded, lengths = pad([*texts, random_text(rng, 512)])
    padded[np.arange(padded.shape[1])[None, :] >= lengths[:, None]] = rng.normal()
    np.testing.assert_allclose(MEASURES[name](padded, lengths)[:-1], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "entropy_sum"])
def test_probabilities_are_per_word_not_over_the_whole_text(name):
    """A softmax over all words and tags would make a certain word look uncertain in a longer text."""
    certain = [[0.999, 0.0005, 0.0005]]
    assert one(MEASURES[name], certain * 20) < 0.1


@pytest.mark.parametrize("name", ["entropy_max", "margin", "boundary", "ltp", "expected_errors"])
def test_certain_words_do_not_hide_an_uncertain_one(name):
    uncertain, certain = [[0.5, 0.5, 0.0]] * 3, [[1.0, 0.0, 0.0]] * 500
    assert one(MEASURES[name], uncertain + certain) == pytest.approx(one(MEASURES[name], uncertain), abs=1e-9)


@pytest.mark.parametrize("name", MEASURES)
def test_empty_texts_score_zero(name, rng):
    assert score([], name).shape == (0,)
    assert score([np.zeros((0, 5))] * 3, name).tolist() == [0, 0, 0]
    mixed = score([np.zeros((0, 5)), random_text(rng, 4)], name)
    assert mixed[0] == 0
    assert mixed[1] > 0


@pytest.mark.parametrize("name", MEASURES)
def test_zero_and_extreme_log_probabilities_give_numbers(name):
    impossible = np.full((4, 5), -np.inf)
    extreme = np.array([[0.0, -1e30, -1e4, -np.inf, -3e38]] * 4)
    assert np.isfinite(score([impossible, extreme], name)).all()


def test_unknown_measures_are_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"boundary, .*, was: 'unknown'"):
        score([], "unknown")


def test_nan_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        score([np.full((2, 3), np.nan)])


def test_boundary_needs_a_border_to_pool():
    with pytest.raises(ValueError, match="at least one boundary"):
        boundary(*pad([log(TWO_WORDS)]), top=0)
