"""selfish connect without a server: what it checks first, and what it says when it fails half-way."""

import json
import re
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from wapaganda.annotation import default_label_config, parse_label_config, task_from_document
from wapaganda.label_studio import LabelStudioError


@dataclass
class FakeStudio:
    """A Label Studio that can make projects and does not reach the backend."""

    url: str = "http://studio.test"
    made: list[str] = field(default_factory=list)

    def page(self, project: int) -> str:
        return f"{self.url}/projects/{project}/data"

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


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ({"text": "Mira", "spans": [[0, 4, "PER\tX"]]}, r"the character '\\t' in 'PER\\tX'"),
        ({"text": "Mira", "spans": [[0, 4, "PER\u000b"]]}, r"the character '\\x0b'"),
        ({"text": "Mira", "spans": [[0, 4, "PER "]]}, "white space at an end in 'PER '"),
        ({"text": "Mira", "spans": [[0, 4, "PER"]], "note": "cut \ud83d"}, "half a surrogate pair"),
        ({"text": "Mira", "spans": [[0, 4, "PER\ud83d"]]}, "half a surrogate pair"),
        ({"id": "a\ud83d", "text": "Mira", "spans": [[0, 4, "PER"]]}, "half a surrogate pair"),
    ],
)
def test_values_that_label_studio_cannot_hold_make_no_project(selfish, tmp_path, studio, record, complaint):
    path = tmp_path / "texts.jsonl"
    path.write_text(json.dumps(record))
    outcome = selfish("connect", "--title", "toys", "--import", path)
    assert outcome.code == 2
    assert re.search(complaint, outcome.stderr)
    assert studio.made == []


def test_numbers_that_are_no_json_become_null_and_proposals_predictions(
    selfish, tmp_path, studio, monkeypatch
):
    path, seen = tmp_path / "texts.jsonl", []
    spans = [{"start": 0, "end": 3, "label": "HUM", "score": 0.9}]
    rows = [
        {
            "text": "Mira met Bob",
            "spans": [[9, 12, "PER"]],
            "meta": {"w": float("nan"), "deep": [float("inf")]},
        },
        {"text": "Eve left", "spans": None, "proposed": {"by": "v1", "spans": spans}},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.setattr(studio, "import_documents", lambda _, documents, __: seen.extend(documents) or [1, 2])
    outcome = selfish("connect", "--title", "toys", "--import", path, "--backend", "http://nowhere.test")
    assert "2 texts mended: a number in meta that is no JSON" in outcome.stderr
    assert "1 text without an answer: the spans are a model's" in outcome.stderr
    assert seen[0].meta == {"w": None, "deep": [None]}
    config = parse_label_config(default_label_config(["PER", "HUM"]))
    labelled, proposed = (task_from_document(each, config) for each in seen)
    assert ("annotations" in labelled, "predictions" in labelled) == (True, False)
    assert "annotations" not in proposed
    assert [each["model_version"] for each in proposed["predictions"]] == ["v1"]
    assert proposed["predictions"][0]["result"][0]["value"]["labels"] == ["HUM"]
