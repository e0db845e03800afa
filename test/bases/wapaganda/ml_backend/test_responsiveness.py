"""Whatever blocks, /health, /setup and /webhook answer: judged by order of events, not by a clock."""

from concurrent.futures import ThreadPoolExecutor

import pytest

SETUP = {"project": "12.1795335716", "schema": "<View/>", "hostname": "", "access_token": ""}
EVENT = {"action": "ANNOTATION_CREATED", "annotation": {"id": 1, "task": 2}, "project": {"id": 12}}
TASKS = [{"data": {"text": "Anna"}}]


@pytest.mark.parametrize("n_predicts", [1, 60])
def test_while_predictions_are_stuck(server, n_predicts):
    """60 stuck requests are more than the thread pool holds."""
    tagger = server.repository.models["ls-12"]["v1"]
    server.services.models.get("ls-12", 20)
    tagger.gate.clear()
    with ThreadPoolExecutor(n_predicts) as pool:
        stuck = [pool.submit(server.predict, TASKS) for _ in range(n_predicts)]
        assert tagger.called.wait(20)
        try:
            assert server.client.get("/health").status_code == 200
            assert server.client.post("/setup", json=SETUP).json() == {"model_version": "v1"}
            assert server.client.get("/versions").json() == {"versions": ["v1"]}
            assert server.client.post("/webhook", json=EVENT).status_code == 202
            assert not any(each.done() for each in stuck)
        finally:
            tagger.gate.set()
        assert {each.result().status_code for each in stuck} == {200}


def test_while_a_model_loads(serve, repository):
    repository.put("ls-12", "v1")
    repository.gate.clear()
    server = serve()
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(server.predict, TASKS)
        assert repository.loading.wait(20)
        try:
            assert server.client.get("/health").status_code == 200
            assert server.client.post("/setup", json=SETUP).json() == {"model_version": "v1"}
            assert not stuck.done()
        finally:
            repository.gate.set()
        (item,) = stuck.result().json()["results"]
    assert item["model_version"] == "v1"
    assert len(item["result"]) == 1


def test_while_the_disk_is_stuck(server, monkeypatch):
    """The thread that writes events down hangs; events are still taken."""
    import threading

    gate = threading.Event()
    monkeypatch.setattr(server.services.projects, "record_labels", lambda *_: gate.wait(30))
    try:
        assert server.client.post("/webhook", json=EVENT).status_code == 202
        assert server.client.post("/webhook", json=EVENT).status_code == 202
        assert server.client.post("/setup", json=SETUP).status_code == 200
        assert server.client.get("/health").status_code == 200
    finally:
        gate.set()
