"""selfish connect without a server: what it checks first, and what it says when it fails half-way."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from wapaganda.label_studio import LabelStudioError


@dataclass
class FakeStudio:
    """A Label Studio that can make projects and does not reach the backend."""

    url: str = "http://studio.test"
    made: list[str] = field(default_factory=list)

    def check(self) -> SimpleNamespace:
        return SimpleNamespace(version="1.23.2", user="ada@example.com")

    def create_project(self, title: str, config: str) -> int:
        self.made.append(title)
        return 6 + len(self.made)

    def project(self, number: int) -> SimpleNamespace:
        raise LabelStudioError(f"There is no project {number}.")

    def import_documents(self, project: int, documents: list, on_progress: object) -> list[int]:
        return list(range(len(documents)))

    def connect_backend(self, *_: object) -> None:
        raise LabelStudioError("Label Studio cannot reach the backend.", "Is it running?")


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> FakeStudio:
    fake = FakeStudio()
    monkeypatch.setattr("wapaganda.selfish_cli.project.CliProject.studio", lambda self: fake)
    return fake


def test_a_failure_half_way_names_the_project_that_is_kept(selfish, files, studio):
    imported = ("--import", files.data, "--backend", "http://nowhere.test")
    outcome = selfish("connect", "--title", "toys", *imported, "--json")
    assert outcome.code == 1
    assert outcome.json["error"] == "Label Studio cannot reach the backend."
    assert "Project 7 is kept with " in outcome.json["hint"]
    assert "repeat with --project 7 and without --title and --import" in outcome.json["hint"]
    assert "Project 7: http://studio.test/projects/7/data" in outcome.stderr


def test_a_project_that_is_not_there_is_reported_before_anything_is_imported(selfish, files, studio):
    outcome = selfish("connect", "--project", 99, "--import", files.data)
    assert outcome.code == 1
    assert "There is no project 99." in outcome.stderr
    assert "Importing" not in outcome.stderr


def test_labels_that_the_texts_do_not_have_make_no_project(selfish, files, studio):
    outcome = selfish("connect", "--labels", "PER", "--import", files.data)
    assert outcome.code == 2
    assert "Expected labels of the texts out of PER, was: LOC, PER." in outcome.stderr
    assert studio.made == []
