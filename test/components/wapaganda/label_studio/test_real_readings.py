"""What the model would mark beside the annotations, against the real Label Studio."""

import time
from collections.abc import Callable

import httpx
import pytest

from label_studio_server import LabelStudioServer
from wapaganda.label_studio import LabelStudio, ShownReading
from wapaganda.ner import Document, Span

pytestmark = pytest.mark.label_studio

TITLE = "Likely label errors"
TEXT = "Anna saw Bob in Rome"
ANNA, BOB, ROME = Span(0, 4, "PER"), Span(9, 12, "PER"), Span(16, 20, "LOC")


@pytest.fixture
def raw(label_studio_server: LabelStudioServer) -> httpx.Client:
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    return httpx.Client(base_url=label_studio_server.url, headers=headers, timeout=60)


@pytest.fixture
def ids(client: LabelStudio, project: int) -> list[int]:
    """Six texts of which the last two are not labelled."""
    spans = [(ANNA, BOB)] * 4 + [None] * 2
    return client.import_documents(project, [Document(f"d{n}", TEXT, each) for n, each in enumerate(spans)])


def reading(task: int, score: float, spans: tuple[Span, ...] = (ANNA, BOB, ROME)) -> ShownReading:
    return ShownReading(task, TEXT, spans, "Rome, it says = LOC (not marked)", score)


def listed(raw: httpx.Client, project: int, tab: int) -> list[int]:
    answer = raw.get("/api/tasks", params={"view": tab, "project": project, "page_size": 100})
    return [task["id"] for task in answer.raise_for_status().json()["tasks"]]


def remarks(raw: httpx.Client, project: int) -> dict[str, int]:
    """The number of predictions of each model version."""
    return raw.get(f"/api/projects/{project}/model-versions/").raise_for_status().json()


def give_star(raw: httpx.Client, task: int) -> None:
    """As a person who leaves the label as it is: without a change the page has no other button."""
    (annotation,) = raw.get(f"/api/tasks/{task}/annotations/").json()
    raw.patch(f"/api/annotations/{annotation['id']}/", json={"ground_truth": True}).raise_for_status()


def test_the_list_has_the_order_of_suspicion_and_what_is_looked_at_leaves_it(
    client: LabelStudio, project: int, raw: httpx.Client, ids: list[int]
):
    before = client.fetch(project)
    tab, _ = client.show_readings(project, TITLE, [reading(ids[2], 0.9), reading(ids[0], 0.8)])
    assert listed(raw, project, tab) == [ids[2], ids[0]]
    again = [reading(each, 0.5) for each in (ids[0], ids[3], ids[2])]
    assert client.show_readings(project, TITLE, again)[0] == tab
    assert listed(raw, project, tab) == [ids[0], ids[3], ids[2]]
    assert remarks(raw, project) == {"review: Rome it says = LOC (not marked)": 3}
    assert client.versions(project) == {}
    hidden = raw.get(f"/api/dm/views/{tab}").json()["data"]["hiddenColumns"]["explore"]
    assert "tasks:data.text" not in hidden
    assert "tasks:predictions_model_versions" not in hidden

    time.sleep(2.0)  # the list tells later answers from earlier ones by the second
    give_star(raw, ids[3])
    assert listed(raw, project, tab) == [ids[0], ids[2]]
    after = {each.id: each.spans for each in client.fetch(project).documents}
    assert after == {each.id: each.spans for each in before.documents}


def test_a_reading_is_no_proposal_and_no_label(
    client: LabelStudio, project: int, raw: httpx.Client, ids: list[int]
):
    """It is read by nobody: annotators, a batch, an answer that was copied from it."""
    client.show_readings(project, TITLE, [reading(ids[0], 0.9)])
    batch = [Document(str(number), TEXT, (BOB,)) for number in (ids[5], ids[4])]
    report = client.release(project, batch, "al-001-ab")
    assert (report.n_created, report.warnings) == (2, ())
    assert int(client.next_document(project).id) == ids[5]
    assert client.project(project).model_version == "al-001-ab"
    assert client.released_at(project, "review: ") is None

    task = raw.get(f"/api/tasks/{ids[0]}").json()
    (prediction,) = task["predictions"]
    copied = {"result": prediction["result"], "parent_prediction": prediction["id"], "lead_time": 4.0}
    raw.post(f"/api/tasks/{ids[0]}/annotations/", json=copied).raise_for_status()
    found = {each.id: each for each in client.fetch(project).documents}
    document = found[str(ids[0])]
    assert {span.label for span in document.spans} == {"PER", "LOC"}  # a person has chosen it
    assert "parent_prediction" not in document.meta  # but it was no proposal, whose cost is known
    client.show_readings(project, TITLE, [])
    (kept,) = raw.get(f"/api/tasks/{ids[0]}").json()["predictions"]
    assert kept["id"] == prediction["id"]  # the annotation keeps its parent


def test_killed_at_any_write_the_list_is_right_in_the_end(
    client: LabelStudio, project: int, run_killed: Callable, raw: httpx.Client, ids: list[int]
):
    first, second = [reading(ids[0], 0.9), reading(ids[1], 0.8)], [reading(ids[1], 0.7)]

    def work(mortal: LabelStudio) -> object:
        return mortal.show_readings(project, TITLE, second)

    last, died = 0, True
    while died:
        client.show_readings(project, TITLE, first)
        last += 1
        died = run_killed(work, last, arrives=True) is None
        tab, _ = client.show_readings(project, TITLE, second)
        assert listed(raw, project, tab) == [ids[1]]
        assert sum(remarks(raw, project).values()) == 1
    assert last >= 4
