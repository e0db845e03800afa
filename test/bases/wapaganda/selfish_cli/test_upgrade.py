"""An older program finds the files of a newer one, as docs/upgrade.md says."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from wapaganda.ledger.schema import MIGRATIONS
from wapaganda.ml_backend.composition import LedgerShowings
from wapaganda.ml_backend.prediction.tasks import Showing
from wapaganda.settings import Settings

COMMANDS = {
    "status": ("status", "--name", "toys"),
    "train": ("train", "--name", "toys", "--data"),
    "update": ("update", "--name", "toys", "--size", 2, "--data"),
}


@pytest.mark.real
def test_a_newer_ledger_is_refused_and_the_backup_goes_on(selfish, files, tmp_path: Path):
    pool = ("--pool", files.pool, "--out", tmp_path / "batches")
    assert selfish("update", "--name", "toys", "--size", 2, "--data", files.data, *pool).code == 0
    data, backup = tmp_path / "kept", tmp_path / "backup"
    shutil.copytree(data, backup)
    before = selfish("status", "--name", "toys", "--json").json
    ledger = data / "toys/ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    newer = ledger.read_bytes()

    for name, command in COMMANDS.items():
        options = () if name == "status" else (files.data, *(pool if name == "update" else ()))
        outcome = selfish(*command, *options)
        assert outcome.code == 1, name
        assert f"was: {len(MIGRATIONS) + 1}, written by a newer wapaganda." in outcome.stderr, name
        assert "Install the version of wapaganda that wrote the file." in outcome.stderr, name
        assert "Traceback" not in outcome.stderr, name
    assert LedgerShowings(Settings())("toys") == Showing()  # the backend predicts without the ledger
    assert ledger.read_bytes() == newer

    shutil.rmtree(data)
    shutil.copytree(backup, data)
    assert selfish("status", "--name", "toys", "--json").json == before
    assert selfish("update", "--name", "toys", "--size", 2, "--data", files.data, *pool).code == 0
