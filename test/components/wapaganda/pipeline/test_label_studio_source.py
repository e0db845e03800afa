"""What a project's source adds to the client: reading all again when the labelling configuration changes."""

from types import SimpleNamespace

import pytest

from wapaganda.annotation import ReadReport, default_label_config, parse_label_config
from wapaganda.label_studio import LabelStudioError, VersionTakenError
from wapaganda.pipeline import BatchNameTakenError, LabelStudioSource


class Studio:
    """A client that notes from where it was asked to fetch."""

    def __init__(self):
        self.config = parse_label_config(default_label_config(["PER"]))
        self.asked = []
        self.created_at = "2026-01-01"
        self.refusal = LabelStudioError("It is down.")

    def project(self, project_id):
        return SimpleNamespace(label_config=self.config, created_at=self.created_at, n_tasks=5)

    def release(self, project_id, batch, version, on_progress, *, earlier, known):
        raise self.refusal

    def fetch(self, project_id, cursor, on_progress):
        self.asked.append(cursor)
        cursor = "2026-01-01T00:00:00.000000Z"
        return SimpleNamespace(documents=(), cursor=cursor, complete=True, report=ReadReport())


@pytest.fixture
def studio():
    return Studio()


def test_a_fetch_goes_on_where_the_last_one_ended(studio):
    source = LabelStudioSource(studio, 1)
    first = source.fetch(None, print)
    second = source.fetch(first.cursor, print)
    assert studio.asked == [None, "2026-01-01T00:00:00.000000Z"]
    assert first.cursor == second.cursor
    assert first.total == 5


def test_all_is_read_again_when_the_label_config_has_changed(studio):
    source = LabelStudioSource(studio, 1)
    first = source.fetch(None, print)
    studio.config = parse_label_config(default_label_config(["PER", "ORG"]))
    second = source.fetch(first.cursor, print)
    source.fetch(second.cursor, print)
    assert studio.asked == [None, None, "2026-01-01T00:00:00.000000Z"]


def test_all_is_read_again_when_another_project_has_the_number_now(studio):
    source = LabelStudioSource(studio, 1)
    first = source.fetch(None, print)
    studio.created_at = "2026-02-02"
    source.fetch(first.cursor, print)
    assert studio.asked == [None, None]


def test_only_a_version_of_another_batch_asks_for_a_new_name(studio):
    source = LabelStudioSource(studio, 1)
    with pytest.raises(LabelStudioError):
        source.release("al-001", [], print)
    studio.refusal = VersionTakenError("al-001 is taken.")
    with pytest.raises(BatchNameTakenError):
        source.release("al-001", [], print)
