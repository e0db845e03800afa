"""What hybrid puts together: lot, representative share, rare types, and no outliers."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from wapaganda.sampler import Labelled, Options, Pool, select

LETTERS = list("abcdefghijklmnopqrstuvwxyz")


def texts_of(n, seed=0):
    """Different texts, none a near duplicate of another."""
    rng = np.random.default_rng(seed)
    return [f"{i} " + "".join(rng.choice(LETTERS, size=30)) for i in range(n)]


def pool_of(scores, embeddings=None, entities=None):
    n = len(scores)
    rows = np.random.default_rng(1).normal(size=(n, 8)) if embeddings is None else embeddings
    return Pool([f"d{i}" for i in range(n)], texts_of(n), np.asarray(scores), rows, entities=entities)


def kinds(selection):
    return Counter(pick.drawn for pick in selection.picks)


@pytest.mark.parametrize(
    ("n_labelled", "expected"), [(0, 12), (100, 10), (250, 6), (490, 0), (500, 0), (900, 0)]
)
def test_the_representative_share_falls_as_labels_come_in(n_labelled, expected):
    options = Options(random_share=0.1, representative_share=0.3, annealed_by=500)
    selection = select(pool_of([0.9] * 200), 40, seen=texts_of(n_labelled, seed=5), options=options)
    assert kinds(selection)["representative"] == expected
    assert kinds(selection)["random"] == 4
    assert len(selection.picks) == 40


def test_representative_texts_come_from_the_whole_pool_and_fill_nothing():
    embeddings = np.repeat(np.eye(4, 8), 50, axis=0) + 0.01 * np.random.default_rng(2).normal(size=(200, 8))
    pool = pool_of([0.9] * 50 + [0.1] * 150, embeddings)
    options = Options(random_share=0.0, representative_share=0.4)
    selection = select(pool, 10, options=options)
    usual = [pick for pick in selection.picks if pick.drawn == "representative"]
    assert sorted(pick.index // 50 for pick in usual) == [0, 1, 2, 3]
    assert {pick.score for pick in selection.picks if pick.drawn == "diverse"} == {0.9}
    assert selection.n_filled == 0
    assert "below it" not in selection.reason


def test_shares_that_round_up_still_fit():
    options = Options(random_share=0.5, representative_share=0.5)
    for size in range(6):
        assert len(select(pool_of([0.9] * 20), size, options=options).picks) == size


def test_the_kinds_are_spread_over_the_batch():
    options = Options(random_share=0.2, representative_share=0.2)
    picks = select(pool_of([0.9] * 200), 40, options=options).picks
    for half in (picks[:20], picks[20:]):
        assert Counter(pick.drawn for pick in half) == {"random": 4, "representative": 4, "diverse": 12}


def entities(n, rare):
    """Every text holds one of type 0; a few may hold one of type 1, and one text two of type 2."""
    table = np.zeros((n, 4))
    table[:, 0] = 1.0
    table[list(rare), 1] = 0.8
    table[7, 2] = 2.0
    table[:, 3] = 0.01
    return table


def test_rare_types_have_their_floor():
    pool = pool_of([0.9] * 400, entities=entities(400, range(20)))
    found = Labelled(entities=np.array([90.0, 2.0, 0.0, 0.0]))
    options = Options(random_share=0.0, type_floor=6)
    rare = [
        pick.index for pick in select(pool, 40, labelled=found, options=options).picks if pick.drawn == "rare"
    ]
    assert len(rare) == 6
    assert rare[0] == 7
    assert set(rare) <= set(range(20))
    assert kinds(select(pool, 40, labelled=found, options=replace(options, type_floor=0)))["rare"] == 0
    assert kinds(select(pool_of([0.9] * 400), 40, options=options))["rare"] == 0


def test_the_rarest_type_is_the_one_with_the_fewest_labels():
    table = np.zeros((60, 3))
    table[np.arange(60), np.arange(60) % 3] = 1.0
    options = Options(random_share=0.0, type_floor=5)
    for rarest in range(3):
        found = np.full(3, 100.0)
        found[rarest] = 3.0
        picks = select(
            pool_of([0.9] * 60, entities=table), 10, labelled=Labelled(entities=found), options=options
        )
        assert {pick.index % 3 for pick in picks.picks if pick.drawn == "rare"} == {rarest}


def test_floors_take_turns_and_keep_to_the_threshold():
    table = np.zeros((60, 2))
    table[np.arange(60), np.arange(60) % 2] = 1.0
    pool = pool_of([0.9] * 30 + [0.1] * 30, entities=table)
    selection = select(pool, 20, options=Options(random_share=0.0, type_floor=8))
    rare = [pick.index for pick in selection.picks if pick.drawn == "rare"]
    assert Counter(index % 2 for index in rare) == {0: 4, 1: 4}
    assert max(rare) < 30


def test_of_texts_for_a_rare_type_the_worthier_is_taken():
    pool = pool_of([0.9] * 50, entities=np.ones((50, 1)))
    pool = replace(pool, worth=np.arange(50.0))
    picks = select(pool, 5, options=Options(random_share=0.0, type_floor=3)).picks
    assert sorted(pick.index for pick in picks if pick.drawn == "rare") == [47, 48, 49]


def test_floors_larger_than_the_batch_or_the_pool():
    pool = pool_of([0.9] * 12, entities=np.ones((12, 2)))
    options = Options(type_floor=100)
    assert len(select(pool, 5, options=options).picks) == 5
    assert len({pick.index for pick in select(pool, 99, options=options).picks}) == 12


def strays():
    """Three clusters and, spread among them, ten texts that are like nothing else."""
    rng = np.random.default_rng(3)
    embeddings = np.repeat(np.eye(3, 40), 70, axis=0) + 0.01 * rng.normal(size=(210, 40))
    places = np.arange(5, 205, 20)
    embeddings[places] = np.eye(40)[10:20]
    return embeddings, set(places.tolist())


def test_outliers_are_dropped_from_the_shortlist_where_enough_are_left():
    embeddings, odd = strays()
    pool = pool_of([0.9] * 210, embeddings)
    with_them, without = (
        {
            pick.index
            for pick in select(pool, 20, options=Options(0.0, outlier_share=share, shortlist=10)).picks
        }
        for share in (0.0, 0.1)
    )
    assert len(with_them & odd) >= 8
    assert not without & odd
    assert len(select(pool, 205, options=Options(0.0, outlier_share=0.9)).picks) == 205


def test_of_a_large_batch_the_worthiest_hundred_come_first():
    pool = pool_of(np.linspace(1.0, 0.8, 1000))
    options = Options(random_share=0.0, shortlist=2)
    chosen = [pick.index for pick in select(pool, 400, options=options).picks]
    assert len(set(chosen)) == 400
    assert all(max(chosen[start : start + 100]) < start + 200 for start in (0, 100, 200, 300))
    assert max(chosen[:100]) > 100  # they are not just the first


def test_everything_at_once_on_odd_pools():
    options = Options(0.1, 0.4, type_floor=5, outlier_share=0.5, shortlist=2)
    for n, size in ((0, 5), (1, 5), (7, 7), (40, 10)):
        for embeddings in (np.zeros((n, 4)), np.ones((n, 4), dtype=np.float16)):
            pool = pool_of([0.9] * n, embeddings, entities=np.zeros((n, 3)))
            chosen = [pick.index for pick in select(pool, size, options=options).picks]
            assert len(set(chosen)) == len(chosen) == min(n, size)


def test_what_is_labelled_or_taken_is_kept_away_from():
    embeddings = np.repeat(np.eye(10, 16), 30, axis=0)
    pool = pool_of([0.9] * 300, embeddings)
    labelled = Labelled(embeddings=np.eye(6, 16))
    for strategy in ("hybrid", "diversity", "k_center", "representative", "facility_location"):
        options = Options(random_share=0.0, shortlist=75)
        selection = select(pool, 4, strategy=strategy, labelled=labelled, options=options)
        assert sorted(pick.index // 30 for pick in selection.picks) == [6, 7, 8, 9], strategy


def test_what_fills_the_batch_is_varied_too():
    """Two candidates, and below the threshold three kinds of text, of which the first ranks highest."""
    kinds_of_text = np.eye(4, 8).repeat([2, 10, 10, 10], axis=0)
    embeddings = kinds_of_text + 1e-3 * np.random.default_rng(2).normal(size=(32, 8))
    pool = pool_of([0.9, 0.8] + [0.3] * 10 + [0.25] * 20, embeddings)
    picks = select(pool, 5, options=Options(random_share=0.0, shortlist=10)).picks
    assert {pick.index for pick in picks[:2]} == {0, 1}
    assert sorted((pick.index - 2) // 10 for pick in picks[2:]) == [0, 1, 2]
