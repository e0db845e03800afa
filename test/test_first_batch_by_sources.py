"""The first batch on a real Label Studio without any label: sources propose spans, and label nothing."""

import re
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from demo_backend import Backend, backend_environment, running_backend
from wapaganda.annotation import default_label_config, is_remark
from wapaganda.label_studio import LabelStudio
from wapaganda.ledger import Ledger
from wapaganda.ner import Document, Span

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]

SOURCES = """
[[source]]
name = "towns"
kind = "gazetteer"
file = "towns.tsv"

[[source]]
name = "gone"
kind = "gazetteer"
file = "nowhere.tsv"

[[source]]
name = "llm"
kind = "llm"
url = "http://127.0.0.1:9/v1"
model = "none"
retries = 1
[source.labels]
"name of a person" = "PER"
"""
TOWNS = ("Oslo", "Rome", "New York")
NAMES = ("Anna", "Bob", "Carla", "Dieter", "Emil")
TEXTS = [f"{name} number {number} went to {town}." for number in range(2) for name in NAMES for town in TOWNS]
BATCH = 5


def places(text: str, words: tuple[str, ...]) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(rf"\b({'|'.join(words)})\b", text)]


@pytest.fixture
def backend(label_studio_server, one_layer_encoder, tmp_path) -> Iterator[Backend]:
    (tmp_path / "towns.tsv").write_text("".join(f"{town}\tLOC\n" for town in TOWNS))
    (tmp_path / "sources.toml").write_text(SOURCES)
    settings = {
        **backend_environment(label_studio_server, tmp_path),
        "SOURCES": str(tmp_path / "sources.toml"),
        "BASELINE_MODEL_NAME": one_layer_encoder,
        "SAMPLES_PER_ITERATION": str(BATCH),
        "TRAIN_AFTER_LABELS": "0",
    }
    with running_backend(tmp_path, settings) as running:
        yield running


def test_the_first_batch_has_the_spans_of_a_source_which_are_no_labels(label_studio_server, backend):
    server = label_studio_server
    config = default_label_config(["LOC", "PER"])
    headers = {"Authorization": f"Token {server.token}"}
    with (
        LabelStudio(server.url, server.token) as studio,
        httpx.Client(base_url=server.url, headers=headers, timeout=60) as raw,
    ):
        project = studio.create_project("first batch", config)
        studio.import_documents(project, [Document(text, text) for text in TEXTS])
        studio.connect_backend(project, backend.url, "wapaganda", backend.auth)
        first = backend.train(server.url, project)

        # The batch and the one that follows it carry the source's spans, as predictions under its name.
        assert re.fullmatch("al-001-[0-9a-f]{4}-by-towns", first["batch"])
        assert first["n_released"] == BATCH
        assert studio.project(project).model_version == first["batch"]
        asked = {"project": project, "fields": "all", "page_size": 100}
        tasks = raw.get("/api/tasks", params=asked).raise_for_status().json()["tasks"]
        assert all(task["annotations"] == [] for task in tasks)
        proposed = {task["id"]: proposals for task in tasks if (proposals := proposals_of(task))}
        offered = [int(each) for each in backend.offered(project, 1)]
        assert len(offered) == 2 * BATCH
        assert set(proposed) == set(offered)
        for task in tasks:
            for proposal in proposed.get(task["id"], ()):
                assert proposal["model_version"] == first["batch"]
                assert_marks(proposal["result"], task["data"]["text"])

        # /predict says the same, under the names in the file.
        body = {"tasks": tasks, "project": str(project), "label_config": config}
        answer = httpx.post(f"{backend.url}/predict", json=body, auth=backend.auth, timeout=60)
        for task, result in zip(tasks, answer.raise_for_status().json()["results"], strict=True):
            assert result["model_version"] == "sources-towns+gone+llm"
            assert_marks(result["result"], task["data"]["text"])

        # What failed stopped nothing, and the page says so.
        page = httpx.get(f"{backend.url}/projects/ls-{project}", auth=backend.auth, timeout=60).text
        notes = page.partition('<section id="notes"')[2].partition("</section>")[0]
        for said in (
            "the proposals are by towns.",
            "The source gone is left out: ",
            "nowhere.tsv",
            "The source llm is left out: ",
            "127.0.0.1:9",
        ):
            assert said in notes

        # Only what people answer counts, here other spans than those that were proposed.
        answers = {}
        for _ in range(BATCH - 2):
            task = studio.next_document(project)
            answers[task.text] = {Span(*place, "PER") for place in places(task.text, NAMES)}
            studio.annotate(project, int(task.id), task.text, answers[task.text], seconds=3.0)
        found = [each for each in studio.fetch(project).documents if each.is_labelled]
        assert {each.text: set(each.spans) for each in found} == answers
        ledger = Ledger(backend.data_dir / f"ls-{project}" / "ledger.sqlite")
        assert ledger.counts().labelled == 0
        backend.press_start_training(server.url, project)
        wait_until(lambda: ledger.counts().labelled == len(answers), "a training with the answers")
        assert {each.text: set(each.spans) for each in ledger.documents(labelled=True)} == answers


def proposals_of(task: dict) -> list[dict]:
    """The predictions of a task without the ones that only say why it was chosen."""
    return [each for each in task["predictions"] if not is_remark(each)]


def assert_marks(result: list[dict], text: str) -> None:
    """Every town of the text is marked, nothing else, with the probability that it is right."""
    marks = [(each["value"]["start"], each["value"]["end"], each["value"]["labels"]) for each in result]
    assert marks == [(*place, ["LOC"]) for place in places(text, TOWNS)]
    assert marks
    assert all(0 < each["score"] < 1 for each in result)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Expected {what} within {seconds:.0f} s."
        time.sleep(0.3)
