"""Label Studio's own "Create Annotations From Predictions", against the real Label Studio."""

from collections.abc import Callable

import httpx
import pytest

from label_studio_server import LabelStudioServer
from wapaganda.annotation import has_machine_answer, is_machine_answer
from wapaganda.label_studio import LabelStudio
from wapaganda.ml_backend.training.webhook_event import parse_webhook
from wapaganda.ner import Document, Span

pytestmark = pytest.mark.label_studio

TEXT = "Anna saw Bob"
ANNA = Span(0, 4, "PER", 0.75)


@pytest.fixture
def raw(label_studio_server: LabelStudioServer) -> httpx.Client:
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    return httpx.Client(base_url=label_studio_server.url, headers=headers, timeout=60)


def copied(client: LabelStudio, raw: httpx.Client, project: int) -> list[int]:
    """A project of three texts, whose predictions the Data Manager has made annotations."""
    ids = client.import_documents(project, [Document(f"d{n}", TEXT) for n in range(3)])
    client.release(project, [Document(str(number), TEXT, (ANNA,)) for number in ids], "al-001")
    where = {"id": "predictions_to_annotations", "project": project}
    chosen = {"selectedItems": {"all": True, "excluded": []}, "model_version": "al-001"}
    answer = raw.post("/api/dm/actions", params=where, json=chosen).raise_for_status().json()
    assert answer["detail"] == "Created 3 annotations"
    return ids


def annotation_of(raw: httpx.Client, task: int) -> dict:
    (annotation,) = raw.get(f"/api/tasks/{task}/annotations/").raise_for_status().json()
    return annotation


def test_copies_are_unlabelled_until_a_person_has_looked_at_them(
    client: LabelStudio, project: int, raw: httpx.Client
):
    ids = copied(client, raw, project)
    found = client.fetch(project)
    assert [document.is_labelled for document in found.documents] == [False] * 3
    assert all(map(has_machine_answer, found.documents))
    assert (found.report.n_labelled, found.report.n_unlabelled) == (0, 3)
    assert found.report.lines()[0].startswith("3 texts without an answer: the annotation is an unchanged")

    stored = [annotation_of(raw, number) for number in ids]
    assert all(each["parent_prediction"] and each["lead_time"] is None for each in stored)
    confirm = {"result": stored[0]["result"], "lead_time": 2.5}  # what the page sends for Update
    raw.patch(f"/api/annotations/{stored[0]['id']}/", json=confirm).raise_for_status()
    moved = {**stored[1]["result"][0], "value": {**stored[1]["result"][0]["value"], "end": 3, "text": "Ann"}}
    raw.patch(f"/api/annotations/{stored[1]['id']}/", json={"result": [moved]}).raise_for_status()
    labelled = {int(each.id) for each in client.fetch(project).documents if each.is_labelled}
    assert labelled == set(ids[:2])


def test_a_copy_is_known_by_its_scores_when_the_prediction_was_deleted(
    client: LabelStudio, project: int, raw: httpx.Client
):
    ids = copied(client, raw, project)
    where = {"id": "delete_tasks_predictions", "project": project}
    raw.post("/api/dm/actions", params=where, json={"selectedItems": {"all": True}}).raise_for_status()
    assert all(annotation_of(raw, number)["parent_prediction"] is None for number in ids)
    assert all(map(has_machine_answer, client.fetch(project).documents))


def test_an_unchanged_proposal_that_was_submitted_is_an_answer(
    client: LabelStudio, project: int, raw: httpx.Client
):
    (number,) = client.import_documents(project, [Document("d", TEXT)])
    client.release(project, [Document(str(number), TEXT, (ANNA,))], "al-001")
    (prediction,) = raw.get("/api/predictions/", params={"task": number}).raise_for_status().json()
    answer = {"result": prediction["result"], "parent_prediction": prediction["id"], "lead_time": 1.25}
    raw.post(f"/api/tasks/{number}/annotations/", json=answer).raise_for_status()
    (document,) = client.fetch(project).documents
    assert document.spans == (ANNA,)


def test_the_event_of_the_action_brings_no_new_label(
    client: LabelStudio, project: int, raw: httpx.Client, start_backend: Callable
):
    backend = start_backend()
    client.connect_backend(project, backend.url)
    ids = copied(client, raw, project)
    events = [body for _, body in backend.asked("/webhook") if body["action"] == "ANNOTATIONS_CREATED"]
    (event,) = map(parse_webhook, events)
    assert event.labels == ()
    assert sorted(label.task for label in event.machine) == sorted(ids)
    assert all(is_machine_answer(annotation_of(raw, number)) for number in ids)
