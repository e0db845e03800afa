"""Facility location: the greedy choice, lazily, and what it covers."""

import numpy as np
import pytest

from wapaganda.sampler import coverage
from wapaganda.sampler.coverage import cover


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def greedy(embeddings, weights, size, covered):
    """The textbook's greedy choice: every gain worked out anew at every step."""
    points = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    likeness = np.maximum(points @ points.T, 0.0)
    best = np.zeros(len(points))
    if covered is not None:
        covered = covered / np.linalg.norm(covered, axis=1, keepdims=True)
        best = np.maximum(points @ covered.T, 0.0).max(axis=1)
    chosen = []
    while len(chosen) < size:
        gains = np.maximum(likeness - best, 0.0) @ weights
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        best = np.maximum(best, likeness[chosen[-1]])
    return chosen


@pytest.mark.parametrize("at_once", [1, 4, 64])
@pytest.mark.parametrize("n_covered", [0, 5])
def test_lazy_is_greedy(rng, monkeypatch, at_once, n_covered):
    monkeypatch.setattr(coverage, "_AT_ONCE", at_once)
    embeddings, weights = rng.normal(size=(200, 5)), rng.random(200)
    covered = rng.normal(size=(n_covered, 5)) if n_covered else None
    assert cover(embeddings, weights, 25, rng, covered) == greedy(embeddings, weights, 25, covered)


def test_one_of_each_cluster_the_heaviest_first(rng):
    rows = np.repeat(np.eye(10, 16), 30, axis=0) + 0.01 * rng.normal(size=(300, 16))
    chosen = cover(rows, np.repeat(np.arange(10, 0, -1.0), 30), 10, rng)
    assert [row // 30 for row in chosen] == list(range(10))


def test_what_is_covered_is_not_covered_again(rng):
    rows = np.repeat(np.eye(10, 16), 30, axis=0) + 0.01 * rng.normal(size=(300, 16))
    chosen = cover(rows, np.ones(300), 4, rng, covered=7 * np.eye(6, 16))
    assert sorted(row // 30 for row in chosen) == [6, 7, 8, 9]


@pytest.mark.parametrize(
    "embeddings", [np.zeros((90, 4)), np.ones((90, 4)), np.repeat(np.eye(3, 4), 30, axis=0)]
)
@pytest.mark.parametrize("weights", [np.zeros(90), np.ones(90), -np.ones(90), np.full(90, 1e-30)])
def test_nothing_to_gain_is_no_reason_to_hang_or_repeat(rng, embeddings, weights):
    chosen = cover(embeddings, weights, 80, rng)
    assert len(set(chosen)) == len(chosen) == 80
    assert sorted(cover(embeddings, weights, 1000, rng)) == list(range(90))


def test_where_nothing_is_to_gain_the_order_decides(rng):
    assert cover(np.ones((90, 4)), np.ones(90), 90, rng) == list(range(90))


def test_no_rows_no_choice(rng):
    assert cover(np.zeros((0, 4)), np.zeros(0), 5, rng) == []
    assert cover(rng.normal(size=(9, 4)), np.ones(9), 0, rng) == []


def test_an_audience_drawn_by_lot_is_covered_nearly_as_well(rng, monkeypatch):
    rows, weights = rng.normal(size=(600, 6)), rng.random(600)

    def worth(chosen):
        points = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return float(np.maximum(points @ points[chosen].T, 0.0).max(axis=1) @ weights)

    whole = worth(cover(rows, weights, 20, rng))
    monkeypatch.setattr(coverage, "_AUDIENCE", 200)
    sampled = worth(cover(rows, weights, 20, rng))
    by_lot = np.mean([worth(rng.permutation(600)[:20]) for _ in range(20)])
    assert by_lot < sampled
    assert sampled - by_lot > 0.5 * (whole - by_lot)
