"""No request body causes a server error."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
WORDS = st.sampled_from(
    [
        "id",
        "data",
        "text",
        "task",
        "tasks",
        "project",
        "action",
        "annotation",
        "result",
        "value",
        "start",
        "end",
    ]
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | ANY_TEXT, inner, max_size=4)
)
ACTIONS = st.sampled_from(
    [
        "START_TRAINING",
        "ANNOTATION_CREATED",
        "ANNOTATIONS_CREATED",
        "ANNOTATION_UPDATED",
        "ANNOTATIONS_DELETED",
    ]
) | st.sampled_from(["TASKS_CREATED", "TASKS_DELETED", "PROJECT_UPDATED", "LABEL_LINK_CREATED"])
PROJECTS = JSON | st.just({"id": 12}) | st.just("12.1795335716")
TASKS = st.fixed_dictionaries(
    {}, optional={"id": JSON, "data": JSON | st.dictionaries(WORDS, JSON), "project": JSON}
)
PREDICT = st.fixed_dictionaries(
    {"tasks": st.lists(TASKS | JSON, max_size=4)},
    optional={"project": PROJECTS, "label_config": JSON | ANY_TEXT, "params": JSON},
)
SETUP = st.fixed_dictionaries(
    {"project": PROJECTS},
    optional={"schema": JSON, "hostname": JSON, "access_token": JSON, "extra_params": JSON},
)
EVENT = st.fixed_dictionaries(
    {"action": ACTIONS | JSON, "project": PROJECTS},
    optional={"annotation": JSON, "annotations": JSON, "task": JSON, "tasks": JSON},
)
FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def send(server, path, body: bytes):
    response = server.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code < 500, response.text
    content = response.json()
    assert response.status_code < 300 or content["error"]
    return response.status_code, content


@given(body=PREDICT)
@FUZZ
def test_predict_answers_every_task(server, label_config, body):
    status, content = send(server, "/predict", json.dumps(body).encode())
    if status == 200:
        assert len(content["results"]) == len(body["tasks"])
    status, content = send(
        server, "/predict", json.dumps({**body, "project": 12, "label_config": label_config}).encode()
    )
    assert (status, len(content["results"])) == (200, len(body["tasks"]))


@given(body=EVENT | JSON)
@FUZZ
def test_webhook(server, caplog, body):
    send(server, "/webhook", json.dumps(body).encode())
    server.settle()
    assert "An event was lost" not in caplog.text


@given(body=SETUP | JSON)
@FUZZ
def test_setup(server, caplog, body):
    send(server, "/setup", json.dumps(body).encode())
    server.settle()
    assert "An event was lost" not in caplog.text


@pytest.mark.parametrize("path", ["/predict", "/setup", "/webhook"])
@given(body=st.binary(max_size=200))
@FUZZ
def test_bytes(server, path, body):
    send(server, path, body)
