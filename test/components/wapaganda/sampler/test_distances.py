"""Distances between rows of length 1, against the definition."""

import numpy as np
import pytest

from wapaganda.sampler import distances
from wapaganda.sampler.distances import FARTHEST, NearestDistances, isolation, squared_distances, unit_rows


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(distances, "_BLOCK", 7)


@pytest.fixture
def points():
    rows = np.random.default_rng(3).normal(size=(40, 6))
    rows[5] = 0.0
    rows[11] = 3 * rows[10]
    return unit_rows(rows)


def definition(points, others):
    return ((points[:, None, :].astype(np.float64) - others[None, :, :]) ** 2).sum(axis=2)


def test_rows_have_length_1_and_zeros_stay(points):
    lengths = np.linalg.norm(points, axis=1)
    np.testing.assert_allclose(np.delete(lengths, 5), 1.0, rtol=1e-6)
    assert lengths[5] == 0.0


def test_squared_distances(points):
    found = squared_distances(points, points[:9])
    np.testing.assert_allclose(found, definition(points, points[:9]), atol=1e-5)
    assert found[10, 0] > 0
    assert squared_distances(points[10:11], points[11:12])[0, 0] == 0.0


def test_the_distance_to_the_nearest_reference(points):
    nearest = NearestDistances(points, points[:20])
    np.testing.assert_allclose(nearest.squared, definition(points, points[:20]).min(axis=1), atol=1e-5)
    nearest.add(33)
    taken = points[[*range(20), 33]]
    np.testing.assert_allclose(nearest.squared, definition(points, taken).min(axis=1), atol=1e-5)
    assert NearestDistances(points, points[:0]).squared.tolist() == [FARTHEST] * 40


@pytest.mark.parametrize("n_peers", [40, 15])
def test_isolation_is_the_mean_distance_to_the_nearest_others(points, n_peers):
    rows, peers = np.arange(40)[::-1], np.random.default_rng(4).permutation(40)[:n_peers]
    between = np.sqrt(definition(points, points))
    expected = [np.sort([between[row, peer] for peer in peers if peer != row])[:4].mean() for row in rows]
    np.testing.assert_allclose(isolation(points, rows, peers, n_nearest=4), expected, atol=1e-3)


def test_a_row_without_peers_has_isolation_0(points):
    one = np.array([3])
    assert isolation(points, one, one).tolist() == [0.0]
    assert isolation(points, one[:0], one).tolist() == []
    assert np.isfinite(isolation(points, np.arange(3), np.arange(3))).all()
