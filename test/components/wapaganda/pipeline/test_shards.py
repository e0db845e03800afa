"""Pools of Parquet shards: pieces of files, and which texts are kept."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from wapaganda.annotation import read_documents
from wapaganda.errors import InputError
from wapaganda.pipeline.shards import pieces as module
from wapaganda.pipeline.shards.pieces import pieces_of
from wapaganda.pipeline.shards.ranks import Keeper, Ranks, draws_of


def shard(path: Path, **columns: list[object]) -> Path:
    parquet.write_table(pa.table(columns), path, row_group_size=3)
    return path


def test_pieces_hold_every_text_once_whatever_the_row_groups_are(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 4)
    texts = [f"text {row}" for row in range(17)]
    shard(tmp_path / "b.parquet", text=texts[10:], id=[str(row) for row in range(10, 17)], other=[0] * 7)
    shard(tmp_path / "a.parquet", text=texts[:10], id=[str(row) for row in range(10)])
    pieces = pieces_of(tmp_path)
    assert [len(each) for each in pieces] == [4, 4, 2, 4, 3]
    assert [each.number for each in pieces] == [0, 1, 2, 3, 4]
    found = [document for each in pieces for document in each.read()]
    assert [each.text for each in found] == texts
    assert [each.id for each in found] == [str(row) for row in range(17)]


def test_texts_without_an_id_are_named_as_read_documents_names_them(tmp_path):
    path = shard(tmp_path / "pool.parquet", text=[f"text {row}" for row in range(5)])
    (piece,) = pieces_of(path)
    assert [each.id for each in piece.read()] == [each.id for each in read_documents(path).documents]


def test_a_missing_text_is_empty_and_a_number_is_an_id(tmp_path):
    (piece,) = pieces_of(shard(tmp_path / "pool.parquet", text=["a", None], id=[7, None]))
    assert [(each.id, each.text) for each in piece.read()] == [("7", "a"), ("pool-000002", "")]


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("x.parquet", {"words": ["a"]}, "was: the columns words"),
        ("x.parquet", {"text": [1]}, "was: a column text of int64"),
        ("x.parquet", {"text": pa.array([], pa.string())}, "Expected Parquet files with texts"),
        ("x.txt", {"text": ["a"]}, "Expected Parquet files with texts"),
    ],
)
def test_other_files_are_refused_in_one_sentence(tmp_path, name, columns, message):
    shard(tmp_path / name, **columns)
    with pytest.raises(InputError, match=message):
        pieces_of(tmp_path)


def test_a_damaged_file_and_a_missing_one_are_named(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and then nothing")
    for path in (tmp_path, tmp_path / "y"):
        with pytest.raises(InputError, match=str(path)):
            pieces_of(path)


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.25, 0.5])), max_size=60),
    st.integers(1, 12),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_what_keepers_leave_out_is_never_missed(rows, size, n_keepers, chance: random.Random):
    """Whoever sees which part, in any order: the best and the sample of the kept are those of all."""
    pool = Ranks(
        np.array([candidate for candidate, _ in rows], bool),
        np.array([utility for _, utility in rows], float),
        draws_of([str(row) for row in range(len(rows))], 1),
    )
    keepers = [Keeper(size) for _ in range(n_keepers)]
    parts = np.array_split(np.arange(len(rows)), 7)
    chance.shuffle(parts)
    kept = np.sort(np.concatenate([part[chance.choice(keepers).rows(pool[part])] for part in parts]))
    for order in ("best", "sample"):
        wanted = getattr(pool, order)(size)
        assert kept[getattr(pool[kept], order)(size)].tolist() == wanted.tolist()


def test_a_keeper_leaves_most_texts_out():
    rng = np.random.default_rng(0)
    keeper, kept = Keeper(100), 0
    for start in range(0, 50_000, 1000):
        names = [str(row) for row in range(start, start + 1000)]
        kept += len(keeper.rows(Ranks(np.ones(1000, bool), rng.random(1000), draws_of(names, 1))))
    assert kept < 1800  # 2 x 100 x (1 + ln 50) and chance
