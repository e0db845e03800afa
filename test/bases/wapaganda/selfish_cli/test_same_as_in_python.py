"""`selfish train` and `selfish select` choose what the three calls of `active_learning` choose."""

import pytest

from wapaganda.active_learning import choose, fit, score
from wapaganda.annotation import read_documents
from wapaganda.pipeline import LoopConfig

pytestmark = pytest.mark.real


def test_the_batch_is_that_of_the_three_calls(selfish, files, encoder, tmp_path, monkeypatch):
    monkeypatch.setenv("PROPOSAL_FLOOR", "0")
    assert selfish("train", "--data", files.data).code == 0
    by_command = selfish("select", "--data", files.data, "--pool", files.pool, "--size", 6, "--json")

    config = LoopConfig(encoder, learning_rate=1e-3, train_steps=60, folds=0, device="cpu")
    model = fit(read_documents(files.data).documents, config, tmp_path / "own")
    batch = choose(score(model, read_documents(files.pool).documents), 6)
    assert [each.id for each in batch] == [each["id"] for each in by_command.json["batch"]]
    assert [[(s.start, s.end, s.label) for s in each.spans] for each in batch] == [
        [(s["start"], s["end"], s["label"]) for s in each["spans"]] for each in by_command.json["batch"]
    ]
