"""The demo: what it works on. A tiny run of all of it is in test_readme_commands.py."""

from pathlib import Path

import pytest
from rich.console import Console

import demo_show
from demo_material import MARK, MaterialError, encoder_folder, fresh_folder, material
from sample_corpus import sample_corpus
from wapaganda.annotation import read_documents, write_conll


def test_only_folders_of_earlier_demos_are_emptied(tmp_path):
    fresh_folder(tmp_path / "run")
    (tmp_path / "run" / "old").write_text("")
    fresh_folder(tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == [MARK]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("years of work")
    with pytest.raises(MaterialError, match="thesis"):
        fresh_folder(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter").exists()


def test_without_data_the_sample_corpus_is_taken(tmp_path):
    made = material(tmp_path, None, None, 20, 13, 30, 10)
    assert "generated" in made.described
    assert (len(made.train), len(made.pool), len(made.test)) == (20, 30, 10)
    assert made.labels == ("organisation", "person", "place", "product")
    assert not any(document.is_labelled for document in read_documents(made.pool_file).documents)
    assert all(document.is_labelled for document in read_documents(made.train_file).documents)


def test_own_data_is_split_at_random_by_the_seed(tmp_path):
    data, test = tmp_path / "data.conll", tmp_path / "test.conll"
    write_conll(sample_corpus(1, 60, 1, 30).train, data)
    write_conll(sample_corpus(1, 60, 1, 30).test, test)
    parts = []
    for number, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        parts.append(material(folder, data, test, 20, seed, None, None))
    texts = [[document.text for document in part.train] for part in parts]
    assert texts[0] == texts[1] != texts[2]
    assert len(parts[0].train) == 20
    assert len(parts[0].test) == 30
    train, pool = ({each.text for each in part} for part in (parts[0].train, parts[0].pool))
    assert not train & pool
    assert len(train | pool) == 60


def test_a_part_of_own_data_is_kept_for_the_test_when_there_is_none(tmp_path):
    data = tmp_path / "data.conll"
    write_conll(sample_corpus(1, 60, 1, 1).train, data)
    made = material(tmp_path, data, None, 20, 1, None, None)
    assert len(made.test) == 12
    assert not {each.text for each in made.test} & {each.text for each in (*made.train, *made.pool)}


def test_too_little_data_is_reported(tmp_path):
    data = tmp_path / "data.conll"
    write_conll(sample_corpus(1, 15, 1, 1).train, data)
    with pytest.raises(MaterialError, match="more than 20 labelled texts"):
        material(tmp_path, data, None, 20, 1, None, None)
    with pytest.raises(MaterialError, match="TEST alone"):
        material(tmp_path, None, data, 20, 1, None, None)


def test_the_encoder_is_the_small_one_unless_the_user_chose(monkeypatch):
    assert Path(encoder_folder(), "config.json").is_file()
    monkeypatch.setenv("BASELINE_MODEL_NAME", "bert-base-cased")
    assert encoder_folder() == "bert-base-cased"


@pytest.mark.parametrize(("width", "by_type"), [(80, False), (140, True)])
def test_the_table_fits_the_terminal(monkeypatch, capsys, width, by_type):
    types = {"LOC": 0.7, "MISC": 0.5, "ORG": 0.6, "PER": 0.8}
    monkeypatch.setattr(demo_show, "CONSOLE", Console(width=width, soft_wrap=True))
    demo_show.show_table([demo_show.DemoRow(1, 200, "v0001-925d75e4", 0.632, types, 0.563, True)])
    shown = capsys.readouterr().out
    assert "63.2" in shown
    assert ("MISC" in shown) is by_type
