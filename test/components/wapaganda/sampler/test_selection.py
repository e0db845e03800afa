"""The strategies, the threshold and the odd pools."""

from dataclasses import replace

import numpy as np
import pytest

from wapaganda.errors import InputError
from wapaganda.sampler import (
    STRATEGIES,
    Options,
    Pool,
    find_strategy,
    refuse_removed_option,
    select,
    strategy,
)

NO_CHOICE = Options(random_share=0.0, shortlist=1)
"""No more on the shortlist than the batch takes."""


def by_rank(strategy, filling):
    """What fills a batch, in its order; hybrid alone draws that order, so there the texts count."""
    return sorted(filling, reverse=True) if strategy == "hybrid" else filling


def texts_of(n):
    """Different texts, none a near duplicate of another."""
    rng = np.random.default_rng(0)
    return [f"{i} " + "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), size=30)) for i in range(n)]


def pool_of(scores, texts=None, embeddings="random"):
    scores = np.asarray(scores, dtype=np.float64)
    n = len(scores)
    if isinstance(embeddings, str):
        embeddings = np.random.default_rng(1).normal(size=(n, 8)).astype(np.float32)
    return Pool([f"d{i}" for i in range(n)], texts or texts_of(n), scores, embeddings)


def indices(selection):
    return [pick.index for pick in selection.picks]


ALL = pytest.mark.parametrize("strategy", STRATEGIES)
BUILT_IN = pytest.mark.parametrize(
    "strategy", ["random", "uncertainty", "diversity", "representative", "hybrid"]
)
SCORED = pytest.mark.parametrize("strategy", ["uncertainty", "hybrid"])


@ALL
def test_a_batch_is_distinct_ranked_and_of_the_wanted_size(strategy):
    pool = pool_of(np.linspace(0, 1, 200))
    selection = select(pool, 30, strategy=strategy)
    assert len(set(indices(selection))) == len(selection.picks) == 30
    assert [pick.rank for pick in selection.picks] == list(range(1, 31))
    assert all(
        pick.id == f"d{pick.index}" and pick.score == pool.scores[pick.index] for pick in selection.picks
    )
    assert selection.n_pool == 200
    assert selection.n_duplicates == selection.n_blank == 0


@ALL
def test_the_same_seed_gives_the_same_batch(strategy):
    pool = pool_of(np.random.default_rng(2).choice([0.8, 0.9], size=300))
    assert select(pool, 20, strategy=strategy, seed=1) == select(pool, 20, strategy=strategy, seed=1)


@BUILT_IN
def test_another_seed_gives_another_batch(strategy):
    pool = pool_of(np.random.default_rng(2).choice([0.8, 0.9], size=300))
    one, other = (select(pool, 20, strategy=strategy, seed=seed) for seed in (1, 2))
    assert indices(one) != indices(other)


@ALL
def test_a_batch_larger_than_the_pool_takes_every_text_once(strategy):
    selection = select(pool_of(np.linspace(0, 1, 12)), 50, strategy=strategy)
    assert sorted(indices(selection)) == list(range(12))
    assert "50 were wanted but no more are left" in selection.summary


@BUILT_IN
def test_equal_scores_do_not_favour_the_head_of_the_pool(strategy):
    for score in (0.0, 1.0):
        chosen = indices(select(pool_of([score] * 400), 40, strategy=strategy))
        assert len(set(chosen)) == 40
        assert max(chosen) > 200


@ALL
def test_an_empty_pool_and_an_empty_batch(strategy):
    empty = Pool([], [], np.zeros(0), np.zeros((0, 8)))
    assert select(empty, 5, strategy=strategy).picks == ()
    assert select(pool_of([0.5, 0.9]), 0, strategy=strategy).picks == ()


@ALL
def test_blank_texts_are_never_offered(strategy):
    pool = pool_of([1.0] * 6, texts=["", "  ", "\n\t", "\u3000", "a real text", "and another one"])
    selection = select(pool, 6, strategy=strategy)
    assert sorted(indices(selection)) == [4, 5]
    assert selection.n_blank == 4
    assert selection.n_candidates == 2
    assert "4 blank" in selection.summary


@ALL
def test_near_duplicates_are_not_offered_twice(strategy):
    different = texts_of(40)
    texts = different + [text.upper() + " ." for text in different] + different
    selection = select(pool_of(np.random.default_rng(3).random(120), texts=texts), 120, strategy=strategy)
    assert sorted(index % 40 for index in indices(selection)) == list(range(40))
    assert selection.n_duplicates == 80
    assert "80 skipped as near duplicates" in selection.summary


@ALL
def test_what_was_seen_is_not_offered_again(strategy):
    different = texts_of(40)
    seen = [text + "!" for text in different[:30]]
    selection = select(pool_of([0.9] * 40, texts=different), 40, strategy=strategy, seen=seen)
    assert sorted(indices(selection)) == list(range(30, 40))
    assert selection.n_duplicates == 30


@ALL
def test_rows_of_zeros_and_equal_rows_do_no_harm(strategy):
    for embeddings in (np.zeros((50, 8)), np.ones((50, 8), dtype=np.float16)):
        selection = select(pool_of([0.9] * 50, embeddings=embeddings), 20, strategy=strategy)
        assert len(set(indices(selection))) == 20


def test_random_is_without_replacement_and_blind_to_scores():
    pool = pool_of(np.linspace(0, 1, 100))
    counts = np.zeros(100)
    for seed in range(200):
        chosen = indices(select(pool, 50, strategy="random", seed=seed))
        assert len(set(chosen)) == 50
        counts[chosen] += 1
    assert counts.min() > 60
    assert counts.max() < 140
    selection = select(pool_of([0.0] * 100), 10, strategy="random")
    assert (selection.n_filled, selection.should_stop) == (0, False)
    assert {pick.reason for pick in selection.picks} == {"random"}


def test_uncertainty_goes_down_by_score():
    scores = np.random.default_rng(4).permutation(np.linspace(0, 1, 100))
    selection = select(pool_of(scores), 20, strategy="uncertainty")
    assert [pick.score for pick in selection.picks] == sorted(scores, reverse=True)[:20]
    assert {pick.reason for pick in selection.picks} == {"uncertain"}


def test_diversity_takes_one_of_each_cluster_whatever_the_scores():
    embeddings = np.repeat(np.eye(10), 20, axis=0) + 0.01 * np.random.default_rng(5).normal(size=(200, 10))
    selection = select(pool_of(np.linspace(0, 0.5, 200), embeddings=embeddings), 10, strategy="diversity")
    assert sorted(index // 20 for index in indices(selection)) == list(range(10))
    assert (selection.n_filled, selection.should_stop) == (0, False)


def test_hybrid_mixes_random_texts_with_diverse_ones_among_the_best():
    pool = pool_of(np.linspace(0, 1, 3000))
    selection = select(pool, 40, threshold=0.5)
    random = [pick for pick in selection.picks if pick.reason == "random"]
    diverse = [pick for pick in selection.picks if pick.reason == "diverse"]
    assert (len(random), len(diverse)) == (2, 38)
    assert min(pick.score for pick in diverse) > 1 - 80 / 3000
    assert [pick.rank for pick in random] in ([10, 30], [11, 31])
    assert selection.n_candidates == 1500
    assert selection.n_filled == 0


def test_hybrid_draws_random_texts_from_the_whole_pool():
    pool = pool_of([1.0] * 50 + [0.0] * 50)
    picks = [pick for seed in range(60) for pick in select(pool, 10, seed=seed).picks]
    random = [pick.score for pick in picks if pick.reason == "random"]
    assert len(random) == 60
    assert 0.25 < np.mean(random) < 0.75
    assert {pick.score for pick in picks if pick.reason == "diverse"} == {1.0}


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.04, 0), (0.05, 1), (0.3, 3), (1.0, 10)])
def test_the_random_share_is_rounded(share, expected):
    selection = select(pool_of([0.9] * 100), 10, options=Options(random_share=share))
    assert sum(pick.reason == "random" for pick in selection.picks) == expected
    assert len(selection.picks) == 10


@SCORED
def test_the_threshold_is_inclusive(strategy):
    selection = select(pool_of([0.7, 0.7, 0.69999]), 2, strategy=strategy, threshold=0.7)
    assert sorted(indices(selection)) == [0, 1]
    assert selection.n_candidates == 2
    assert selection.n_filled == 0
    assert not selection.should_stop


@SCORED
def test_too_few_candidates_are_filled_up_by_rank(strategy):
    scores = np.concatenate([[0.9, 0.8, 0.7], np.linspace(0, 0.6, 97)])
    selection = select(pool_of(scores), 10, strategy=strategy, options=NO_CHOICE)
    assert sorted(indices(selection)[:3]) == [0, 1, 2]
    assert by_rank(strategy, indices(selection)[3:]) == [99, 98, 97, 96, 95, 94, 93]
    assert selection.n_candidates == 3
    assert selection.n_filled == 7
    assert not selection.should_stop
    assert "3 reach the uncertainty threshold 0.7; 7 below it fill the batch by rank" in selection.summary


@SCORED
def test_no_candidate_is_a_reason_to_stop_and_said(strategy):
    selection = select(pool_of(np.linspace(0, 0.69, 100)), 10, strategy=strategy, options=NO_CHOICE)
    assert selection.should_stop
    assert selection.n_candidates == 0
    assert selection.n_filled == 10
    assert by_rank(strategy, indices(selection)) == list(range(99, 89, -1))
    assert "no new text reaches the uncertainty threshold 0.7, a reason to stop" in selection.summary


@SCORED
def test_candidates_that_were_all_seen_are_a_reason_to_stop(strategy):
    texts = texts_of(20)
    pool = pool_of([0.9] * 5 + [0.1] * 15, texts=texts)
    selection = select(pool, 10, strategy=strategy, seen=texts[:5])
    assert selection.should_stop
    assert not set(indices(selection)) & set(range(5))
    assert selection.n_duplicates == 5
    assert not select(pool, 10, strategy=strategy, seen=texts[:4]).should_stop


def test_of_near_duplicates_the_highest_score_stays():
    texts = ["Anna lives in Berlin now and then.", "Anna lives in Berlin now and then!"]
    selection = select(pool_of([0.8, 0.9], texts=texts), 2, strategy="uncertainty")
    assert indices(selection) == [1]


@SCORED
def test_the_utility_ranks_and_the_scores_are_compared_with_the_threshold(strategy):
    scores = np.array([0.9] * 20 + [0.1] * 80)
    pool = replace(pool_of(scores), utility=np.concatenate([np.arange(20.0), 1000.0 + np.arange(80.0)]))
    few = select(pool, 5, strategy=strategy, options=NO_CHOICE)
    assert sorted(indices(few)) == [15, 16, 17, 18, 19]
    filled = select(pool, 25, strategy=strategy, options=NO_CHOICE)
    assert sorted(indices(filled)[:20]) == list(range(20))
    assert by_rank(strategy, indices(filled)[20:]) == [99, 98, 97, 96, 95]
    assert (filled.n_candidates, filled.n_filled) == (20, 5)
    assert [pick.score for pick in filled.picks] == [0.9] * 20 + [0.1] * 5


@ALL
def test_any_scale_of_utility_will_do(strategy):
    pool = pool_of([0.9] * 60)
    for utility in (np.zeros(60), np.full(60, -3.0), np.linspace(-1e30, 1e30, 60), np.linspace(0, 1e-30, 60)):
        chosen = indices(select(replace(pool, utility=utility), 20, strategy=strategy))
        assert len(set(chosen)) == 20


@pytest.mark.parametrize("strategy", ["diversity", "representative", "hybrid"])
def test_diverse_strategies_ask_for_embeddings(strategy):
    with pytest.raises(ValueError, match="Expected a pool with embeddings"):
        select(pool_of([0.9] * 5, embeddings=None), 2, strategy=strategy)


@pytest.mark.parametrize("strategy", ["random", "uncertainty"])
def test_the_others_do_without(strategy):
    assert len(select(pool_of([0.9] * 5, embeddings=None), 2, strategy=strategy).picks) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strategy": "best"}, "a strategy among .*hybrid.*, was: 'best'"),
        ({"size": -1}, "batch size"),
        ({"threshold": 1.5}, "threshold between 0 and 1"),
        ({"threshold": float("nan")}, "threshold between 0 and 1"),
    ],
)
def test_bad_orders_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        select(pool_of([0.5] * 3), **{"size": 1, **arguments})


@pytest.mark.parametrize(
    ("ids", "texts", "scores", "embeddings", "message"),
    [
        (["a", "b"], ["x"], [0.1, 0.2], None, "a text and a score for each of 2 ids"),
        (["a"], ["x"], [0.1, 0.2], None, "a text and a score for each of 1 ids"),
        (["a", "a"], ["x", "y"], [0.1, 0.2], None, "each id once, was: 1 repeated"),
        (["a"], ["x"], [float("nan")], None, "finite scores"),
        (["a"], ["x"], [0.1], np.zeros((2, 3)), "an embedding for each of 1 texts"),
        (["a"], ["x"], [0.1], np.full((1, 3), np.inf), "finite numbers in an embedding"),
    ],
)
def test_bad_pools_are_refused(ids, texts, scores, embeddings, message):
    with pytest.raises(ValueError, match=message):
        select(Pool(ids, texts, np.array(scores), embeddings), 1, strategy="diversity")


@pytest.mark.parametrize(
    ("field", "values", "message"),
    [
        ("utility", [[0.1]], "a utility for each of 1 texts"),
        ("utility", [np.nan], "finite numbers in a utility"),
    ],
)
def test_bad_utilities_are_refused(field, values, message):
    with pytest.raises(ValueError, match=message):
        Pool(["a"], ["x"], np.zeros(1), **{field: np.array(values)})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"random_share": -0.1}, "random share between 0 and 1"),
        ({"random_share": float("nan")}, "random share between 0 and 1"),
        ({"shortlist": 0}, "shortlist of 1 or more"),
    ],
)
def test_bad_options_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Options(**values)


@pytest.mark.parametrize(("name", "instead"), [("k_center", "diversity"), ("facility_location", "hybrid")])
def test_a_removed_strategy_says_what_to_use_instead(name, instead):
    with pytest.raises(
        InputError, match=f"'{name}', which was removed .docs/experiments.md .* use '{instead}' instead"
    ):
        find_strategy(name)
    assert instead in STRATEGIES


@pytest.mark.parametrize("name", ["outlier_share", "type_floor", "representative_share", "annealed_by"])
def test_a_removed_option_says_what_to_use_instead(name):
    with pytest.raises(
        InputError, match=f"'{name}', which was removed .docs/experiments.md .* use .* instead"
    ):
        refuse_removed_option(name)
    refuse_removed_option("shortlist")


def test_every_strategy_has_a_summary_and_a_name_of_its_own():
    assert all(each.summary.endswith(".") and len(each.summary) < 110 for each in STRATEGIES.values())
    with pytest.raises(ValueError, match="a new name for a strategy, was: 'random'"):
        strategy("random", uses_scores=False)(lambda context: [])


def test_no_matrix_of_all_pairs():
    """A pool's own arrays may be copied a few times; anything quadratic in the pool would be 3.2 GB here."""
    import tracemalloc

    n = 20_000
    pool = pool_of(np.random.default_rng(6).random(n))
    tracemalloc.start()
    try:
        for strategy in STRATEGIES:
            assert len(select(pool, 20, strategy=strategy).picks) == 20
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()
