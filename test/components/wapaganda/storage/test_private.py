"""Folders that only their user may read."""

import os
import stat

from wapaganda.storage import close_to_others, private_folder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_closed_and_its_parents_are_as_usual(tmp_path):
    private_folder(tmp_path / "a" / "data")
    assert mode(tmp_path / "a" / "data") == 0o700
    assert mode(tmp_path / "a") & 0o700 == 0o700


def test_what_is_ours_is_closed_and_what_is_anothers_or_a_groups_is_told(tmp_path, caplog, monkeypatch):
    modes = {"ours a": 0o755, "group": 0o2775, "closed": 0o700, "file": 0o644}
    paths = {name: tmp_path / name for name in modes}
    for name, path in paths.items():
        path.touch() if name == "file" else path.mkdir()
        path.chmod(modes[name])

    close_to_others([*paths.values(), tmp_path / "missing"])

    assert [mode(path) for path in paths.values()] == [0o700, 0o2775, 0o700, 0o600]
    closed, left = caplog.messages
    assert closed.endswith(f": '{paths['ours a']}' {paths['file']}")
    assert left.endswith(f"chmod -R go-rwx {paths['group']}")
    caplog.clear()
    close_to_others([paths["ours a"], paths["file"]])
    assert caplog.messages == []
    paths["file"].chmod(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: paths["file"].stat().st_uid + 1)
    close_to_others([paths["file"]])
    assert mode(paths["file"]) == 0o644
    assert f"chmod -R go-rwx {paths['file']}" in caplog.text
