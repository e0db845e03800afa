"""Folders that only their user may read."""

import stat

import pytest

from wapaganda.storage import private_folder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_closed_and_its_parents_are_as_usual(tmp_path):
    private_folder(tmp_path / "a" / "data")
    assert mode(tmp_path / "a" / "data") == 0o700
    assert mode(tmp_path / "a") & 0o700 == 0o700


@pytest.mark.parametrize("wide", [0o755, 0o750, 0o2775])
def test_an_open_folder_is_closed_if_it_is_ours_and_told_if_it_may_be_another_ones(tmp_path, caplog, wide):
    folder = tmp_path / "a b"
    folder.mkdir()
    folder.chmod(wide)
    private_folder(folder)
    assert mode(folder) == wide
    assert f"chmod go-rwx '{folder}'" in caplog.text
    caplog.clear()
    private_folder(folder, tighten=True)
    assert mode(folder) == 0o700
    assert caplog.text == ""
