"""Representative choice: the middle of every cluster, the large ones first, no outliers."""

import numpy as np
import pytest

from wapaganda.sampler import typiclust as module
from wapaganda.sampler import weighted_kmeans_pp
from wapaganda.sampler.distances import NearestDistances, unit_rows
from wapaganda.sampler.typiclust import typiclust


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def clusters(rng, sizes, noise=0.02):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return np.eye(len(sizes), 16)[labels] + noise * rng.normal(size=(len(labels), 16)), labels


def test_one_of_each_cluster_and_from_its_middle(rng):
    rows, labels = clusters(rng, [100] * 8)
    strays = np.arange(0, 800, 2)
    rows[strays] += 0.06 * rng.normal(size=(400, 16))
    chosen = typiclust(rows, 8, rng)
    assert sorted(labels[chosen]) == list(range(8))
    assert not set(chosen) & set(strays.tolist())


def test_what_stands_alone_comes_last(rng):
    rows, labels = clusters(rng, [60, 1, 60, 2, 60])
    chosen = typiclust(rows, 12, rng)
    assert {0, 2, 4} == set(labels[chosen].tolist())
    assert sorted(typiclust(rows, 999, rng)) == list(range(183))


def test_the_largest_cluster_comes_first(rng):
    rows, labels = clusters(rng, [30, 300, 60, 10])
    first = [int(labels[typiclust(rows, 4, np.random.default_rng(seed))[0]]) for seed in range(10)]
    assert np.bincount(first, minlength=4).argmax() == 1


@pytest.mark.parametrize(
    "embeddings", [np.zeros((50, 4)), np.ones((50, 4)), np.repeat(np.eye(2, 4), 25, axis=0)]
)
def test_equal_rows_neither_hang_nor_repeat(rng, embeddings):
    chosen = typiclust(embeddings, 40, rng)
    assert len(set(chosen)) == 40
    assert max(chosen) >= 40
    assert sorted(typiclust(embeddings, 99, rng)) == list(range(50))


def test_refused_rows_are_passed_over(rng):
    rows, _ = clusters(rng, [50] * 4)
    assert sorted(typiclust(rows, 999, rng, lambda row: row % 3 == 0)) == list(range(0, 200, 3))


def test_same_seed_same_rows_and_no_rows_no_choice(rng):
    rows, _ = clusters(rng, [50] * 4, noise=0.5)
    one, same, other = (typiclust(rows, 20, np.random.default_rng(seed)) for seed in (9, 9, 8))
    assert one == same
    assert one != other
    assert typiclust(rows[:0], 5, rng) == typiclust(rows, 0, rng) == []


def test_a_sample_finds_the_same_clusters(rng, monkeypatch):
    rows, labels = clusters(rng, [300] * 8)
    monkeypatch.setattr(module, "_SAMPLE", 400)
    monkeypatch.setattr(module, "_PEERS", 50)
    assert sorted(labels[typiclust(rows, 8, rng)]) == list(range(8))


def test_more_than_the_most_clusters_are_gone_round(rng, monkeypatch):
    rows, labels = clusters(rng, [100] * 8)
    monkeypatch.setattr(module, "_MOST_CLUSTERS", 8)
    assert np.bincount(labels[typiclust(rows, 40, rng)]).tolist() == [5] * 8


def test_centres_settle_nearer_to_the_rows_than_where_they_started(rng):
    points = unit_rows(rng.normal(size=(500, 6)))
    seeds = points[weighted_kmeans_pp(points, np.ones(500), 12, np.random.default_rng(4))]
    centres = module._centres(points, 12, np.random.default_rng(4))
    settled, started = (NearestDistances(points, each).squared.mean() for each in (centres, seeds))
    assert settled < 0.85 * started
