"""The traps, set on purpose in the real Label Studio."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from label_studio_server import LabelStudioServer, free_port, running_label_studio
from wapaganda.annotation import default_label_config
from wapaganda.label_studio import CheckResult, LabelStudio, LabelStudioError
from wapaganda.label_studio.backend import connect_webhook
from wapaganda.ner import Document

pytestmark = pytest.mark.label_studio

SECRET = ("labeller", "secret")
TEXT = "Anna met Bob"


@pytest.fixture
def raw(label_studio_server: LabelStudioServer) -> httpx.Client:
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    return httpx.Client(base_url=label_studio_server.url, headers=headers, timeout=60)


def faults(findings: list[CheckResult]) -> dict[str, CheckResult]:
    return {finding.name: finding for finding in findings if not finding.ok}


def test_a_project_that_is_set_up_has_no_fault(client: LabelStudio, project: int, start_backend: Callable):
    backend = start_backend()
    ids = client.import_documents(project, [Document("a", TEXT)])
    client.connect_backend(project, backend.url, basic_auth=SECRET)
    client.release(project, [Document(str(ids[0]), TEXT, ())], "al-001")
    findings = client.diagnose(project, backend.url, SECRET)
    assert faults(findings) == {}
    assert {"server", "label config", "sampling", "model version", "backend", "webhook"} <= {
        finding.name for finding in findings
    }
    assert client.project(project).n_tasks == 1


def test_the_traps_of_a_fresh_project_are_found(client: LabelStudio, project: int, start_backend: Callable):
    backend = start_backend()
    found = faults(client.diagnose(project, backend.url))
    assert set(found) == {"sampling", "backend connected", "webhook"}
    assert all("selfish connect" in finding.hint for finding in found.values())


def test_a_name_without_a_dot_gets_no_webhook_and_the_sentence_says_so(client: LabelStudio, project: int):
    found = faults(client.diagnose(project, "http://ml-backend:9090"))["webhook address"]
    assert "http://ml-backend:9090/webhook: its name has no dot" in found.message
    assert "http://ml-backend.internal:9090" in found.hint
    with pytest.raises(LabelStudioError, match="its name has no dot"):
        connect_webhook(client._connection, project, "http://ml-backend:9090", None)


def test_the_title_trap_is_found(
    client: LabelStudio, project: int, raw: httpx.Client, start_backend: Callable
):
    backend = start_backend()
    ids = client.import_documents(project, [Document("a", TEXT)])
    client.connect_backend(project, backend.url, "ner")
    client.use_uncertainty_sampling(project)
    assert (
        faults(client.diagnose(project, backend.url)) == {}
    )  # no batch yet: the backend itself pre-annotates
    client.release(project, [Document(str(ids[0]), TEXT, ())], "al-001")
    raw.patch(f"/api/projects/{project}/", json={"model_version": "ner"}).raise_for_status()
    found = faults(client.diagnose(project))
    assert set(found) == {"model version"}
    assert "the backend's title 'ner'" in found["model version"].message


def test_a_webhook_without_credentials_or_switched_off_is_found(
    client: LabelStudio, project: int, raw: httpx.Client, start_backend: Callable
):
    backend = start_backend()
    info = client.connect_backend(project, backend.url)
    found = faults(client.diagnose(project, backend.url, SECRET))
    assert "silent 401" in found["webhook"].message
    hook = f"/api/webhooks/{info.webhook_id}/"
    raw.patch(hook, json={"url": backend.url + "/webhook", "is_active": False}).raise_for_status()
    assert "switched off" in faults(client.diagnose(project, backend.url))["webhook"].message
    raw.delete(hook).raise_for_status()
    assert "gets no labels" in faults(client.diagnose(project, backend.url))["webhook"].message
    client.connect_backend(project, backend.url, basic_auth=SECRET)
    assert "webhook" not in faults(client.diagnose(project, backend.url, SECRET))


def test_settings_that_spoil_the_order_are_found(client: LabelStudio, project: int, raw: httpx.Client):
    body = {"maximum_annotations": 3, "show_collab_predictions": False}
    raw.patch(f"/api/projects/{project}/", json=body).raise_for_status()
    assert {"pre-annotations", "annotators per task"} <= set(faults(client.diagnose(project)))


def test_an_unusable_label_config_is_found(client: LabelStudio, raw: httpx.Client):
    choices = '<Choices name="c" toName="t"><Choice value="x"/></Choices>'
    config = f'<View>{choices}<Text name="t" value="$text"/></View>'
    project = raw.post("/api/projects/", json={"title": "choices", "label_config": config}).json()["id"]
    assert "Expected one <Labels> over one <Text>" in faults(client.diagnose(project))["label config"].message
    with pytest.raises(LabelStudioError, match=f"Project {project} cannot be used: Expected one <Labels>"):
        client.project(project)


def test_an_absent_backend_is_found(client: LabelStudio, project: int):
    found = faults(client.diagnose(project, f"http://127.0.0.1:{free_port()}"))
    assert "No server answers" in found["backend"].message
    found = faults(client.diagnose(None, "no address"))
    assert "No server answers at no address" in found["backend"].message


def test_a_dead_server_and_a_bad_token_are_found(label_studio_server: LabelStudioServer):
    with LabelStudio(f"http://127.0.0.1:{free_port()}", "a" * 40, retries=0) as client:
        (finding,) = client.diagnose(1)
    assert not finding.ok
    assert "does not answer" in finding.message
    with LabelStudio(label_studio_server.url, "a" * 40) as stranger:
        (finding,) = stranger.diagnose(1)
    assert "not accepted" in finding.message
    assert "Personal Access Token" in finding.hint


@pytest.fixture(scope="module")
def guarded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """A Label Studio as it comes: it calls no local address."""
    data: Path = tmp_path_factory.mktemp("guarded-label-studio")
    with running_label_studio(data, extra_env={"USE_DEFAULT_BANNED_SUBNETS": "true"}) as server:
        yield server


def test_blocked_local_addresses_are_found(guarded_server: LabelStudioServer, start_backend: Callable):
    backend = start_backend()
    with LabelStudio(guarded_server.url, guarded_server.token) as client:
        project = client.create_project("guarded", default_label_config(["PER"]))
        found = faults(client.diagnose(project, backend.url))
        assert {"webhook address", "backend address"} <= set(found)
        assert all(
            "USE_DEFAULT_BANNED_SUBNETS=false" in found[name].hint
            for name in ("webhook address", "backend address")
        )
        with pytest.raises(LabelStudioError, match=r"refuses to call .* local address\.") as caught:
            client.connect_backend(project, backend.url)
        assert "Start Label Studio with" in caught.value.hint
    with httpx.Client(headers={"Authorization": f"Token {guarded_server.token}"}) as raw:
        assert raw.get(f"{guarded_server.url}/api/webhooks/").json() == []  # looking has made none
