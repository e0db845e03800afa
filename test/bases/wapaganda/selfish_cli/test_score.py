"""selfish score on Parquet shards, and selfish select on what it wrote."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from wapaganda.annotation import read_documents
from wapaganda.ner import Document
from wapaganda.pipeline import ScoredPool
from wapaganda.pipeline.shards.scorer import PieceScorer

pytestmark = pytest.mark.real

RUN = "from wapaganda.selfish_cli import main; main()"


@pytest.fixture
def shards(selfish, files, tmp_path) -> Path:
    """A trained project, and its pool in three files."""
    assert selfish("train", "--data", files.data, "--test", files.test).code == 0
    folder = tmp_path / "shards"
    folder.mkdir()
    documents = read_documents(files.pool).documents
    for number in range(3):
        write(documents[number::3], folder / f"{number}.parquet")
    return folder


def write(documents: list[Document], path: Path) -> None:
    columns = {"id": [each.id for each in documents], "text": [each.text for each in documents]}
    parquet.write_table(pa.table(columns), path)


def written(folder: Path) -> dict[str, bytes]:
    """Every file of a scored pool."""
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_a_batch_of_a_scored_pool_is_that_of_the_pool_when_all_texts_are_kept(
    selfish, shards, files, tmp_path
):
    pool = tmp_path / "pool.parquet"
    write([each for path in sorted(shards.iterdir()) for each in read_documents(path).documents], pool)
    scored = selfish("score", "--pool", shards, "--out", tmp_path / "scored", "--json").json
    assert (scored["n_pool"], scored["n_best"], scored["n_random"]) == (32, 32, 32)
    for strategy in ("hybrid", "uncertainty", "random"):
        out = tmp_path / f"scored-{strategy}"
        selfish("score", "--pool", shards, "--out", out, "--strategy", strategy)
        options = ("--data", files.data, "--size", 8, "--strategy", strategy, "--json")
        wanted = selfish("select", "--pool", pool, *options).json
        found = selfish("select", "--scored", out, *options).json
        assert len(found["batch"]) == 8
        for each in (wanted, found):
            del each["read"]
        assert found == wanted


def test_the_best_texts_of_all_shards_and_a_random_sample_are_kept(selfish, shards, tmp_path):
    """The largest utilities of all parts, and random texts that are not the best."""
    selfish("score", "--pool", shards, "--out", tmp_path / "all", "--keep", 32)
    selfish("score", "--pool", shards, "--out", tmp_path / "few", "--keep", 6)
    everything, few = ScoredPool.load(tmp_path / "all"), ScoredPool.load(tmp_path / "few")
    parts = [parquet.read_table(each) for each in sorted((tmp_path / "few" / "scores").iterdir())]
    assert [part.num_rows for part in parts] == [11, 11, 10]
    threshold = few.ranking["threshold"]
    rows = [row for part in parts for row in part.to_pylist()]
    ranked = sorted(rows, key=lambda row: (row["score"] < threshold, -row["utility"]))
    best = {each for each, is_best in zip(few.scored.ids, few.is_best, strict=True) if is_best}
    assert best == {row["id"] for row in ranked[:6]}
    assert int(few.is_random.sum()) == 6
    assert all(each in everything.documents for each in few.documents)
    assert few.n_candidates == sum(row["score"] >= threshold for row in rows)
    spans = everything.scored.predicted(everything.documents)
    assert few.scored.predicted(few.documents) == {each.id: spans[each.id] for each in few.documents}

    other = selfish("select", "--scored", tmp_path / "few", "--strategy", "random")
    assert "scored with strategy=random, was: strategy=hybrid" in other.stderr
    selfish("score", "--pool", shards, "--out", tmp_path / "random", "--keep", 6, "--strategy", "random")
    batch = selfish(
        "select", "--scored", tmp_path / "random", "--size", 4, "--strategy", "random", "--json"
    ).json["batch"]
    sample = {each for each, chosen in zip(few.scored.ids, few.is_random, strict=True) if chosen}
    assert {each["id"] for each in batch} <= sample


def test_an_interrupted_scoring_goes_on_where_it_was(selfish, shards, tmp_path, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    selfish("score", "--pool", shards, "--out", whole, "--keep", 6)
    real, scored = PieceScorer.__call__, []

    def interrupted(self: PieceScorer, piece) -> int:
        if len(scored) == 2:
            raise KeyboardInterrupt
        scored.append(piece.number)
        return real(self, piece)

    monkeypatch.setattr(PieceScorer, "__call__", interrupted)
    assert selfish("score", "--pool", shards, "--out", broken, "--keep", 6).code == 130
    assert "scored in part" in selfish("select", "--scored", broken).stderr
    other = selfish("score", "--pool", shards, "--out", broken, "--keep", 7)
    assert (other.code, "another model, pool or setting" in other.stderr) == (2, True)
    scored.clear()
    assert selfish("score", "--pool", shards, "--out", broken, "--keep", 6).code == 0
    assert scored == [2]
    assert written(broken) == written(whole)


def test_ids_that_stand_twice_are_told_apart(selfish, shards, files, tmp_path):
    documents = read_documents(files.pool).documents
    write([documents[0], documents[1]], shards / "3.parquet")
    outcome = selfish("score", "--pool", shards, "--out", tmp_path / "scored")
    assert "2 kept texts have the id of another one" in outcome.stderr
    ids = ScoredPool.load(tmp_path / "scored").scored.ids
    assert [each for each in ids if "#" in each] == [f"{documents[0].id}#2", f"{documents[1].id}#2"]


def test_wrong_options_are_one_sentence(selfish, shards, tmp_path):
    options = ("score", "--pool", shards, "--out", tmp_path / "scored")
    for more, message in (
        (("--strategy", "diversity"), "which needs the whole pool"),
        (("--workers", "2"), "Expected --engine ray"),
        (("--model", "v9"), "Expected a version out of"),
        (("--out", shards), "which holds other files"),
    ):
        outcome = selfish(*options, *more)
        assert outcome.code == 2
        assert message in outcome.stderr
    assert "another folder" in selfish("select", "--scored", shards).stderr


@pytest.mark.slow
def test_two_actors_of_ray_write_the_same_files(selfish, shards, tmp_path):
    selfish("score", "--pool", shards, "--out", tmp_path / "local", "--keep", 6)
    options = [
        "--pool",
        shards,
        "--out",
        tmp_path / "ray",
        "--keep",
        "6",
        "--engine",
        "ray",
        "--workers",
        "2",
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN, "score", *options, "--json"],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert all(line.endswith("…") for line in done.stderr.splitlines()), done.stderr
    assert written(tmp_path / "ray") == written(tmp_path / "local")
    batches = [
        selfish("select", "--scored", tmp_path / each, "--size", 4, "--json").json["batch"]
        for each in ("local", "ray")
    ]
    assert batches[0] == batches[1]
    assert len(batches[0]) == 4
