"""The first batch, before there is a model."""

from dataclasses import replace

import numpy as np
import pytest

from wapaganda.ner import Document
from wapaganda.pipeline import LoopConfig, choose_first
from wapaganda.progress import silent

KINDS = (
    "play the song {} by the band",
    "will it rain in {} on friday",
    "book a table for {} people tonight",
    "rate this book {} out of six stars",
)
FIRST = "blue green old new little last golden silent happy lonely northern broken"
SECOND = "river summer road night garden train city dream river boat house"


@pytest.fixture
def pool():
    """Four kinds of text, the first of them the most frequent by far."""
    fillers = [f"{first} {second}" for first in FIRST.split() for second in SECOND.split()][:126]
    kinds = [KINDS[0]] * 96 + [kind for kind in KINDS[1:] for _ in range(10)]
    return [
        Document(f"d{number}", kind.format(filler))
        for number, (kind, filler) in enumerate(zip(kinds, fillers, strict=True))
    ]


@pytest.fixture
def config(small_encoder):
    return LoopConfig(small_encoder, batch_size=16, device="cpu")


def kinds(selection):
    return {max(0, (int(pick.id[1:]) - 86) // 10) for pick in selection.picks}


@pytest.mark.real
def test_the_first_batch_holds_every_kind(pool, config):
    selection = choose_first(pool, (), config, 1, silent)
    assert {pick.reason for pick in selection.picks} == {"representative"}
    assert len(selection.picks) == 16
    assert selection.n_pool == 126
    assert kinds(selection) == {0, 1, 2, 3}
    assert [p.id for p in choose_first(pool, (), config, 1, silent).picks] == [p.id for p in selection.picks]


@pytest.mark.real
def test_labelled_texts_and_their_copies_are_not_offered(pool, config):
    seen = [Document("x", document.text, ()) for document in pool[:100]]
    picks = choose_first(pool, seen, config, 1, silent).picks
    assert not {pick.id for pick in picks} & {document.id for document in pool[:100]}


def test_of_a_large_pool_a_part_is_read(pool, config, monkeypatch):
    monkeypatch.setattr("wapaganda.pipeline.selection.cold_start._READ", 30)
    monkeypatch.setattr("wapaganda.pipeline.selection.cold_start._READ_PER_PICK", 1)
    read = []
    monkeypatch.setattr(
        "wapaganda.pipeline.selection.cold_start.embed",
        lambda texts, *_, **__: read.extend(texts) or np.random.default_rng(1).normal(size=(len(texts), 4)),
    )
    selection = choose_first(pool, (), config, 1, silent)
    assert len(read) == 30
    assert {document.text for document in pool if document.id in {p.id for p in selection.picks}} <= set(read)
    assert selection.n_pool == 126


def test_nothing_to_choose_from(config):
    assert choose_first([], (), config, 1, silent).picks == ()


def test_random_texts_where_that_is_the_strategy(pool, config):
    picks = choose_first(pool, (), replace(config, strategy="random", encoder="none"), 1, silent).picks
    assert {pick.reason for pick in picks} == {"random"}
