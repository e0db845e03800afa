"""Importing, fetching and tokens, against the real Label Studio."""

import time

import httpx
import pytest

from label_studio_server import LabelStudioServer
from wapaganda.label_studio import LabelStudio, LabelStudioError, changes
from wapaganda.ner import Document, Span

pytestmark = pytest.mark.label_studio

SMILING = "👩‍👩‍👧 Anna met Bob\r\nin Köln"


def documents(number: int, *, labelled: bool = False) -> list[Document]:
    spans = (Span(0, 4, "PER"),) if labelled else None
    return [Document(f"doc-{i}", f"Anna met number {i}", spans) for i in range(number)]


def by_id(documents: tuple[Document, ...]) -> dict[str, Document]:
    return {document.id: document for document in documents}


def test_documents_arrive_in_order_with_their_annotations(client: LabelStudio, project: int):
    labelled, empty = documents(200, labelled=True), [Document("none", "nobody here", ())]
    seen: list[tuple[object, ...]] = []
    ids = client.import_documents(
        project, [*labelled, *empty, *documents(1000)], lambda *progress: seen.append(progress)
    )
    assert seen == [("import", 1000, 1201), ("import", 1201, 1201)]
    assert ids == client.all_ids(project)
    info = client.project(project)
    assert (info.n_tasks, info.n_finished, info.n_annotations) == (1201, 201, 201)
    changes = client.fetch(project)
    found = by_id(changes.documents)
    assert changes.complete
    assert changes.report.lines() == ()
    assert [found[str(number)].text for number in ids[:3]] == [document.text for document in labelled[:3]]
    assert found[str(ids[0])].spans == (Span(0, 4, "PER"),)
    assert found[str(ids[200])].spans == ()
    assert found[str(ids[1200])].spans is None
    assert len(found) == 1201


def test_offsets_are_code_points_all_the_way(client: LabelStudio, project: int):
    start = SMILING.index("Anna")
    spans = (Span(start, start + 4, "PER"), Span(SMILING.index("Köln"), len(SMILING), "LOC"))
    client.import_documents(project, [Document("a", SMILING, spans)])
    (document,) = client.fetch(project).documents
    assert document.text == SMILING
    assert document.spans == spans
    assert [SMILING[span.start : span.end] for span in document.spans] == ["Anna", "Köln"]


def test_only_changes_come_after_the_cursor(
    client: LabelStudio, project: int, label_studio_server: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(changes, "OVERLAP", changes.timedelta(0))
    ids = client.import_documents(project, documents(6))
    time.sleep(1.1)  # the server's clock in the answer's header counts whole seconds
    cursor = client.fetch(project).cursor
    assert client.fetch(project, cursor).documents == ()

    text = documents(6)[0].text
    made = [client.annotate(project, number, text, [Span(0, 4, "PER")], 2.0) for number in ids[:3]]
    client.annotate(project, ids[3], text, None)
    after = client.fetch(project, cursor)
    found = by_id(after.documents)
    assert not after.complete
    assert set(found) == {str(number) for number in ids[:4]}
    assert found[str(ids[0])].spans == (Span(0, 4, "PER"),)
    assert found[str(ids[3])].spans is None
    assert found[str(ids[3])].meta["skipped"] is True

    time.sleep(1.1)
    cursor = client.fetch(project, after.cursor).cursor
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    raw = httpx.Client(base_url=label_studio_server.url, headers=headers, timeout=60)
    raw.patch(f"/api/annotations/{made[1]}/", json={"result": []}).raise_for_status()
    raw.delete(f"/api/annotations/{made[2]}/").raise_for_status()
    raw.delete(f"/api/tasks/{ids[5]}/").raise_for_status()
    found = by_id(client.fetch(project, cursor).documents)
    assert {name: document.spans for name, document in found.items()} == {str(ids[1]): (), str(ids[2]): None}
    assert client.all_ids(project) == ids[:5]


def test_more_ties_than_a_page_holds_are_all_fetched(
    client: LabelStudio, project: int, label_studio_server: LabelStudioServer
):
    ids = client.import_documents(project, documents(12, labelled=True))
    everything = {"selectedItems": {"all": True, "excluded": []}}
    answer = httpx.post(  # sets one and the same time on all tasks
        f"{label_studio_server.url}/api/dm/actions",
        params={"id": "delete_tasks_annotations", "project": project},
        headers={"Authorization": f"Token {label_studio_server.token}"},
        json=everything,
        timeout=60,
    )
    assert answer.json()["processed_items"] == 12
    config = client.project(project).label_config
    found = changes.fetch(client._connection, project, config, None, page_size=5)
    assert [document.spans for document in found.documents] == [None] * 12
    assert {document.id for document in found.documents} == {str(number) for number in ids}


def test_changes_of_the_last_seconds_come_again(client: LabelStudio, project: int):
    client.import_documents(project, documents(3))
    first = client.fetch(project)
    assert by_id(client.fetch(project, first.cursor).documents) == by_id(first.documents)


def test_nothing_is_sent_when_a_span_is_bad(client: LabelStudio, project: int):
    bad = [
        *documents(2),
        Document("bad", "Anna", (Span(0, 9, "PER"),)),
        Document("x", "Anna", (Span(0, 4, "ORG"),)),
    ]
    with pytest.raises(
        LabelStudioError, match=r"bad: expected a span within 0–4, was: 0–9; x: expected one of"
    ):
        client.import_documents(project, bad)
    assert client.all_ids(project) == []


def test_both_kinds_of_token_work(client: LabelStudio, label_studio_server: LabelStudioServer):
    url = label_studio_server.url
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    listed = httpx.get(f"{url}/api/token/", headers=headers, timeout=60).json()
    personal = (
        httpx.post(f"{url}/api/token/", headers=headers, timeout=60).json()["token"] if not listed else ""
    )
    assert personal
    assert client.check().user == label_studio_server.username
    assert client.check().version == "1.23.2"
    with LabelStudio(url, personal) as by_personal:
        assert by_personal.check() == client.check()
        assert {number for number, _ in by_personal.projects()} == {number for number, _ in client.projects()}


def test_disabled_legacy_tokens_are_an_error(client: LabelStudio, label_studio_server: LabelStudioServer):
    login = httpx.Client(base_url=label_studio_server.url, follow_redirects=True, timeout=60)
    page = login.get("/user/login/")
    secret = {"csrfmiddlewaretoken": page.cookies["csrftoken"]}
    who = {"email": label_studio_server.username, "password": label_studio_server.password}
    login.post("/user/login/", data=secret | who).raise_for_status()
    headers = {"X-CSRFToken": login.cookies["csrftoken"]}
    body = {"api_tokens_enabled": True, "api_token_ttl_days": 36500}
    try:
        off = login.post(
            "/api/jwt/settings", json=body | {"legacy_api_tokens_enabled": False}, headers=headers
        )
        off.raise_for_status()
        with pytest.raises(LabelStudioError, match="Legacy tokens are switched off") as caught:
            client.check()
        assert "Personal Access Token" in caught.value.hint
    finally:
        login.post("/api/jwt/settings", json=body | {"legacy_api_tokens_enabled": True}, headers=headers)
    assert client.check()


def test_a_wrong_token_and_a_missing_project_are_errors(
    client: LabelStudio, label_studio_server: LabelStudioServer
):
    with pytest.raises(LabelStudioError, match=r"The legacy token is not accepted"):
        LabelStudio(label_studio_server.url, "0" * 40).check()
    with pytest.raises(LabelStudioError, match="There is no project 99999 at"):
        client.project(99999)
