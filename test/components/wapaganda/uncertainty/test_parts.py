"""The split of a word's entropy, against its definition."""

import numpy as np
import pytest

from wapaganda.decoding import pad, posterior
from wapaganda.uncertainty import entropy_split, split
from wapaganda.uncertainty.parts import _largest


def batch(seed=5, labels=3):
    rng = np.random.default_rng(seed)
    return pad([3 * rng.normal(size=(int(n), 1 + 2 * labels)) for n in (1, 6, 2, 0, 11)])


def entropy(p):
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


def test_the_parts_add_up_to_the_entropy_of_the_tags():
    log_probs, lengths = batch()
    parts = entropy_split(log_probs, lengths)
    tag = posterior(log_probs, lengths).tag
    total = np.array([[entropy(word) for word in text] for text in tag])
    np.testing.assert_allclose(parts.detection + parts.boundary + parts.type, total, rtol=0, atol=1e-12)
    assert total.max() > 1.0


def test_the_parts_are_those_of_the_definition():
    log_probs, lengths = batch()
    parts = entropy_split(log_probs, lengths)
    tag = posterior(log_probs, lengths).tag
    for text, n_words in enumerate(lengths):
        for word in range(n_words):
            p = tag[text, word]
            q, begin, inside = p[1:].sum(), p[1::2].sum(), p[2::2].sum()
            beta = begin / q
            kind = beta * entropy(p[1::2] / begin)
            kind += (1 - beta) * entropy(p[2::2] / inside) if inside else 0.0
            assert parts.detection[text, word] == pytest.approx(entropy(np.array([q, 1 - q])), abs=1e-12)
            assert parts.boundary[text, word] == pytest.approx(q * entropy(np.array([beta, 1 - beta])))
            assert parts.type[text, word] == pytest.approx(q * kind, abs=1e-12)


def test_padding_has_no_doubt():
    log_probs, lengths = batch()
    parts = entropy_split(log_probs, lengths)
    behind = np.arange(log_probs.shape[1])[None, :] >= lengths[:, None]
    assert not (parts.detection + parts.boundary + parts.type)[behind].any()


@pytest.mark.parametrize(
    ("word", "about"),
    [
        ([0.5, 0.5, 0.0, 0.0, 0.0], "detection"),
        ([0.0, 0.5, 0.0, 0.5, 0.0], "type"),
    ],
)
def test_each_weight_asks_about_its_own_part(word, about):
    with np.errstate(divide="ignore"):
        text = pad([np.log([word])])
    for name in ("detection", "boundary", "type"):
        weights = dict.fromkeys(("detection", "boundary", "type"), 0.0) | {name: 1.0}
        assert split(*text, **weights)[0] == pytest.approx(1.0 if name == about else 0.0, abs=1e-9)


def test_doubt_where_an_entity_begins_is_boundary_doubt():
    with np.errstate(divide="ignore"):
        text = pad([np.log([[0.0, 1.0, 0.0], [0.0, 0.5, 0.5]])])
    assert split(*text, detection=0, boundary=1, type=0, top=1)[0] == pytest.approx(1.0)


@pytest.mark.parametrize("weights", [(1, 1, 1), (2, 1, 0.5), (0, 1, 3), (1e-300, 1, 1), (0, 0, 1)])
def test_the_largest_value_is_one(weights):
    """The maximum over all words, found by trying many: q, then B or I and the types as open as can be."""
    detection, boundary, kind = weights
    q = np.linspace(0.0, 1.0, 5_001)
    half = np.stack([q / 4] * 4, axis=1)  # B-0, I-0, B-1, I-1
    words = np.concatenate([(1 - q)[:, None], half], axis=1)
    best = 0.0
    for p in words:
        h = entropy(np.array([p[0], 1 - p[0]]))
        best = max(best, detection * h + (1 - p[0]) * (boundary + kind) * np.log(2))
    assert _largest(detection, (boundary + kind) * np.log(2)) == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("wrong", [{"detection": -1}, {"type": float("nan")}, {"top": 0}])
def test_wrong_weights_are_refused(wrong):
    with pytest.raises(ValueError, match="weights of 0 or more"):
        split(*batch(), **wrong)
    with pytest.raises(ValueError, match="weights of 0 or more"):
        split(*batch(), detection=0, boundary=0, type=0)
