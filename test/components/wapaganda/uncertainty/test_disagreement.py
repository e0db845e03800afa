"""Several readings of one text, and scores of past rounds."""

import numpy as np
import pytest

from wapaganda.decoding import pad, posterior
from wapaganda.uncertainty import (
    COMMITTEE,
    DISAGREEMENT,
    bald,
    fluctuation,
    n_samples,
    score,
    score_samples,
    vote_entropy,
)


def readings(rng, words, samples=4, labels=2):
    logits = 2 * rng.normal(size=(samples, words, 1 + 2 * labels))
    return logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))


def log(probabilities):
    with np.errstate(divide="ignore"):
        return np.log(np.asarray(probabilities, dtype=np.float64))


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_bald_is_the_mutual_information_of_the_marginals(rng):
    sample = readings(rng, 5)
    tags = np.stack([posterior(*pad([one])).tag[0] for one in sample])

    def entropy(p):
        return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)

    information = np.sort(entropy(tags.mean(axis=0)) - entropy(tags).mean(axis=0))[::-1]
    assert score_samples([sample], "bald")[0] == pytest.approx(information[:3].mean() / np.log(4))


def test_vote_entropy_by_hand():
    outside, begin = [0.9, 0.1, 0.0], [0.1, 0.9, 0.0]
    text = log([[outside, begin], [outside, outside], [outside, begin], [outside, outside]])
    assert score_samples([text], "vote_entropy")[0] == pytest.approx(np.log(2) / 2 / np.log(3))
    assert vote_entropy(text[:, None], np.array([2]), top=1)[0] == pytest.approx(np.log(2) / np.log(3))


@pytest.mark.parametrize("name", DISAGREEMENT)
def test_readings_that_agree_score_zero_however_unsure_they_are(name):
    same = log([[[0.4, 0.4, 0.2], [0.4, 0.3, 0.3]]] * 5)
    assert score_samples([same], name)[0] == pytest.approx(0.0, abs=1e-12)
    assert score_samples([same[:1]], name)[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("name", DISAGREEMENT)
def test_sure_readings_that_contradict_each_other_score_one(name):
    contrary = log([[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]])
    assert score_samples([contrary], name)[0] == pytest.approx(1.0)


@pytest.mark.parametrize("name", DISAGREEMENT)
def test_a_measure_of_disagreement_goes_by_the_readings_and_asks_for_them(name, rng):
    texts = [readings(rng, n) for n in (3, 5)]
    plain = [text[0] for text in texts]
    assert score(plain, name, texts).tolist() == score_samples(texts, name).tolist()
    assert score(plain, "mnlp", texts).tolist() == score(plain, "mnlp").tolist()
    assert n_samples("mnlp") == 0
    with pytest.raises(ValueError, match=f"several readings of each text to compare by {name}, was: one"):
        score(plain, name)


def test_thinned_heads_read_for_all_but_the_committee_whose_readings_are_other_models():
    assert {name: n_samples(name) > 1 for name in DISAGREEMENT} == {
        "bald": True,
        "vote_entropy": True,
        COMMITTEE: False,
    }


def test_a_committee_is_as_far_apart_as_its_members_are_from_their_mean(rng):
    text = readings(rng, 4, samples=3)
    tags = np.stack([posterior(*pad([one])).tag[0] for one in text])
    divergence = (tags * np.log(np.maximum(tags, 1e-300) / np.maximum(tags.mean(axis=0), 1e-300))).sum(axis=2)
    largest = np.sort(divergence.mean(axis=0))[::-1][:3]
    assert score_samples([text], COMMITTEE)[0] == pytest.approx(largest.mean() / np.log(3))


@pytest.mark.parametrize("name", DISAGREEMENT)
def test_padding_and_batch_mates_change_no_score(name, rng):
    texts = [readings(rng, int(n)) for n in (3, 1, 12, 0, 30)]
    together = score_samples(texts, name)
    alone = [score_samples([text], name)[0] for text in texts]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)
    assert together[3] == 0.0
    assert ((together >= 0) & (together <= 1)).all()
    padded = np.full((4, 1, 50, 5), 3.0)
    padded[:, 0, :12] = texts[2]
    assert DISAGREEMENT[name](padded, np.array([12]))[0] == pytest.approx(alone[2], abs=1e-12)


@pytest.mark.parametrize("name", DISAGREEMENT)
def test_the_order_of_the_readings_does_not_matter(name, rng):
    text = readings(rng, 7)
    assert score_samples([text], name)[0] == pytest.approx(score_samples([text[::-1]], name)[0])


def test_what_does_not_fit_is_refused(rng):
    with pytest.raises(ValueError, match=r"bald, vote_entropy, committee, was: 'mnlp'"):
        score_samples([], "mnlp")
    with pytest.raises(ValueError, match="readings, words, tags"):
        score_samples([readings(rng, 3), readings(rng, 3, samples=2)], "bald")
    with pytest.raises(ValueError, match="readings, words, tags"):
        score_samples([np.zeros((3, 5))], "bald")
    with pytest.raises(ValueError, match="at least one word"):
        bald(readings(rng, 3)[:, None], np.array([3]), top=0)
    with pytest.raises(ValueError, match="NaN"):
        score_samples([np.full((2, 3, 5), np.nan)], "bald")
    assert score_samples([], "bald").shape == (0,)


def test_fluctuation_by_hand():
    history = [[0.9, 0.0], [0.2, 0.0], [0.4, 1.0], [0.6, 0.0]]
    variance = np.var([0.2, 0.4, 0.6])
    found = fluctuation(history)
    assert found[0] == pytest.approx(0.5 * 0.6 + 0.5 * 4 * variance)
    assert found[1] == pytest.approx(0.5 * 4 * np.var([0.0, 1.0, 0.0]))


def test_the_largest_fluctuation_is_one():
    assert fluctuation([[0.0], [1.0]]) == pytest.approx([1.0])
    assert fluctuation([[0.7, 0.1]]) == pytest.approx([0.35, 0.05])


def test_a_text_that_came_later_has_a_shorter_history():
    late = fluctuation([[np.nan, 0.1], [0.2, 0.2], [0.4, 0.3]])
    assert late[0] == pytest.approx(fluctuation([[0.2], [0.4]])[0])


@pytest.mark.parametrize("wrong", [[[0.1], [np.nan]], [], [0.1, 0.2]])
def test_a_history_ends_with_a_full_round(wrong):
    with pytest.raises(ValueError, match="full last round"):
        fluctuation(wrong)


def test_scores_of_the_past_lie_in_the_unit_interval():
    with pytest.raises(ValueError, match="from 0 to 1"):
        fluctuation([[0.1], [1.5]])
