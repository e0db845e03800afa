"""How hybrid composes a batch: a random share, and diverse texts among the best."""

from collections import Counter

import numpy as np

from wapaganda.sampler import Options, Pool, select

LETTERS = list("abcdefghijklmnopqrstuvwxyz")


def texts_of(n, seed=0):
    """Different texts, none a near duplicate of another."""
    rng = np.random.default_rng(seed)
    return [f"{i} " + "".join(rng.choice(LETTERS, size=30)) for i in range(n)]


def pool_of(scores, embeddings=None):
    n = len(scores)
    rows = np.random.default_rng(1).normal(size=(n, 8)) if embeddings is None else embeddings
    return Pool([f"d{i}" for i in range(n)], texts_of(n), np.asarray(scores), rows)


def test_shares_that_round_up_still_fit():
    for share in (0.5, 1.0):
        for size in range(6):
            selection = select(pool_of([0.9] * 20), size, options=Options(random_share=share))
            assert len(selection.picks) == size


def test_the_kinds_are_spread_over_the_batch():
    picks = select(pool_of([0.9] * 200), 40, options=Options(random_share=0.2)).picks
    for half in (picks[:20], picks[20:]):
        assert Counter(pick.reason for pick in half) == {"random": 4, "diverse": 16}


def test_of_a_large_batch_the_best_hundred_come_first():
    pool = pool_of(np.linspace(1.0, 0.8, 1000))
    options = Options(random_share=0.0, shortlist=2)
    chosen = [pick.index for pick in select(pool, 400, options=options).picks]
    assert len(set(chosen)) == 400
    assert all(max(chosen[start : start + 100]) < start + 200 for start in (0, 100, 200, 300))
    assert max(chosen[:100]) > 100  # they are not just the first


def test_odd_pools():
    options = Options(random_share=0.5, shortlist=2)
    for n, size in ((0, 5), (1, 5), (7, 7), (40, 10)):
        for embeddings in (np.zeros((n, 4)), np.ones((n, 4), dtype=np.float16)):
            pool = pool_of([0.9] * n, embeddings)
            chosen = [pick.index for pick in select(pool, size, options=options).picks]
            assert len(set(chosen)) == len(chosen) == min(n, size)


def test_diverse_texts_differ_from_the_random_ones():
    pool = pool_of([0.9] * 300, np.repeat(np.eye(10, 16), 30, axis=0))
    for seed in range(10):
        picks = select(pool, 9, seed=seed, options=Options(random_share=1 / 3, shortlist=50)).picks
        kinds = {
            reason: {pick.index // 30 for pick in picks if pick.reason == reason}
            for reason in ("random", "diverse")
        }
        assert len(kinds["diverse"]) == 6
        assert not kinds["random"] & kinds["diverse"]


def test_what_fills_the_batch_is_varied_too():
    """Two candidates, and below the threshold three kinds of text, of which the first ranks highest."""
    kinds_of_text = np.eye(4, 8).repeat([2, 10, 10, 10], axis=0)
    embeddings = kinds_of_text + 1e-3 * np.random.default_rng(2).normal(size=(32, 8))
    pool = pool_of([0.9, 0.8] + [0.3] * 10 + [0.25] * 20, embeddings)
    picks = select(pool, 5, options=Options(random_share=0.0, shortlist=10)).picks
    assert {pick.index for pick in picks[:2]} == {0, 1}
    assert sorted((pick.index - 2) // 10 for pick in picks[2:]) == [0, 1, 2]
