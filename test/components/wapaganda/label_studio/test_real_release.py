"""Releasing batches and connecting backends, against the real Label Studio."""

import random
from collections.abc import Callable

import httpx
import pytest

from label_studio_server import LabelStudioServer
from wapaganda.label_studio import LabelStudio, LabelStudioError, VersionTakenError, release
from wapaganda.ner import Document, Span

pytestmark = pytest.mark.label_studio

SMILING = "👩‍👩‍👧 Anna 😀 saw Bob"
ANNA = Span(6, 10, "PER", 0.75)
SECRET = ("labeller", "p:ä$$")


@pytest.fixture
def raw(label_studio_server: LabelStudioServer) -> httpx.Client:
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    return httpx.Client(base_url=label_studio_server.url, headers=headers, timeout=60)


def batch_of(ids: list[int], size: int = 8) -> list[Document]:
    chosen = random.Random(13).sample(ids, size)
    return [Document(str(number), SMILING, (ANNA,)) for number in chosen]


def imported(client: LabelStudio, project: int, number: int = 40) -> list[int]:
    return client.import_documents(project, [Document(f"d{i}", SMILING) for i in range(number)])


def answers(client: LabelStudio, project: int, number: int, *, skipping: int | None = None) -> list[int]:
    """Labels what Label Studio serves, as one annotator; the order in which it came."""
    served = []
    for turn in range(number):
        document = client.next_document(project)
        assert document is not None
        served.append(int(document.id))
        spans = None if turn == skipping else [Span(ANNA.start, ANNA.end, "PER")]
        client.annotate(project, int(document.id), document.text, spans)
    return served


def test_the_batch_is_served_in_its_order_and_nothing_else_until_it_is_done(
    client: LabelStudio, project: int
):
    ids = imported(client, project)
    batch = batch_of(ids)
    report = client.release(project, batch, "al-001")
    assert (report.n_offered, report.n_created, report.n_present, report.left_out) == (8, 8, 0, ())
    info = client.project(project)
    assert (info.model_version, info.sampling, info.n_predictions) == ("al-001", "Uncertainty sampling", 8)
    expected = [int(document.id) for document in batch]
    assert answers(client, project, 8, skipping=2) == expected
    assert answers(client, project, 1)[0] not in expected


def test_only_a_task_that_the_annotator_has_open_comes_before_the_batch(client: LabelStudio, project: int):
    ids = imported(client, project, 12)
    opened = client.next_document(project)
    assert opened is not None
    batch = batch_of([number for number in ids if str(number) != opened.id], 3)
    client.release(project, batch, "al-001")
    expected = [int(opened.id), *(int(document.id) for document in batch)]
    assert answers(client, project, 4) == expected


def test_a_connected_backend_does_not_disturb_the_order(
    client: LabelStudio, project: int, raw: httpx.Client, start_backend: Callable
):
    backend = start_backend()
    ids = imported(client, project)
    client.connect_backend(project, backend.url)
    assert client.project(project).model_version == "wapaganda"  # Label Studio sets the title
    batch = batch_of(ids)
    for document in batch[3:5]:
        raw.get(f"/api/tasks/{document.id}/").raise_for_status()  # opened: the backend predicts it
    assert len(backend.asked("/predict")) == 2

    first, second = batch[:5], batch[5:]
    client.release(project, first, "al-001")
    served = answers(client, project, 3)
    everything = {"selectedItems": {"all": True, "excluded": []}}
    where = {"id": "retrieve_tasks_predictions", "project": project}
    raw.post("/api/dm/actions", params=where, json=everything).raise_for_status()
    assert client.project(project).model_version == "al-001"
    served += answers(client, project, 2)
    assert served == [int(document.id) for document in first]

    client.release(project, second, "al-002")
    n_asked = len(backend.asked("/predict"))
    assert answers(client, project, 3) == [int(document.id) for document in second]
    assert len(backend.asked("/predict")) == n_asked


def test_what_the_annotator_gets_is_the_pre_annotation(client: LabelStudio, project: int, raw: httpx.Client):
    ids = imported(client, project, 5)
    client.release(project, [Document(str(ids[3]), SMILING, (ANNA,))], "al-001")
    task = raw.get(f"/api/projects/{project}/next").json()
    assert task["id"] == ids[3]
    (prediction,) = task["predictions"]
    (region,) = prediction["result"]
    assert (region["value"]["start"], region["value"]["end"], region["value"]["labels"]) == (6, 10, ["PER"])
    assert SMILING[6:10] == region["value"]["text"] == "Anna"
    assert region["score"] == 0.75


def predicted(raw: httpx.Client, task: int, version: str) -> list[dict]:
    found = raw.get("/api/predictions/", params={"task": task}).raise_for_status().json()
    return [each for each in found if each["model_version"] == version]


def test_unfinished_texts_of_an_earlier_batch_are_seen_with_proposals_under_the_new_version(
    client: LabelStudio, project: int, raw: httpx.Client
):
    batch = batch_of(imported(client, project), 8)
    first, second = batch[:4], batch[4:]
    client.release(project, first, "al-001")
    labelled, opened, drafted, left = [int(document.id) for document in first]
    client.annotate(project, labelled, SMILING, [])
    assert client.next_document(project).id == str(opened)  # locked by the annotator
    draft = {"result": [], "lead_time": 1.0}
    raw.post(f"/api/tasks/{drafted}/drafts", json=draft).raise_for_status()

    ids = [document.id for document in first]
    report = client.release(project, second, "al-002", earlier=first, known=ids)
    assert (report.n_created, report.n_present, report.n_earlier, report.left_out) == (4, 0, 3, ())
    assert predicted(raw, labelled, "al-002") == []
    for number in (opened, drafted, left):
        (prediction,) = predicted(raw, number, "al-002")
        assert prediction["result"][0]["value"]["text"] == "Anna"
    task = raw.get(f"/api/projects/{project}/next").json()
    assert (task["id"], [each["model_version"] for each in task["predictions"]]) == (opened, ["al-002"])

    client.annotate(project, left, SMILING, [])
    again = client.release(project, second, "al-002", earlier=first[1:3], known=ids)
    assert (again.n_created, again.n_present, again.n_earlier) == (0, 4, 3)
    assert answers(client, project, 1) == [opened]
    assert answers(client, project, 4) == [int(document.id) for document in second]
    assert answers(client, project, 1) == [drafted]
    other = imported(client, project, 1)
    with pytest.raises(VersionTakenError):
        client.release(project, [Document(str(other[0]), SMILING, ())], "al-002", known=ids)


def test_a_text_that_waits_for_another_annotator_keeps_its_proposals(
    client: LabelStudio, project: int, raw: httpx.Client
):
    client.set_annotators(project, 2, 100)
    ids = imported(client, project, 4)
    batch = [Document(str(number), SMILING, (ANNA,)) for number in ids]
    client.release(project, batch[:2], "al-001")
    client.annotate(project, ids[0], SMILING, [])
    once = Document(str(ids[0]), SMILING, (ANNA,), {"annotators": [1]})
    twice = Document(str(ids[1]), SMILING, (ANNA,), {"annotators": [1, 2]})
    report = client.release(project, batch[2:], "al-002", earlier=[once, twice])
    assert report.n_earlier == 1
    assert (len(predicted(raw, ids[0], "al-002")), predicted(raw, ids[1], "al-002")) == (1, [])


OTHER_FORMS = {
    "HyperText": (
        '<HyperTextLabels name="l" toName="t"><Label value="PER"/></HyperTextLabels>'
        '<HyperText name="t" value="$html"/>',
        {"html": "<p>Anna smiles</p>"},
    ),
    "Paragraphs": (
        '<ParagraphLabels name="l" toName="t"><Label value="PER"/></ParagraphLabels>'
        '<Paragraphs name="t" value="$talk" nameKey="who" textKey="text"/>',
        {"talk": [{"who": "A", "text": "Anna smiles"}]},
    ),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_texts_of_other_forms_are_served_in_order_and_lack_proposals_which_is_said(
    client: LabelStudio, raw: httpx.Client, form: str
):
    tags, data = OTHER_FORMS[form]
    project = client.create_project(form, f"<View>{tags}</View>")
    raw.post(f"/api/projects/{project}/import", json=[{"data": data}] * 2).raise_for_status()
    found = sorted(client.fetch(project).documents, key=lambda each: -int(each.id))
    assert {each.text for each in found} == {"Anna smiles"}
    report = client.release(project, [each.with_spans((ANNA,)) for each in found], "al-001")
    said = f"Annotators see no proposals: they cannot be shown over <{form}>."
    assert (report.n_created, said in report.warnings) == (2, True)
    served = raw.get(f"/api/projects/{project}/next").json()
    assert (served["id"], served["predictions"][0]["result"]) == (int(found[0].id), [])


def test_releasing_twice_makes_nothing_twice(client: LabelStudio, project: int, raw: httpx.Client):
    batch = batch_of(imported(client, project))
    first = client.release(project, batch, "al-001")
    again = client.release(project, batch, "al-001")
    assert (again.n_created, again.n_present, again.view_id) == (0, 8, first.view_id)
    assert client.project(project).n_predictions == 8
    assert len(raw.get("/api/dm/views/", params={"project": project}).json()) == 1


class KilledError(Exception):
    """Stands for the end of the process."""


def test_a_release_that_was_killed_between_chunks_is_completed(client: LabelStudio, project: int):
    batch = batch_of(imported(client, project), 10)

    def killed(_step: str, done: int, _total: int) -> None:
        if done == 6:
            raise KilledError

    with pytest.raises(KilledError):
        client.release(project, batch, "al-001", killed, chunk_size=3)
    assert client.project(project).n_predictions == 6
    assert client.project(project).model_version == ""  # nothing is served before all is there

    report = client.release(project, batch, "al-001", chunk_size=3)
    assert (report.n_created, report.n_present) == (4, 6)
    assert client.project(project).n_predictions == 10
    assert answers(client, project, 10) == [int(document.id) for document in batch]


def test_texts_that_cannot_be_offered_any_more_are_left_out(
    client: LabelStudio, project: int, raw: httpx.Client
):
    ids = imported(client, project, 6)
    client.annotate(project, ids[0], SMILING, [])
    raw.delete(f"/api/tasks/{ids[1]}/").raise_for_status()
    other = Document(str(ids[2]), "another text", ())
    batch = [Document(str(number), SMILING, ()) for number in (ids[0], ids[1], ids[4], ids[3])]
    report = client.release(project, [other, *batch], "al-001")
    assert dict(report.left_out) == {
        ids[0]: "labelled in the meantime",
        ids[1]: "no longer in the project",
        ids[2]: "its text has changed",
    }
    assert answers(client, project, 2) == [ids[4], ids[3]]
    with pytest.raises(LabelStudioError, match="None of the batch is left to label"):
        client.release(project, [other], "al-002")


def test_a_version_stands_for_one_batch(client: LabelStudio, project: int):
    batch = batch_of(imported(client, project))
    client.release(project, batch[:4], "al-001")
    with pytest.raises(LabelStudioError, match="al-001 already holds another batch") as caught:
        client.release(project, batch[2:], "al-001")
    assert "new version" in caught.value.hint


def test_the_view_shows_the_batch_in_order(
    client: LabelStudio, project: int, raw: httpx.Client, start_backend: Callable
):
    ids = imported(client, project)
    client.connect_backend(project, start_backend().url)
    batch = batch_of(ids)
    report = client.release(project, batch, "al-001")
    shown = raw.get(
        "/api/tasks", params={"view": report.view_id, "project": project, "page_size": 100}
    ).json()
    assert [task["id"] for task in shown["tasks"]] == [int(document.id) for document in batch]


def test_the_webhook_carries_the_credentials(client: LabelStudio, project: int, start_backend: Callable):
    backend = start_backend()
    ids = imported(client, project, 2)
    info = client.connect_backend(project, backend.url + "/", "ner", SECRET)
    assert (info.title, info.model_version, info.state, info.webhook_has_auth) == (
        *("ner", "backend-1", "Connected"),
        True,
    )
    assert client.connect_backend(project, backend.url, "ner", SECRET) == info  # and again
    backend.requests.clear()
    client.annotate(project, ids[0], SMILING, [])
    (auth, body), *_ = backend.asked("/webhook")
    assert body["action"] == "ANNOTATION_CREATED"
    assert auth == str(httpx.Request("GET", backend.url, headers=[]).headers.get("Authorization") or auth)
    assert auth == release_header(*SECRET)


def release_header(user: str, password: str) -> str:
    """What an HTTP library of its own makes of the credentials."""
    flow = httpx.BasicAuth(user, password).auth_flow(httpx.Request("GET", "http://localhost"))
    return next(flow).headers["Authorization"]


def test_connecting_an_absent_backend_is_an_error(client: LabelStudio, project: int):
    with pytest.raises(LabelStudioError, match=r"cannot reach the backend at http://127.0.0.1:9\.") as caught:
        client.connect_backend(project, "http://127.0.0.1:9")
    assert caught.value.hint.startswith("Is it running")


def test_remarks_on_settings_that_spoil_the_order(client: LabelStudio, project: int, raw: httpx.Client):
    ids = imported(client, project, 3)
    raw.patch(f"/api/projects/{project}/", json={"show_collab_predictions": False, "maximum_annotations": 2})
    report = client.release(project, [Document(str(ids[0]), SMILING, ())], "al-001")
    assert len(report.warnings) == 2
    assert client.project(project).model_version == "al-001"
    assert client.project(project).sampling == release.SAMPLING
