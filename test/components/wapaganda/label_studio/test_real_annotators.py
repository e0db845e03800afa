"""Two annotators in the open-source queue, against the real Label Studio."""

from collections.abc import Iterator

import pytest

from label_studio_server import LabelStudioServer
from wapaganda.annotation import AnswerRule, ReadOptions, answers_of
from wapaganda.label_studio import LabelStudio
from wapaganda.ner import Document, Span

pytestmark = pytest.mark.label_studio

TEXT = "Anna met Bob"
ANNA, BOB = Span(0, 4, "PER"), Span(9, 12, "PER")


@pytest.fixture(scope="module")
def second(label_studio_server: LabelStudioServer) -> Iterator[LabelStudio]:
    """A second user, who joined by the invitation of the first."""
    token = label_studio_server.join("second@example.com")
    with LabelStudio(label_studio_server.url, token) as client:
        yield client


def labelled(studio: LabelStudio, project: int, *spans: Span) -> str:
    """What the queue offers next, labelled so."""
    document = studio.next_document(project)
    assert document is not None
    studio.annotate(project, int(document.id), document.text, spans, seconds=3.0)
    return document.id


def test_the_queue_serves_a_text_to_both_and_the_rule_says_what_is_learnt(
    client: LabelStudio, second: LabelStudio, project: int, label_studio_server: LabelStudioServer
):
    client.import_documents(project, [Document(str(number), f"{TEXT} {number}") for number in range(3)])
    client.set_annotators(project, 2, 100)
    assert client.project(project).annotators_per_task == 2
    assert labelled(client, project, ANNA) == labelled(second, project, ANNA, BOB)
    assert labelled(client, project, ANNA, BOB) == labelled(second, project, ANNA, BOB)
    names = {email: number for number, email in client.user_names().items()}
    by_admin, by_second = names[label_studio_server.username], names["second@example.com"]

    newest = [each for each in client.fetch(project).documents if each.is_labelled]
    assert [each.spans for each in newest] == [(ANNA, BOB), (ANNA, BOB)]
    assert answers_of(newest[0]) == {by_admin: (ANNA,), by_second: (ANNA, BOB)}

    for rule, expected in (
        (AnswerRule("majority"), (ANNA,)),
        (AnswerRule("adjudicated"), None),
        (AnswerRule("adjudicated", (by_admin,)), (ANNA,)),
    ):
        options = ReadOptions(answers=rule)
        with LabelStudio(label_studio_server.url, label_studio_server.token, reading=options) as studio:
            found = {each.id: each for each in studio.fetch(project).documents}
        assert found[newest[0].id].spans == expected

    view = client.show_annotated(project, [int(newest[0].id)], "Disagreements")
    assert view > 0


def test_the_diagnosis_says_how_to_get_a_second_annotator(client: LabelStudio, project: int):
    def finding():
        return next(each for each in client.diagnose(project) if each.name == "annotators per task")

    assert finding().ok
    assert f"selfish agree --project {project} --annotators 2 --share 20" in finding().hint
    client.set_annotators(project, 2, 20)
    assert finding().ok
    assert "2 in 20% of the tasks" in finding().message
    client.set_annotators(project, 3, 100)
    assert not finding().ok
    client.set_annotators(project, 1, 100)
    assert finding().message == "1"


def test_a_share_of_the_tasks_is_served_twice(client: LabelStudio, second: LabelStudio, project: int):
    client.import_documents(project, [Document(str(number), f"{TEXT} {number}") for number in range(10)])
    client.set_annotators(project, 2, 20)
    for _ in range(10):
        labelled(client, project, ANNA)
    assert client.next_document(project) is None
    twice = [labelled(second, project, BOB) for _ in range(2)]
    assert len(set(twice)) == 2
    assert second.next_document(project) is None
