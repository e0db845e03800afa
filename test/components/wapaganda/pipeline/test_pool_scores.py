"""The scored pool on disk: nothing is lost, the embeddings stay there, and damage is found."""

import numpy as np
import pytest

from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.pipeline import PoolScores, score_tagged
from wapaganda.pipeline.selection import pool_scores
from wapaganda.tagger import TaggedText

SCHEMA = LabelSchema(("LOC", "PER"))
N = 1100
"""Three blocks of 512 texts; the last one is not full."""


@pytest.fixture
def pool():
    return [Document(f"d{row}", f"Ada met Bob {row}") for row in range(N)]


@pytest.fixture
def tagged():
    rng = np.random.default_rng(1)
    words = np.array([[0, 3], [4, 7], [8, 11]], np.int32)
    log_probs = np.log(rng.dirichlet(np.ones(5), size=(N, 3))).astype(np.float32)
    embeddings = rng.normal(size=(N, 7)).astype(np.float32)
    spans = [tuple(Span(*words[at], "PER", row / N) for at in range(row % 4)) for row in range(N)]
    rows = zip(log_probs, spans, embeddings, strict=True)
    return [TaggedText(words, *each) for each in rows]


@pytest.mark.parametrize("in_memory", [1 << 20, 100])
def test_a_scored_pool_comes_back_as_it_was(pool, tagged, tmp_path, monkeypatch, in_memory):
    monkeypatch.setattr(pool_scores, "_IN_MEMORY", in_memory)
    scored = score_tagged(pool, tagged, SCHEMA, "boundary")
    embeddings = np.stack([each.embedding for each in tagged]).astype(np.float16)
    assert isinstance(scored.embeddings, np.memmap) == (in_memory == 100)
    assert (scored.embeddings == embeddings).all()
    scored.save(tmp_path / "scores.npz")
    loaded = PoolScores.load(tmp_path / "scores.npz")
    assert loaded is not None
    assert isinstance(loaded.embeddings, np.memmap)
    assert (loaded.embeddings == embeddings).all()
    assert loaded.is_of(pool)
    assert (loaded.scores == scored.scores).all()
    predicted = loaded.predicted(pool)
    assert [predicted[each.id] for each in pool] == [each.spans for each in tagged]


def test_an_empty_pool_is_stored(tmp_path):
    score_tagged([], [], SCHEMA, "boundary").save(tmp_path / "scores.npz")
    loaded = PoolScores.load(tmp_path / "scores.npz")
    assert loaded is not None
    assert loaded.embeddings.shape == (0, 0)


def test_a_damaged_embedding_is_found_although_it_is_not_read_yet(pool, tagged, tmp_path):
    path = tmp_path / "scores.npz"
    score_tagged(pool, tagged, SCHEMA, "boundary").save(path)
    content, row = path.read_bytes(), tagged[700].embedding.astype(np.float16).tobytes()
    assert content.count(row) == 1
    path.write_bytes(content.replace(row, row[:-1] + bytes([row[-1] ^ 1])))
    assert PoolScores.load(path) is None
