"""selfish labels without a Label Studio: what is remembered, and what is refused."""

import pytest

from wapaganda.annotation import LabelMapping, default_label_config, parse_label_config
from wapaganda.project_context import ProjectContext
from wapaganda.settings import Settings


@pytest.fixture
def studio(monkeypatch):
    """A client that knows one project with the labels PERSON and LOC."""

    class Project:
        label_config = parse_label_config(default_label_config(["PERSON", "LOC"]))

    class Studio:
        def project(self, number):
            return Project()

    monkeypatch.setattr("wapaganda.selfish_cli.project.CliProject.studio", lambda self: Studio())


def test_a_mapping_is_remembered_listed_and_forgotten(selfish, studio, tmp_path):
    listed = selfish("labels", "map", "--project", 1)
    assert "every label and tag is read by its own name" in listed.stdout
    done = selfish("labels", "map", "PER=PERSON", "ORG=", "--project", 1, "--json")
    assert done.json == {"project": "ls-1", "labels": {"PER": "PERSON", "ORG": ""}, "tags": {}}
    context = ProjectContext(Settings(data_dir=tmp_path / "kept"), "ls-1")
    assert context.reading.mapping == LabelMapping({"PER": "PERSON", "ORG": ""})
    assert ProjectContext(Settings(data_dir=tmp_path / "kept"), "ls-2").reading.mapping == LabelMapping()
    shown = selfish("labels", "map", "--project", 1).stdout
    assert "left out" in shown
    assert selfish("labels", "map", "--remove", "PER", "--project", 1, "--json").json["labels"] == {"ORG": ""}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("map", "PER=PERSON"), "Expected --project"),
        (("map", "PER", "--project", 1), "Expected OLD=NEW, was: 'PER'"),
        (("map", "PER=NOBODY", "--project", 1), "Expected one of the labels PERSON, LOC, was: NOBODY"),
        (("map", "LOC=PERSON", "--project", 1), "selfish labels merge LOC=PERSON"),
        (("map", "text=label", "--tag", "--project", 1), "selfish labels rename --tag text=label"),
        (("map", "--remove", "PER", "--project", 1), "Expected one of none, was: PER"),
        (("rename", "PER=", "--project", 1), "Leave regions out by selfish labels map OLD="),
        (("merge", "=PER", "--project", 1), "Expected OLD=NEW"),
        (("undo", "--project", 1), "none to undo"),
        (("split", "LOC", "--project", 1), "Expected OLD=NEW, was: 'LOC'"),
        (("split", "LOC=CITY,LOC", "--project", 1), "with other labels than OLD"),
        (("split", "LOC=CITY,", "--project", 1), "with other labels than OLD"),
        (("split", "LOC=CITY", "--yes", "--project", 1), "Expected --by FILE"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(selfish, studio, arguments, complaint):
    outcome = selfish("labels", *arguments)
    assert outcome.code == 2
    assert complaint in outcome.stderr


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("words,label\nOslo,CITY\n", "with the columns text and label, was: "),
        ("text,label\nOslo,TOWN\n", "Expected one of the labels CITY, COUNTRY, was: TOWN"),
        ("text,label\nOslo,CITY\nOslo ,COUNTRY\n", "Expected one label for 'Oslo', was: CITY and COUNTRY"),
        ("", "was: "),
    ],
)
def test_a_file_of_words_that_is_wrong_is_refused(selfish, studio, tmp_path, content, complaint):
    path = tmp_path / "forms.csv"
    path.write_text(content)
    outcome = selfish("labels", "split", "LOC=CITY,COUNTRY", "--by", path, "--project", 1)
    assert outcome.code == 2
    assert complaint in " ".join(outcome.stderr.split())


def test_a_file_of_words_is_not_overwritten(selfish, studio, tmp_path):
    path = tmp_path / "forms.csv"
    path.write_text("text,label\nOslo,CITY\n")
    outcome = selfish("labels", "split", "LOC=CITY,COUNTRY", "--forms", path, "--project", 1)
    assert (outcome.code, path.read_text()) == (2, "text,label\nOslo,CITY\n")
