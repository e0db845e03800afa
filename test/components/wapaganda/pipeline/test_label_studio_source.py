"""What a project's source adds to the client: reading all again when the labelling configuration changes."""

import threading
from types import SimpleNamespace

import pytest

from label_studio_server import LabelStudioServer
from wapaganda.annotation import ReadReport, default_label_config, parse_label_config
from wapaganda.label_studio import LabelStudio, LabelStudioError, VersionTakenError
from wapaganda.ner import Document, Span
from wapaganda.pipeline import BatchNameTakenError, LabelStudioSource


class Studio:
    """A client that notes from where it was asked to fetch."""

    def __init__(self):
        self.config = parse_label_config(default_label_config(["PER"]))
        self.asked = []
        self.created_at = "2026-01-01"
        self.refusal = LabelStudioError("It is down.")

    def project(self, project_id):
        return SimpleNamespace(
            label_config=self.config, created_at=self.created_at, n_tasks=5, model_version=""
        )

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


@pytest.mark.label_studio
def test_two_loops_on_one_project_double_nothing_and_each_names_the_other(
    label_studio_server: LabelStudioServer,
):
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        project = studio.create_project("two loops", default_label_config(["PER"]))
        ids = studio.import_documents(project, [Document(str(n), "Anna met Bob") for n in range(6)])
    batch = [Document(str(number), "Anna met Bob", (Span(0, 4, "PER", 0.5),)) for number in ids]
    said: dict[str, list[str]] = {"aaaa": [], "bbbb": []}
    ready = threading.Barrier(2)

    def release(loop: str) -> None:
        with LabelStudio(label_studio_server.url, label_studio_server.token) as own:
            source = LabelStudioSource(own, project, loop)
            name = source.batch_name(1)
            ready.wait(60)
            said[loop].append(source.release(name, batch, print))

    loops = [threading.Thread(target=release, args=(loop,)) for loop in said]
    for each in loops:
        each.start()
    for each in loops:
        each.join()

    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        assert studio.versions(project) == {"al-001-aaaa": 6, "al-001-bbbb": 6}
        last = studio.project(project).model_version[-4:]
        first = "bbbb" if last == "aaaa" else "aaaa"
        source = LabelStudioSource(studio, project, first)
        sentence = source.release(source.batch_name(1), batch, print)
        assert f"Another loop ({last}) has released al-001-{last} in this project" in sentence
        again = source.release(source.batch_name(1), batch, print)
        assert "Another loop" not in again
        assert studio.project(project).model_version == f"al-003-{first}"
