"""What a project's source adds to the client: reading all again when the labelling configuration changes."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest

from label_studio_server import LabelStudioServer
from wapaganda.annotation import ReadReport, default_label_config, parse_label_config
from wapaganda.errors import Retry, retry_of
from wapaganda.label_studio import LabelStudio, LabelStudioError, VersionTakenError
from wapaganda.ner import Document, Span
from wapaganda.pipeline import BatchNameTakenError, LabelStudioSource, ProjectTakenError
from wapaganda.pipeline.sources import label_studio as label_studio_source


class Studio:
    """A client that notes from where it was asked to fetch."""

    def __init__(self):
        self.config = parse_label_config(default_label_config(["PER"]))
        self.asked = []
        self.created_at = "2026-01-01"
        self.refusal = LabelStudioError("It is down.")

    def project(self, project_id):
        return SimpleNamespace(
            title="News", label_config=self.config, created_at=self.created_at, n_tasks=5, model_version=""
        )

    def release(self, project_id, batch, version, on_progress, *, earlier, known):
        raise self.refusal

    def user_names(self):
        return {}

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
def test_of_two_loops_on_one_project_one_releases_and_the_other_says_what_to_do(
    label_studio_server: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
):
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        project = studio.create_project("two loops", default_label_config(["PER"]))
        ids = studio.import_documents(project, [Document(str(n), "Anna met Bob") for n in range(6)])
        batch = [Document(str(number), "Anna met Bob", (Span(0, 4, "PER", 0.5),)) for number in ids]
        first, second = (LabelStudioSource(studio, project, loop) for loop in ("aaaa", "bbbb"))
        taking = LabelStudioSource(studio, project, "bbbb", takes_over=True)
        for source in (first, second):
            source.claim()
        first.release(first.batch_name(1), batch, print)
        first.claim()  # its own batch, whatever folder or machine it runs in now
        for refused in (second.claim, lambda: second.release(second.batch_name(1), batch, print)):
            with pytest.raises(ProjectTakenError) as caught:
                refused()
        assert "loop aaaa, which has released al-001-aaaa" in str(caught.value)
        assert f"selfish update --project {project} --take-over" in caught.value.hint
        assert retry_of(caught.value) is Retry.LATER
        assert studio.versions(project) == {"al-001-aaaa": 6}

        sentence = taking.release(taking.batch_name(1), batch, print)
        assert "Another loop (aaaa) has released al-001-aaaa in this project" in sentence
        second.claim()
        with pytest.raises(ProjectTakenError, match="bbbb"):
            first.release("al-001-aaaa", batch, print)
        assert studio.project(project).model_version == "al-002-bbbb"

        monkeypatch.setattr(label_studio_source, "_TERM", timedelta(0))  # a day later
        assert "Another loop (bbbb)" in first.release(first.batch_name(1), batch, print)
        assert studio.versions(project) == {"al-001-aaaa": 6, "al-002-bbbb": 6, "al-003-aaaa": 6}


@pytest.mark.label_studio
def test_two_loops_that_release_in_the_same_moment_double_nothing(label_studio_server: LabelStudioServer):
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        project = studio.create_project("two loops at once", default_label_config(["PER"]))
        ids = studio.import_documents(project, [Document(str(n), "Anna met Bob") for n in range(6)])
    batch = [Document(str(number), "Anna met Bob", (Span(0, 4, "PER", 0.5),)) for number in ids]
    ready, refused = threading.Barrier(2), []

    def release(loop: str) -> None:
        with LabelStudio(label_studio_server.url, label_studio_server.token) as own:
            source = LabelStudioSource(own, project, loop)
            name = source.batch_name(1)
            ready.wait(60)
            try:
                source.release(name, batch, print)
            except ProjectTakenError:
                refused.append(name)

    loops = [threading.Thread(target=release, args=(loop,)) for loop in ("aaaa", "bbbb")]
    for each in loops:
        each.start()
    for each in loops:
        each.join()

    released = {"al-001-aaaa", "al-001-bbbb"} - set(refused)
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        assert studio.versions(project) == dict.fromkeys(released, 6)
        taken = 0
        for loop in ("aaaa", "bbbb"):
            try:
                LabelStudioSource(studio, project, loop).claim()
            except ProjectTakenError:
                taken += 1
        assert taken == 1  # from now on one of them is alone
