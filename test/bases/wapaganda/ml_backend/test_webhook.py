"""From a webhook to a training: counted once, coalesced, and only when it is due."""

import random
import sqlite3
import threading
from contextlib import closing

import pytest

from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.ml_backend.training.project_state import ProjectState
from wapaganda.ml_backend.training.trigger import TrainingStatus, TrainingTrigger, TriggerConfig
from wapaganda.ml_backend.training.webhook_event import NewLabel, WebhookEvent, parse_webhook

TWELVE = ProjectRef("ls-12", 12)


def created(annotation, task, **more):
    return {
        "action": "ANNOTATION_CREATED",
        "annotation": {"id": annotation, "task": task, "project": 12, "was_cancelled": False, **more},
        "task": {"id": task, "data": {"text": "Anna"}},
        "project": {"id": 12},
    }


def send(server, *payloads):
    responses = [server.client.post("/webhook", json=payload) for payload in payloads]
    server.settle()
    return responses


def test_an_event_is_noted_and_answered_at_once(server):
    (response,) = send(server, created(1, 5))
    assert response.status_code == 202
    assert response.json()["status"] == "noted"
    assert server.services.projects.new_labels("ls-12") == 1


def test_enough_labels_start_one_debounced_training(server):
    send(server, created(1, 5), created(2, 6))
    assert server.trainings.submitted == []
    send(server, created(3, 7))
    ((project, kind, reason, debounce),) = server.trainings.submitted
    assert (project, kind, debounce) == ("ls-12", "round", 7.0)
    assert "3 new labels" in reason
    send(server, created(4, 8), created(5, 9))
    assert len(server.trainings.submitted) == 1


def test_one_text_counts_once(server):
    again = {**created(1, 5), "action": "ANNOTATION_UPDATED"}
    send(server, created(1, 5), created(1, 5), again, created(2, 5))
    assert server.services.projects.new_labels("ls-12") == 1


def test_skips_and_deletions_count_back(server):
    send(server, created(1, 5), created(2, 6, was_cancelled=True), created(3, 7))
    assert server.services.projects.new_labels("ls-12") == 2
    gone = {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 1}], "project": {"id": 12}}
    task_gone = {"action": "TASKS_DELETED", "tasks": [{"id": 7}], "project": {"id": 12}}
    send(server, gone)
    assert server.services.projects.new_labels("ls-12") == 1
    send(server, task_gone)
    assert server.services.projects.new_labels("ls-12") == 0


def test_a_bulk_event_counts_all_of_its_labels(server):
    many = [{"id": n, "task": n, "project": 12} for n in range(40)]
    send(server, {"action": "ANNOTATIONS_CREATED", "annotation": many, "project": {"id": 12}})
    assert "40 new labels" in server.trainings.submitted[0][2]


COPIED = {"parent_prediction": 9, "lead_time": None, "result": []}


def test_predictions_that_were_made_annotations_are_no_new_labels(server):
    project = {"id": 12, "num_tasks_with_annotations": 0}
    send(server, {"action": "PROJECT_UPDATED", "project": project})
    copies = [{"id": n, "task": n, "project": 12, **COPIED} for n in range(40)]
    after = {"id": 12, "num_tasks_with_annotations": 40}
    send(server, {"action": "ANNOTATIONS_CREATED", "annotation": copies, "project": after})
    assert (server.services.projects.new_labels("ls-12"), server.trainings.submitted) == (0, [])
    confirmed = {**created(7, 7, **{**COPIED, "lead_time": 3.5}), "action": "ANNOTATION_UPDATED"}
    send(server, {**confirmed, "project": after})
    assert server.services.projects.new_labels("ls-12") == 1
    gone = {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 8}, {"id": 7}]}
    send(server, {**gone, "project": {"id": 12, "num_tasks_with_annotations": 38}})
    assert server.services.projects.new_labels("ls-12") == 0
    send(server, *({**created(n, n), "project": after} for n in range(100, 103)))
    assert "3 new labels" in server.trainings.submitted[0][2]


def test_projects_are_counted_apart(server):
    other = {**created(1, 5), "project": {"id": 13}}
    send(server, created(1, 5), created(2, 6), other)
    assert server.trainings.submitted == []


def test_the_button_starts_a_training_at_once_and_tells_its_job(server):
    (response,) = send(server, {"action": "START_TRAINING", "project": {"id": 12, "title": "News"}})
    assert response.status_code == 200
    assert response.json()["job"] == "job-1"
    assert server.trainings.submitted[0][3] == 0.0


def test_zero_switches_automatic_trainings_off(serve):
    server = serve(trigger=TriggerConfig(0, 7.0))
    send(server, *[created(n, n) for n in range(10)])
    assert server.trainings.submitted == []
    send(server, {"action": "START_TRAINING", "project": {"id": 12}})
    assert len(server.trainings.submitted) == 1


def total(count, **more):
    return {"action": "PROJECT_UPDATED", "project": {"id": 12, "num_tasks_with_annotations": count, **more}}


def test_lost_events_are_made_up_for_by_the_next_ones_total(server):
    send(server, total(100))
    assert server.trainings.submitted == []
    send(server, total(102))
    assert server.trainings.submitted == []
    send(server, total(103))
    assert len(server.trainings.submitted) == 1
    send(server, total(105))
    assert len(server.trainings.submitted) == 1
    send(server, total(106))
    assert len(server.trainings.submitted) == 2


def test_labels_imported_before_a_first_model_count(serve):
    server = serve()
    send(server, total(200))
    assert "200 new labels" in server.trainings.submitted[0][2]
    send(server, total(200))
    assert len(server.trainings.submitted) == 1


class TestLabelsCountUntilATrainingIsDone:
    def new(self, server):
        (project,) = server.client.get("/status").json()["projects"]
        return project["new_labels"]

    def test_a_training_that_is_done_has_seen_the_labels_before_it_began(self, server):
        send(server, total(100))
        send(server, *({**created(n, n), **project_of(100 + n)} for n in (1, 2, 3)))
        assert (len(server.trainings.submitted), self.new(server)) == (1, 3)
        server.trainings.states["job-1"] = "queued"
        send(server, {**created(4, 4), **project_of(104)})
        server.trainings.states["job-1"] = "running"
        send(server, {**created(5, 5), **project_of(105)}, {**created(4, 4), "action": "ANNOTATION_UPDATED"})
        assert (len(server.trainings.submitted), self.new(server)) == (1, 5)
        server.trainings.states["job-1"] = "done"
        assert self.new(server) == 2  # the new one, and the one that was changed
        send(server, {**created(6, 6), **project_of(106)})
        assert "3 new labels" in server.trainings.submitted[1][2]

    @pytest.mark.parametrize("end", ["failed", "cancelled", None])
    def test_one_that_ends_otherwise_has_learnt_nothing(self, server, end):
        send(server, *[created(n, n) for n in range(3)])
        server.trainings.states["job-1"] = end
        assert self.new(server) == 3
        send(server, {**created(3, 3), **project_of(4)})
        assert "4 new labels" in server.trainings.submitted[1][2]

    def test_labels_of_a_second_training_stay_taken_when_the_first_one_fails(self, server):
        send(server, *[created(n, n) for n in range(3)])
        send(server, *[created(n, n) for n in range(3, 6)])
        assert len(server.trainings.submitted) == 2
        server.trainings.states |= {"job-1": "failed", "job-2": "queued"}
        send(server, total(6))
        assert len(server.trainings.submitted) == 2
        server.trainings.states["job-2"] = "done"
        assert self.new(server) == 0

    def test_a_start_notices_what_ended_meanwhile_and_tries_again_what_waits(self, serve, repository):
        repository.put("ls-12", "v1")
        first = serve()
        send(first, *[created(n, n) for n in range(3)])
        first.services.events.stop()
        second = serve()
        second.settle()
        assert (second.trainings.submitted, second.trainings.retried) == ([], [None])
        second.trainings.states["job-1"] = "failed"
        second.services.events.catch_up().result(30)
        assert "3 new labels" in second.trainings.submitted[0][2]


def project_of(count):
    return {"project": {"id": 12, "num_tasks_with_annotations": count}}


def test_a_new_token_is_tried_at_once(server):
    body = {"project": "12.1795335716", "hostname": "http://studio:8080", "access_token": "new"}
    server.client.post("/setup", json=body)
    server.settle()
    assert server.trainings.retried == [None, "ls-12"]


def test_made_up_projects_do_not_fill_the_queue(server):
    server.trainings.listed = [TrainingStatus(str(n), f"ls-{n}", "queued") for n in range(100, 120)]
    (refused,) = send(server, {"action": "START_TRAINING", "project": {"id": 99}})
    assert (refused.status_code, "wait for their first training" in refused.json()["error"]) == (503, True)
    (known,) = send(server, {"action": "START_TRAINING", "project": {"id": 12}})
    assert known.status_code == 200


def config(*labels):
    inner = "".join(f'<Label value="{label}"/>' for label in labels)
    return f'<View><Labels name="l" toName="t">{inner}</Labels><Text name="t" value="$text"/></View>'


class TestLabelChanges:
    def update(self, server, xml):
        send(server, {"action": "PROJECT_UPDATED", "project": {"id": 12, "label_config": xml}})

    def test_other_labels_start_a_training(self, server):
        self.update(server, config("PER"))
        assert server.trainings.submitted == []
        self.update(server, config("PER", "ORG"))
        assert [each[3] for each in server.trainings.submitted] == [7.0]

    def test_the_same_labels_in_another_dress_do_not(self, server):
        self.update(server, config("PER", "ORG"))
        self.update(server, config("ORG", "PER"))
        self.update(server, config("ORG", "PER").replace("<View>", "<View><Header value='Hi'/>"))
        assert server.trainings.submitted == []
        assert "Header" in server.services.projects.record("ls-12").label_config

    def test_a_config_of_another_kind_does_not(self, server):
        self.update(server, config("PER"))
        self.update(server, "<View><Choices name='c' toName='t'/></View>")
        assert server.trainings.submitted == []

    def test_without_a_model_there_is_nothing_to_train_again(self, serve):
        server = serve()
        self.update(server, config("PER"))
        self.update(server, config("ORG"))
        assert server.trainings.submitted == []

    def test_a_change_that_setup_tells_first_is_not_missed(self, server):
        self.update(server, config("PER"))
        body = {"project": "12.1795335716", "schema": config("LOC")}
        server.client.post("/setup", json=body)
        server.settle()
        assert len(server.trainings.submitted) == 1


# The tables as release 0.1 made them, at user_version 0.
RELEASED = """
CREATE TABLE projects (
    key TEXT PRIMARY KEY, number INTEGER, created INTEGER, label_config TEXT,
    total INTEGER, trained_total INTEGER
);
CREATE TABLE new_labels (
    project TEXT NOT NULL, annotation INTEGER NOT NULL, task INTEGER NOT NULL,
    PRIMARY KEY (project, annotation)
);
INSERT INTO projects VALUES ('ls-12', 12, NULL, '<View/>', 40, 38);
INSERT INTO new_labels VALUES ('ls-12', 1, 5), ('ls-12', 2, 6), ('ls-12', 3, 7), ('ls-12', 4, 7);
"""


class TestProjectState:
    def test_a_file_of_an_earlier_release_keeps_its_tables_and_numbers(self, tmp_path):
        def schema():
            return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()

        connection = sqlite3.connect(tmp_path / "backend.sqlite")
        connection.executescript(RELEASED)
        before = schema()

        state = ProjectState(tmp_path / "backend.sqlite")

        record = state.record("ls-12")
        assert (record.ref, record.label_config, record.total) == (TWELVE, "<View/>", 40)
        assert (record.trained_total, state.new_labels("ls-12")) == (38, 3)
        assert {name for name, _ in set(schema()) - set(before)} == {
            "machine_answers",
            "sqlite_autoindex_machine_answers_1",
            "new_labels",
            "projects",
            "sqlite_autoindex_trainings_1",
            "trainings",
        }
        connection.close()

    def record(self, state, *pairs):
        state.upsert_project(TWELVE)
        state.record_labels(WebhookEvent("", TWELVE, labels=tuple(NewLabel(*pair) for pair in pairs)))

    def test_it_outlives_the_process(self, tmp_path):
        path = tmp_path / "deep" / "backend.sqlite"
        state = ProjectState(path)
        self.record(state, (1, 5), (2, 6))
        state.upsert_project(TWELVE, "<View/>", 10)
        again = ProjectState(path)
        assert again.new_labels("ls-12") == 2
        assert (again.record("ls-12").label_config, again.record("ls-12").total) == ("<View/>", 10)

    def test_a_start_submits_what_was_due(self, serve, tmp_path):
        self.record(ProjectState(tmp_path / "backend.sqlite"), (1, 5), (2, 6), (3, 7))
        server = serve()
        server.settle()
        assert len(server.trainings.submitted) == 1

    def test_a_new_project_with_an_old_number_is_logged(self, tmp_path, caplog):
        state = ProjectState(tmp_path / "backend.sqlite")
        state.upsert_project(ProjectRef("ls-12", 12, 100))
        state.upsert_project(ProjectRef("ls-12", 12))
        assert caplog.records == []
        state.upsert_project(ProjectRef("ls-12", 12, 200))
        assert "created at 200" in caplog.text


class TestEventsThatWaitAreStoredTogether:
    def test_with_one_step_and_one_training_for_each_project(self, server, monkeypatch):
        gate, steps = threading.Event(), []
        record = server.services.projects.record_labels
        monkeypatch.setattr(
            server.services.projects,
            "record_labels",
            lambda *events: (steps.append(len(events)), record(*events)),
        )
        server.services.events._do(lambda: gate.wait(30))
        events = [parse_webhook(created(n, n)) for n in range(500)]
        button = parse_webhook({"action": "START_TRAINING", "project": {"id": 13}})
        futures = [server.services.events.put(event) for event in [*events[:250], button, *events[250:]]]
        gate.set()
        assert [each.result(30) for each in futures] == ["job-1"] * 250 + ["job-2"] + ["job-1"] * 250
        assert steps == [500, 1]
        assert server.services.projects.new_labels("ls-12") == 500

    @pytest.mark.parametrize("seed", range(3))
    def test_with_the_same_outcome_as_one_after_the_other(self, server, tmp_path, seed):
        draw = random.Random(seed)

        def some_event():
            number = draw.randrange(4)
            label = created(number, draw.randrange(3), **draw.choice([{}, COPIED, {"was_cancelled": True}]))
            gone = {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": number}], "project": {"id": 12}}
            task_gone = {"action": "TASKS_DELETED", "tasks": [{"id": number}], "project": {"id": 12}}
            other = {"label_config": config(draw.choice(["PER", "LOC"]))} if draw.random() < 0.5 else {}
            return parse_webhook(
                draw.choice([label, label, gone, task_gone, total(draw.randrange(9), **other)])
            )

        def stored(name, parts):
            path = tmp_path / name
            trigger = TrainingTrigger(ProjectState(path), server.trainings, lambda _: True, TriggerConfig(0))
            for part in parts:
                trigger.apply(part)
            with closing(sqlite3.connect(path)) as connection:
                found = [
                    set(connection.execute(f"SELECT {columns} FROM {table}"))
                    for table, columns in (
                        ("projects", "*"),
                        ("new_labels", "annotation, task"),
                        ("machine_answers", "annotation, task"),
                    )
                ]
            return found, {each[2] for each in server.trainings.submitted}

        events = [some_event() for _ in range(20)]
        together = stored("together.sqlite", [events[:12], events[12:]])
        server.trainings.submitted.clear()
        assert stored("alone.sqlite", [[each] for each in events]) == together


def test_unknown_events_are_ignored_with_200(server):
    (response,) = send(server, {"action": "LABEL_LINK_CREATED", "project": {"id": 12}})
    assert response.status_code == 200
    assert response.json()["status"] == "ignored"


def test_an_event_that_cannot_be_written_is_only_logged(server, monkeypatch, caplog):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(server.trainings, "submit", fail)
    responses = send(server, *[created(n, n) for n in range(5)])
    assert {response.status_code for response in responses} == {202}
    assert "An event was lost" in caplog.text
    (button,) = send(server, {"action": "START_TRAINING", "project": {"id": 12}})
    assert (button.status_code, "disk full" in button.json()["error"]) == (503, True)
    monkeypatch.undo()
    send(server, created(9, 9))
    assert len(server.trainings.submitted) == 1
