import json

import pytest

from wapaganda.storage import atomic_folder, atomic_path, write_json, write_text


def test_a_written_file_has_the_text_and_leaves_no_draft(tmp_path):
    path = tmp_path / "new" / "a.txt"

    write_text(path, "é\n")

    assert path.read_text(encoding="utf-8") == "é\n"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_while_writing_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    with pytest.raises(UnicodeEncodeError), atomic_path(path) as draft:
        draft.write_text("half \ud800", encoding="utf-8")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_draft_keeps_the_suffix_that_some_writers_look_at(tmp_path):
    with atomic_path(tmp_path / "a.npz") as draft:
        assert draft.suffix == ".npz"
        draft.write_bytes(b"x")

    assert (tmp_path / "a.npz").read_bytes() == b"x"


def test_json_is_written_as_utf8_with_a_line_end(tmp_path):
    write_json(tmp_path / "a.json", {"ä": [1, None]})

    assert (tmp_path / "a.json").read_text(encoding="utf-8").endswith("}\n")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"ä": [1, None]}


def test_values_that_json_cannot_hold_change_nothing(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")

    with pytest.raises(TypeError):
        write_json(path, {"a": object()})

    assert path.read_text() == "old"


def test_a_folder_appears_whole_and_leaves_no_draft(tmp_path):
    with atomic_folder(tmp_path / "new" / "set") as draft:
        (draft / "inner").mkdir()
        (draft / "inner" / "a.txt").write_text("x")
        assert not (tmp_path / "new" / "set").exists()

    assert (tmp_path / "new" / "set" / "inner" / "a.txt").read_text() == "x"
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["set"]


def test_a_folder_that_holds_files_is_replaced_only_when_asked(tmp_path):
    path = tmp_path / "set"
    path.mkdir()
    (path / "old.txt").write_text("old")

    with pytest.raises(FileExistsError, match="Expected a new or empty folder"), atomic_folder(path):
        pytest.fail("the body must not run")
    with atomic_folder(path, replace=True) as draft:
        (draft / "new.txt").write_text("new")

    assert [each.name for each in path.iterdir()] == ["new.txt"]
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "set").mkdir()

    with atomic_folder(tmp_path / "set") as draft:
        (draft / "new.txt").write_text("new")

    assert (tmp_path / "set" / "new.txt").exists()


def test_an_error_while_a_folder_is_filled_leaves_the_old_one_and_no_draft(tmp_path):
    path = tmp_path / "set"
    path.mkdir()
    (path / "old.txt").write_text("old")

    with pytest.raises(UnicodeEncodeError), atomic_folder(path, replace=True) as draft:
        (draft / "half.txt").write_text("half \ud800", encoding="utf-8")

    assert [each.name for each in path.iterdir()] == ["old.txt"]
    assert list(tmp_path.iterdir()) == [path]
