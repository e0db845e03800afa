"""What the choice of a batch ranks by: the score for its price, the options, what was labelled."""

from dataclasses import replace

import numpy as np
import pytest

from wapaganda.ner import Document, LabelSchema, Span, word_offsets
from wapaganda.pipeline import LoopConfig, PoolScores, choose, score_tagged
from wapaganda.sampler import Options, Pool, select
from wapaganda.tagger import TaggedText
from wapaganda.uncertainty import Expectation

N = 40
CONFIG = LoopConfig(
    "encoder",
    batch_size=5,
    strategy="uncertainty",
    measure="expected_errors",
    threshold=0.0,
    cost_exponent=1.0,
)
HYBRID = replace(CONFIG, strategy="hybrid", options=Options(random_share=0.0, shortlist=1))


@pytest.fixture
def pool():
    letters = np.random.default_rng(1).choice(list("abcdefghijklmnopqrstuvwxyz"), size=(N, 30))
    return [Document(f"d{row}", "".join(letters[row]) + f" {row}") for row in range(N)]


@pytest.fixture
def scored(pool):
    """The later a text stands, the more errors it should hold, and the longer it is by more than that."""
    rows = np.arange(N, dtype=np.float64)
    expectation = Expectation(
        n_words=np.arange(N) ** 2 + 5,
        predicted=np.ones(N, np.int64),
        expected_correct=np.full(N, 0.5),
        entities=np.ones((N, 2)),
    )
    embeddings = np.random.default_rng(2).normal(size=(N, 4)).astype(np.float16)
    return PoolScores(
        tuple(each.id for each in pool),
        1.0 - np.exp(-(rows + 1) / 10),
        embeddings,
        expectation,
        ("LOC", "PER"),
    )


def ids(selection):
    return [pick.id for pick in selection.picks]


def test_an_amount_is_divided_by_its_price(pool, scored):
    by_amount = choose(pool, scored, [], replace(CONFIG, cost_exponent=0.0), 1)
    assert ids(by_amount) == ["d39", "d38", "d37", "d36", "d35"]
    seconds = 0.39 * scored.expectation.n_words + 4.2 * 2
    best = np.argsort(-(np.arange(N) + 1) / seconds)[:5]
    assert ids(choose(pool, scored, [], CONFIG, 1)) == [f"d{row}" for row in best]


def test_a_score_of_single_words_has_no_price(pool, scored):
    assert ids(choose(pool, scored, [], replace(CONFIG, measure="boundary"), 1))[0] == "d39"


def test_the_price_list_counts(pool, scored):
    expectation = replace(scored.expectation, expected_correct=np.where(np.arange(N) == 3, 2.0, 0.0))
    priced = replace(scored, expectation=replace(expectation, predicted=np.full(N, 2, np.int64)))
    scratch, correcting = (
        choose(pool, priced, [], replace(CONFIG, prices=prices), 1) for prices in ("scratch", "correcting")
    )
    assert ids(correcting)[0] == "d3"
    assert ids(scratch)[0] != "d3"


def test_the_options_reach_the_sampler(pool, scored):
    options = Options(random_share=0.4)
    selection = choose(pool, scored, [], replace(CONFIG, strategy="hybrid", options=options), 1)
    assert sorted(pick.reason for pick in selection.picks) == ["diverse"] * 3 + ["random"] * 2


def test_an_empty_pool_gives_an_empty_batch(scored):
    labelled = [Document("known", "Ann", (Span(0, 3, "PER"),))]
    nothing = PoolScores((), np.zeros(0), scored.embeddings[:0], scored.expectation[[]], scored.labels)
    assert not choose([], nothing, labelled, replace(CONFIG, strategy="hybrid"), 1).picks


def test_texts_that_are_labelled_or_gone_are_not_offered(pool, scored):
    labelled = [Document("other", pool[39].text + ".", ())]
    chosen = ids(choose(pool[:-3] + pool[-1:], scored, labelled, replace(CONFIG, cost_exponent=0.0), 1))
    assert chosen == ["d36", "d35", "d34", "d33", "d32"]


def test_without_a_model_the_batch_is_random(pool):
    selection = choose(pool, None, [], CONFIG, 1)
    assert {pick.reason for pick in selection.picks} == {"random"}
    assert ids(selection) != ids(choose(pool, None, [], CONFIG, 2))


@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_auto_ranks_hybrid_by_expected_errors_for_their_price(pool, scored, exponent):
    right = np.linspace(1.0, 0.0, N) ** 2
    expectation = replace(
        scored.expectation, expected_correct=right, n_words=np.arange(N, dtype=np.int64) * 5
    )
    scored = replace(scored, scores=np.full(N, 0.5), expectation=expectation)

    chosen = ids(choose(pool, scored, [], replace(HYBRID, measure="auto", cost_exponent=exponent), 1))

    errors = (1 - right) + (2 - right)
    seconds = 0.39 * np.arange(N) * 5 + 4.2 * 2
    assert set(chosen) == {f"d{row}" for row in np.argsort(-errors / seconds**exponent)[:5]}


def test_auto_ranks_the_strategy_uncertainty_by_its_scores(pool, scored):
    assert ids(choose(pool, scored, [], replace(CONFIG, measure="auto"), 1))[0] == "d39"


def test_a_named_measure_ranks_hybrid_by_its_acquisition_value(pool, scored):
    by_score = choose(pool, scored, [], replace(HYBRID, measure="boundary"), 1)
    assert set(ids(by_score)) == {"d39", "d38", "d37", "d36", "d35"}
    seconds = 0.39 * scored.expectation.n_words + 4.2 * 2
    best = np.argsort(-(np.arange(N) + 1) / seconds)[:5]
    by_count = choose(pool, scored, [], replace(HYBRID, measure="expected_errors"), 1)
    assert set(ids(by_count)) == {f"d{row}" for row in best}


def test_two_measures_choose_different_batches_under_hybrid(pool):
    rng = np.random.default_rng(5)
    texts = []
    for document in pool:
        logits = rng.normal(size=(len(document.text.split()) + rng.integers(20), 5)) * rng.uniform(0.5, 3.0)
        log_probs = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)
        words = np.zeros((len(log_probs), 2), np.int32)
        texts.append(TaggedText(words, log_probs, (), rng.normal(size=4).astype(np.float32)))
    batches = {}
    for name in ("auto", "boundary", "least_confidence", "mnlp", "entropy_mean", "entropy_sum"):
        scored = score_tagged(pool, texts, LabelSchema(("LOC", "PER")), name)
        batches[name] = frozenset(ids(choose(pool, scored, [], replace(HYBRID, measure=name), 1)))
    assert len(set(batches.values())) == len(batches)


def test_a_chinese_text_is_priced_by_its_words_and_not_by_its_characters():
    texts = ["国家主席习近平昨天在北京会见了联合国秘书长。", "Anna went to Oslo on \ue000 Monday .", ""]
    pool = [Document(str(number), text) for number, text in enumerate(texts)]
    words = [word_offsets(text) for text in texts]
    words[1] = np.delete(words[1], 5, axis=0)  # the private-use character is not seen by the tokenizer
    rows = [np.log(np.full((len(each), 5), 0.2, np.float32)) for each in words]
    tagged = [TaggedText(*pair, (), np.zeros(4, np.float32)) for pair in zip(words, rows, strict=True)]

    scored = score_tagged(pool, tagged, LabelSchema(("LOC", "PER")), "boundary")

    assert [len(each) for each in words] == [22, 7, 0]
    assert scored.expectation.n_words.tolist() == [15, 7, 0]


@pytest.mark.parametrize("strategy", ["hybrid", "diversity", "representative"])
@pytest.mark.parametrize("kept", [1.0, 0.7])
def test_embeddings_that_are_read_as_needed_give_the_batch_of_a_plain_copy(strategy, kept):
    """The plain way: all rows of the pool copied into float32 first."""
    rng, n = np.random.default_rng(3), 900
    everything = [Document(f"d{row}", f"{rng.random()} {row}") for row in range(n)]
    pool = [each for each in everything if rng.random() < kept]
    scored = PoolScores(
        tuple(each.id for each in everything),
        rng.random(n),
        rng.normal(size=(n, 16)).astype(np.float16),
        Expectation(np.full(n, 9), np.ones(n, np.int64), rng.random(n), rng.random((n, 2))),
        ("LOC", "PER"),
    )
    config = replace(CONFIG, batch_size=150, strategy=strategy, measure="boundary", threshold=0.6)
    rows = [int(each.id[1:]) for each in pool]
    copied = scored.embeddings.astype(np.float32)[rows]
    texts = [each.text for each in pool]
    plain = Pool([each.id for each in pool], texts, scored.scores[rows].copy(), copied)
    assert choose(pool, scored, [], config, 5).picks == (
        select(plain, 150, strategy=strategy, threshold=0.6, seed=5, options=config.options).picks
    )
