"""Weighted k-means++: far apart, heavy, never twice, also where all distances or weights are zero."""

import numpy as np
import pytest

from wapaganda.sampler import weighted_kmeans_pp


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def clusters(rng, n_clusters=10, size=100):
    centres = np.eye(n_clusters, 16)
    return np.repeat(centres, size, axis=0) + 0.01 * rng.normal(size=(n_clusters * size, 16))


def test_one_of_each_cluster_comes_first(rng):
    chosen = weighted_kmeans_pp(clusters(rng), np.ones(1000), 10, rng)
    assert sorted(row // 100 for row in chosen) == list(range(10))


def test_heavy_rows_are_preferred(rng):
    weights = np.where(np.arange(1000) % 100 == 7, 1.0, 1e-6)
    chosen = weighted_kmeans_pp(clusters(rng), weights, 10, rng)
    assert {row % 100 for row in chosen} == {7}


@pytest.mark.parametrize(
    "embeddings",
    [np.zeros((50, 4)), np.ones((50, 4)), np.repeat(np.eye(2, 4), 25, axis=0), np.full((50, 4), 1e-30)],
)
@pytest.mark.parametrize("weights", [np.zeros(50), np.ones(50), -np.ones(50), np.eye(1, 50)[0]])
def test_zero_distances_and_weights_neither_hang_nor_repeat(rng, embeddings, weights):
    chosen = weighted_kmeans_pp(embeddings, weights, 40, rng)
    assert len(set(chosen)) == len(chosen) == 40
    assert sorted(weighted_kmeans_pp(embeddings, weights, 99, rng)) == list(range(50))


def test_refused_rows_are_passed_over(rng):
    chosen = weighted_kmeans_pp(clusters(rng), np.ones(1000), 2000, rng, accept=lambda row: row % 3 == 0)
    assert sorted(chosen) == list(range(0, 1000, 3))


def test_the_length_of_a_row_does_not_count(rng):
    rows = clusters(rng)
    lengths = rng.uniform(1e-3, 1e3, size=(1000, 1))
    one, other = (
        weighted_kmeans_pp(points, np.ones(1000), 20, np.random.default_rng(1))
        for points in (rows, rows * lengths)
    )
    assert [row // 100 for row in one[:10]] == [row // 100 for row in other[:10]]


def test_same_seed_same_rows_and_no_rows_no_choice(rng):
    rows = clusters(rng)
    one, other = (weighted_kmeans_pp(rows, np.ones(1000), 30, np.random.default_rng(9)) for _ in range(2))
    assert one == other
    assert weighted_kmeans_pp(rows[:0], np.ones(0), 5, rng) == []
    assert weighted_kmeans_pp(rows, np.ones(1000), 0, rng) == []


def test_the_input_is_left_alone(rng):
    rows = clusters(rng).astype(np.float32)
    before = rows.copy()
    weighted_kmeans_pp(rows, np.ones(1000), 5, rng)
    np.testing.assert_array_equal(rows, before)


def test_covered_directions_are_kept_away_from(rng):
    rows = np.repeat(np.eye(10, 16), 100, axis=0)
    chosen = weighted_kmeans_pp(rows, np.ones(1000), 4, rng, covered=5 * np.eye(6, 16))
    assert sorted(row // 100 for row in chosen) == [6, 7, 8, 9]


def test_without_weights_the_distances_decide(rng):
    assert sorted(row // 100 for row in weighted_kmeans_pp(clusters(rng), -np.ones(1000), 10, rng)) == list(
        range(10)
    )
