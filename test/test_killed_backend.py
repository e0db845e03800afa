"""The ML backend, killed in the middle of a training on a real Label Studio: nothing is lost."""

import os
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from demo_backend import Backend, backend_environment, running_backend
from label_studio_server import LabelStudioServer
from sample_corpus import sample_corpus
from wapaganda.annotation import default_label_config
from wapaganda.file_state import Correction, correcting_seconds
from wapaganda.label_studio import LabelStudio
from wapaganda.ledger import Ledger
from wapaganda.ner import LabelSchema
from wapaganda.pipeline import PoolScores, read_proposals

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]


@pytest.fixture
def environment(label_studio_server, small_encoder, tmp_path):
    return {
        **backend_environment(label_studio_server, tmp_path),
        "BASELINE_MODEL_NAME": small_encoder,
        "TRAIN_STEPS": "60",
        "FOLDS": "0",
        "RECIPE_SEARCH": "false",
        "TRAIN_AFTER_LABELS": "0",
        "SAMPLES_PER_ITERATION": "5",
        "PURPOSE": "dataset",
    }


def test_a_backend_killed_in_a_training_ends_it_when_it_is_back_and_loses_no_label(
    label_studio_server, environment, tmp_path
):
    corpus = sample_corpus(seed=3, n_train=40, n_pool=30, n_test=1)
    with LabelStudio(label_studio_server.url, label_studio_server.token) as studio:
        project = studio.create_project(
            "killed backend", default_label_config(LabelSchema.of(corpus.train).labels)
        )
        studio.import_documents(project, corpus.train)
        studio.import_documents(project, [each.with_spans(None) for each in corpus.pool])

        with running_backend(tmp_path, environment) as backend:
            studio.connect_backend(project, backend.url, "wapaganda", backend.auth)
            backend.press_start_training(label_studio_server.url, project)
            wait_until(lambda: training_is_under_way(backend), "a training under way")
            os.kill(backend.pid, signal.SIGKILL)

        # Somebody goes on labelling while the backend is down: its webhook is lost for good.
        task = studio.next_document(project)
        gold = next(each.spans for each in corpus.pool if each.text == task.text)
        studio.annotate(project, int(task.id), task.text, gold)

        port = urlsplit(backend.url).port
        with running_backend(tmp_path, environment, port) as backend:
            wait_until(lambda: backend.reports(project), "the interrupted training to end")
            backend.train(label_studio_server.url, project)
            answer = ask_interactively(label_studio_server, project, int(task.id))

        reports = backend.reports(project)
        folder = tmp_path / "data" / f"ls-{project}"
        assert reports[-1]["batch"].startswith(f"review-{len(reports):03d}")
        assert_is_reviewed(studio, label_studio_server, project, folder, reports[-1])
    assert reports[-1]["n_labelled"] == 41
    assert answer["data"]["model_version"] == reports[-1]["live"]
    ledger = Ledger(folder / "ledger.sqlite")
    stored = {each.text: set(each.spans) for each in ledger.documents(labelled=True)}
    assert stored == {each.text: set(each.spans) for each in corpus.train} | {task.text: set(gold)}


def assert_is_reviewed(
    studio: LabelStudio, server: LabelStudioServer, project: int, folder: Path, report: dict
) -> None:
    """Label Studio serves the texts with the most expected errors a second first, with their proposals."""
    offered = [each.document_id for each in Ledger(folder / "ledger.sqlite").offers(report["number"])]
    rounds = folder / "rounds"
    (path,) = (rounds / f"{report['number']:03d}").glob("scores-*.npz")
    scored = PoolScores.load(path)
    assert scored is not None
    expected = Correction.of(None)(scored.expectation)
    worth = dict(zip(scored.ids, expected.errors / correcting_seconds(expected), strict=True))
    assert offered == sorted(worth, key=lambda each: -worth[each])[: len(offered)]

    shown, headers = read_proposals(rounds), {"Authorization": f"Token {server.token}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as raw:
        for number in offered:
            task = raw.get(f"/api/projects/{project}/next").raise_for_status().json()
            assert str(task["id"]) == number
            (seen,) = [each for each in task["predictions"] if each["model_version"] == report["batch"]]
            places = [(each["value"]["start"], each["value"]["end"]) for each in seen["result"]]
            assert places == [(span.start, span.end) for span in shown[number]]
            scores = [each["score"] for each in seen["result"]]
            assert scores == sorted(scores)
            studio.annotate(project, task["id"], task["data"]["text"], [])
    assert any(shown[each] for each in offered)


def ask_interactively(server, project: int, task: int) -> dict:
    """What an annotator's browser does with auto-annotation switched on, once the new model is loaded."""
    headers = {"Authorization": f"Token {server.token}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=120) as studio:
        (connected,) = studio.get("/api/ml", params={"project": project}).raise_for_status().json()
        address = f"/api/ml/{connected['id']}/interactive-annotating"
        body = {"task": task, "context": {"result": []}}
        return studio.post(address, json=body).raise_for_status().json()


def training_is_under_way(backend: Backend) -> bool:
    jobs = backend.status()["jobs"]
    return bool(jobs) and jobs[0]["progress"] == "train" and (jobs[0]["fraction"] or 0) > 0.1


def wait_until(condition, what: str, seconds: float = 600.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Expected {what} within {seconds:.0f} s."
        time.sleep(0.3)
