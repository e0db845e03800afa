"""Measures that compare the predictions of several models for one text."""

import numpy as np
import pytest

from wapaganda.decoding import pad, posterior
from wapaganda.uncertainty import MEASURES, score, without_committee

COMMITTEE = [name for name, each in MEASURES.items() if each.committee]


def predictions(rng, words, models=4, labels=2):
    logits = 2 * rng.normal(size=(models, words, 1 + 2 * labels))
    return logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))


def log(probabilities):
    with np.errstate(divide="ignore"):
        return np.log(np.asarray(probabilities, dtype=np.float64))


def of_committee(texts, name="committee"):
    return score([text[0] for text in texts], name, texts)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_the_divergence_equals_the_mutual_information_of_tag_and_model(rng):
    text = predictions(rng, 5)
    tags = np.stack([posterior(*pad([one])).tag[0] for one in text])

    def entropy(p):
        return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)

    information = np.sort(entropy(tags.mean(axis=0)) - entropy(tags).mean(axis=0))[::-1]
    assert of_committee([text])[0] == pytest.approx(information[:3].mean() / np.log(4))


@pytest.mark.parametrize("name", COMMITTEE)
def test_models_that_agree_score_zero_however_uncertain_they_are(name):
    same = log([[[0.4, 0.4, 0.2], [0.4, 0.3, 0.3]]] * 5)
    assert of_committee([same], name)[0] == pytest.approx(0.0, abs=1e-12)
    assert of_committee([same[:1]], name)[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("name", COMMITTEE)
def test_certain_models_that_contradict_each_other_score_one(name):
    contrary = log([[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]])
    assert of_committee([contrary], name)[0] == pytest.approx(1.0)


@pytest.mark.parametrize("name", COMMITTEE)
def test_a_measure_of_a_committee_needs_its_predictions(name, rng):
    texts = [predictions(rng, n) for n in (3, 5)]
    plain = [text[0] for text in texts]
    assert score(plain, "mnlp", texts).tolist() == score(plain, "mnlp").tolist()
    with pytest.raises(ValueError, match=f"predictions of a committee for {name}, was: one model's"):
        score(plain, name)


def test_without_a_committee_least_confidence_takes_its_place():
    assert without_committee("committee") == "least_confidence"
    assert without_committee("mnlp") == "mnlp"
    assert without_committee("auto") == "boundary"


def test_a_committee_is_as_far_apart_as_its_members_are_from_their_mean(rng):
    text = predictions(rng, 4, models=3)
    tags = np.stack([posterior(*pad([one])).tag[0] for one in text])
    divergence = (tags * np.log(np.maximum(tags, 1e-300) / np.maximum(tags.mean(axis=0), 1e-300))).sum(axis=2)
    largest = np.sort(divergence.mean(axis=0))[::-1][:3]
    assert of_committee([text])[0] == pytest.approx(largest.mean() / np.log(3))


@pytest.mark.parametrize("name", COMMITTEE)
def test_padding_and_batch_mates_change_no_score(name, rng):
    texts = [predictions(rng, int(n)) for n in (3, 1, 12, 0, 30)]
    together = of_committee(texts, name)
    alone = [of_committee([text], name)[0] for text in texts]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)
    assert together[3] == 0.0
    assert ((together >= 0) & (together <= 1)).all()
    padded = np.full((4, 1, 50, 5), 3.0)
    padded[:, 0, :12] = texts[2]
    assert MEASURES[name](padded, np.array([12]))[0] == pytest.approx(alone[2], abs=1e-12)


@pytest.mark.parametrize("name", COMMITTEE)
def test_the_order_of_the_models_does_not_matter(name, rng):
    text = predictions(rng, 7)
    assert of_committee([text], name)[0] == pytest.approx(of_committee([text[::-1]], name)[0])


def test_what_does_not_fit_is_refused(rng):
    with pytest.raises(ValueError, match="models, words, tags"):
        of_committee([predictions(rng, 3), predictions(rng, 3, models=2)])
    with pytest.raises(ValueError, match="models, words, tags"):
        of_committee([np.zeros((3, 5))])
    with pytest.raises(ValueError, match="at least one word"):
        MEASURES["committee"].function(predictions(rng, 3)[:, None], np.array([3]), top=0)
    with pytest.raises(ValueError, match="NaN"):
        of_committee([np.full((2, 3, 5), np.nan)])
    assert of_committee([]).shape == (0,)
