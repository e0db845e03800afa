"""What Label Studio's webhooks mean, by table, in the shapes that it really sends."""

import pytest

from wapaganda.ml_backend.project_id import ProjectRef, project_ref
from wapaganda.ml_backend.training.webhook_event import NewLabel, parse_webhook

PROJECT = {
    "id": 12,
    "title": "News",
    "label_config": "<View/>",
    "num_tasks_with_annotations": 40,
    "ground_truth_number": 2,
}


def annotation(number, task=5, **more):
    return {"id": number, "task": task, "project": 12, "result": [], "was_cancelled": False, **more}


def labels(*pairs):
    return tuple(NewLabel(number, task) for number, task in pairs)


@pytest.mark.parametrize(
    ("payload", "added", "withdrawn"),
    [
        (
            {"action": "ANNOTATION_CREATED", "annotation": annotation(201), "task": {"id": 5}},
            labels((201, 5)),
            (),
        ),
        (
            {"action": "ANNOTATION_UPDATED", "annotation": annotation(201), "task": {"id": 5}},
            labels((201, 5)),
            (),
        ),
        (
            {
                "action": "ANNOTATION_CREATED",
                "annotation": annotation(201, was_cancelled=True),
                "task": {"id": 5},
            },
            (),
            (201,),
        ),
        (
            {
                "action": "ANNOTATIONS_CREATED",
                "annotation": [annotation(1, 7), annotation(2, 8), annotation(3, 9, was_cancelled=True)],
                "task": [{"id": 7}, {"id": 8}, {"id": 9}],
            },
            labels((1, 7), (2, 8)),
            (3,),
        ),
        (
            {
                "action": "ANNOTATIONS_CREATED",
                "annotations": [{"id": 1}, {"id": 2}],
                "task": [{"id": 7}, {"id": 8}],
            },
            labels((1, 7), (2, 8)),
            (),
        ),
        ({"action": "ANNOTATION_CREATED", "annotation": {"id": 1, "task": {"id": 5}}}, labels((1, 5)), ()),
        ({"action": "ANNOTATION_CREATED", "annotation": {"id": 1}}, (), ()),
        ({"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 201}, {"id": 202}]}, (), (201, 202)),
        ({"action": "ANNOTATION_DELETED", "annotation": {"id": 201}}, (), (201,)),
        ({"action": "ANNOTATION_CREATED", "annotation": None, "task": 5}, (), ()),
        (
            {
                "action": "ANNOTATION_CREATED",
                "annotation": [None, 5, "x", {"id": "x"}, {"id": True, "task": 1}],
            },
            (),
            (),
        ),
        ({"action": "ANNOTATIONS_DELETED", "annotations": {"id": 10**40}}, (), ()),
        ({"action": "ANNOTATION_CREATED"}, (), ()),
    ],
)
def test_annotation_events(payload, added, withdrawn):
    event = parse_webhook({**payload, "project": PROJECT})
    assert event.project == ProjectRef("ls-12", 12)
    assert (event.labels, event.withdrawn, event.train_now) == (added, withdrawn, False)
    assert (event.total, event.label_config) == (42, "<View/>")


def test_deleted_tasks():
    event = parse_webhook({"action": "TASKS_DELETED", "tasks": [{"id": 5}, {"id": 6}], "project": PROJECT})
    assert event.deleted_tasks == (5, 6)


@pytest.mark.parametrize("action", ["TASKS_CREATED", "PROJECT_UPDATED"])
def test_changes_of_a_project_tell_its_state(action):
    event = parse_webhook({"action": action, "tasks": [{"id": 1}], "project": PROJECT})
    assert (event.labels, event.total, event.label_config) == ((), 42, "<View/>")


def test_start_training():
    event = parse_webhook({"action": "START_TRAINING", "project": PROJECT})
    assert event.train_now
    assert event.project == ProjectRef("ls-12", 12)


def test_the_project_of_an_annotation_serves_when_there_is_no_other():
    assert parse_webhook({"action": "ANNOTATION_CREATED", "annotation": annotation(1)}).project == ProjectRef(
        "ls-12", 12
    )


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"action": None},
        {"action": 5},
        {"action": ["START_TRAINING"]},
        {"action": {}},
        {"action": "PROJECT_CREATED", "project": PROJECT},
        {"action": "LABEL_LINK_CREATED", "project": PROJECT},
        {"action": "start_training", "project": PROJECT},
        {"action": "START_TRAINING"},
        {"action": "START_TRAINING", "project": None},
        {"action": "START_TRAINING", "project": "some-files"},
        {"action": "START_TRAINING", "project": {}},
        {"action": "START_TRAINING", "project": {"id": "../x"}},
        {"action": "ANNOTATION_CREATED"},
    ],
)
def test_everything_else_is_ignored_with_a_reason(payload):
    event = parse_webhook(payload)
    assert event.is_ignored
    assert event.reason


@pytest.mark.parametrize("count", [None, "5", -1, 1.5, True, 10**30])
def test_a_count_that_is_none_is_left_out(count):
    project = {"id": 12, "num_tasks_with_annotations": count, "ground_truth_number": count}
    assert parse_webhook({"action": "PROJECT_UPDATED", "project": project}).total is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.1795335716", ProjectRef("ls-12", 12, 1795335716)),
        ("0012", ProjectRef("ls-12", 12)),
        (12, ProjectRef("ls-12", 12)),
        ({"id": 12}, ProjectRef("ls-12", 12)),
        ("ls-12", ProjectRef("ls-12", 12)),
        ("wikigold", ProjectRef("wikigold")),
        ("12.", None),
        ("1.2.3", None),
        ("a/b", None),
        ("..", None),
        ("-x", None),
        ("a\n", ProjectRef("a")),
        (True, None),
        (1.5, None),
        (None, None),
        ([12], None),
    ],
)
def test_project_names(value, expected):
    assert project_ref(value) == expected
