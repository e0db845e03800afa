"""Kill servers and trainings at random moments of a running loop, and look at what is left after each kill.

    python bench/chaos.py [--kills 200] [--seed 0] [--encoder DIR]      (also: make chaos KILLS=200)

Everything is real: Label Studio, the ML backend with its trainings, an MLflow server, all in processes of
their own. A person labels texts, and each label starts a round. SIGKILL hits the backend, the training, both,
Label Studio, or MLflow. A text is labelled meanwhile, and what was killed is started again after a while.
Nobody does anything else. After each kill the round must end by itself; no label may be lost, changed or
doubled, and no task may have two predictions of a batch. A last round must leave the ledger with all labels.
The exit status is 1 after a violation. ``--out`` gets one JSON object with the counts and each kill.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "development"))


from demo_backend import Backend, backend_environment, running_backend
from label_studio_server import LabelStudioServer, free_port, running_label_studio
from sample_corpus import Corpus, sample_corpus
from wapaganda.annotation import default_label_config
from wapaganda.jobs import Job, JobQueue, State
from wapaganda.label_studio import LabelStudio
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import all_tasks, query_of
from wapaganda.label_studio.release import predictions_of
from wapaganda.ledger import Ledger
from wapaganda.ner import LabelSchema

TARGETS = ("backend", "training", "backend and training", "Label Studio", "MLflow")
WEIGHTS = (3, 3, 2, 3, 2)
LONGEST_PAUSE = 20.0
"""Seconds for which a server stays away, at most."""
PATIENCE = 1800.0
"""Seconds in which a round must end by itself."""


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--encoder", help="a folder; by default a tiny random BERT")
    options.add_argument("--minutes", type=float, default=1e9, help="begin no kill after so many")
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "chaos.json")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        result = run(chosen, Path(scratch))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps({name: value for name, value in result.items() if name != "each"}, indent=1))
    return int(bool(result["violations"]))


def run(chosen: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """All kills; the counts, the violations, and what each kill hit."""
    draw = random.Random(chosen.seed)
    corpus = sample_corpus(seed=chosen.seed, n_train=30, n_pool=chosen.kills * 3 + 50, n_test=1)
    with ExitStack() as stack:
        world = World(scratch, chosen.encoder or tiny_encoder(scratch / "encoder"), stack)
        world.start("MLflow", "Label Studio")
        people = People(world, corpus)
        world.start("backend")
        people.connect()
        each, began = [], time.monotonic()
        people.label()
        world.settle(people)
        for number in range(chosen.kills):
            if time.monotonic() - began > 60 * chosen.minutes:
                break
            each.append(kill_once(world, people, draw))
            print(f"{number + 1:3}", json.dumps(each[-1]), flush=True)
        people.label()
        world.settle(people)
        problems = [*people.problems(whole=True), *people.ledger_problems()]
        violations = [problem for kill in each for problem in kill["problems"]] + problems
        reports = world.reports()
    return {
        "kills": len(each),
        "by target": dict(Counter(kill["target"] for kill in each)),
        "hit in the step": dict(Counter(kill["step"] for kill in each)),
        "rounds": len(reports),
        "labels of people": len(people.made),
        "tried again after a passing fault": sum(kill["retries"] for kill in each),
        "longest seconds until quiet": max((kill["seconds"] for kill in each), default=0.0),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "violations": violations,
        "each": each,
    }


def kill_once(world: "World", people: "People", draw: random.Random) -> dict[str, Any]:
    """One kill at a random moment of a round, and what there is when all is quiet again."""
    target = draw.choices(TARGETS, WEIGHTS)[0]
    people.label()
    world.wait_for_training()
    time.sleep(draw.uniform(0.0, world.round_seconds))
    step = world.step()
    world.kill(target)
    if target != "Label Studio":
        people.label()  # while the backend is away its webhook is lost
    time.sleep(draw.uniform(0.0, LONGEST_PAUSE))
    world.restart(target)
    start = time.monotonic()
    retries = world.settle(people)
    return {
        "target": target,
        "step": step,
        "retries": retries,
        "seconds": round(time.monotonic() - start, 1),
        "problems": people.problems(whole=False) + world.problems(),
    }


@dataclass
class World:
    """The servers, each of which can be killed and started again at its address."""

    folder: Path
    encoder: str
    stack: ExitStack
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("Label Studio", "backend", "MLflow")}
    )
    running: dict[str, ExitStack] = field(default_factory=dict)
    studio_server: LabelStudioServer | None = None
    backend: Backend | None = None
    mlflow: "subprocess.Popen[bytes] | None" = None
    project: int = 0
    round_seconds: float = 10.0

    def start(self, *names: str) -> None:
        for name in names:
            own = self.running[name] = self.stack.enter_context(ExitStack())
            if name == "Label Studio":
                self.studio_server = own.enter_context(
                    running_label_studio(self.folder / "label-studio", port=self.ports[name])
                )
            elif name == "backend":
                self.backend = own.enter_context(
                    running_backend(self.folder, self.environment(), self.ports[name])
                )
            else:
                self.mlflow = self._start_mlflow(own)

    def _start_mlflow(self, own: ExitStack) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
        store = ["--port", str(self.ports["MLflow"]), "--backend-store-uri", f"sqlite:///{self.folder}/ml.db"]
        log = own.enter_context((self.folder / "mlflow.log").open("ab"))
        process = subprocess.Popen(
            [*command, *store], cwd=self.folder, stdout=log, stderr=log, start_new_session=True
        )
        own.callback(process.wait)
        own.callback(kill_group, process.pid)
        return process

    def environment(self) -> dict[str, str]:
        server = self.studio_server
        assert server is not None
        return {
            **backend_environment(server, self.folder),
            "BASELINE_MODEL_NAME": self.encoder,
            "TRAIN_STEPS": "30",
            "FOLDS": "0",
            "RECIPE_SEARCH": "false",
            "ADAPT": "off",
            "THREADS": "1",
            "TRAIN_AFTER_LABELS": "1",
            "TRAIN_DEBOUNCE_SECONDS": "0.2",
            "SAMPLES_PER_ITERATION": "5",
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{self.ports['MLflow']}",
        }

    @property
    def queue(self) -> JobQueue:
        return JobQueue(self.folder / "data" / "jobs.sqlite")

    def step(self) -> str:
        """What the training does now."""
        running = self.queue.running()
        return running[0].progress_text or "begins" if running else "none"

    def wait_for_training(self) -> None:
        """Until a training has begun, or ended already."""
        deadline = time.monotonic() + 30
        while not self.queue.running() and time.monotonic() < deadline:
            time.sleep(0.1)

    def kill(self, target: str) -> None:
        trainings = [job.process for job in self.queue.running() if job.process]
        assert self.backend is not None
        assert self.studio_server is not None
        assert self.mlflow is not None
        if target.startswith("backend"):
            kill_group(self.backend.pid)
        if target.endswith("training"):
            for process in trainings:
                kill_group(process)
        if target == "Label Studio":
            kill_group(self.studio_server.pid)
        if target == "MLflow":
            kill_group(self.mlflow.pid)

    def restart(self, target: str) -> None:
        name = "backend" if target.startswith("backend") else target
        if name in self.running:
            self.running.pop(name).close()
            self.start(name)

    def settle(self, people: "People") -> int:
        """Wait until no training runs or waits; the number of retries."""
        deadline, retries, quiet = time.monotonic() + PATIENCE, 0, 0
        while quiet < 3:
            jobs = self.queue.list(limit=10)
            busy = [job for job in jobs if not job.is_over]
            retries = max([retries, *(job.retries for job in busy)])
            quiet = 0 if busy else quiet + 1
            if time.monotonic() > deadline:
                people.late.append(f"not quiet after {PATIENCE:.0f} s: {busy}")
                break
            time.sleep(1)
        done = [job for job in self.queue.list(limit=10) if job.state is State.DONE]
        self.round_seconds = max([5.0, *(_seconds(job) for job in done[:1])])
        return retries

    def problems(self) -> list[str]:
        """What the job table and the folders should not hold."""
        newest = self.queue.list(limit=1)
        found = [f"job {job.id} is {job.state}: {job.error}" for job in newest if job.state is not State.DONE]
        if self.queue.is_alive(f"ls-{self.project}"):
            found.append("a process still holds the lock of the project")
        return found

    def reports(self) -> list[dict[str, Any]]:
        assert self.backend is not None
        return self.backend.reports(self.project)


class People:
    """Those who label, and what they remember of it."""

    def __init__(self, world: World, corpus: Corpus) -> None:
        server = world.studio_server
        assert server is not None
        self.world, self.made, self.late = world, {}, []
        self.gold = {each.text: each.spans or () for each in (*corpus.train, *corpus.pool)}
        self.imported = {each.text for each in corpus.train}
        self.studio = LabelStudio(server.url, server.token, retries=7)
        self.direct = Connection(server.url, server.token)
        labels = LabelSchema.of(corpus.train).labels
        world.project = self.project = self.studio.create_project("chaos", default_label_config(labels))
        self.studio.import_documents(self.project, corpus.train)
        self.studio.import_documents(self.project, [each.with_spans(None) for each in corpus.pool])

    def connect(self) -> None:
        backend = self.world.backend
        assert backend is not None
        self.studio.connect_backend(self.project, backend.url, "wapaganda", backend.auth)

    def label(self) -> None:
        """Label the next text that Label Studio offers."""
        task = self.studio.next_document(self.project)
        assert task is not None
        self.studio.annotate(self.project, int(task.id), task.text, self.gold[task.text], seconds=3.0)
        self.made[task.id] = task.text

    def problems(self, *, whole: bool) -> list[str]:
        """Labels lost, changed or doubled, and doubled predictions of the last batches, or of all."""
        found, self.late = self.late, []
        there = {each.id: each for each in self.studio.fetch(self.project).documents if each.is_labelled}
        found += [f"the label of task {name} is lost" for name in self.made if name not in there]
        found += [
            f"the label of task {name} was changed"
            for name, each in there.items()
            if {(s.start, s.end, s.label) for s in each.spans or ()}
            != {(s.start, s.end, s.label) for s in self.gold[each.text]}
        ]
        strange = [n for n, each in there.items() if n not in self.made and each.text not in self.imported]
        found += [f"task {name} has a label that nobody made" for name in strange]
        for task in all_tasks(self.direct, self.project, "id,annotations,was_cancelled", query_of([])):
            if len(task.get("annotations") or ()) > 1:
                found.append(f"task {task['id']} has {len(task['annotations'])} annotations")
        versions = sorted(self.studio.versions(self.project))
        for version in versions if whole else versions[-2:]:
            counts = predictions_of(self.direct, self.project, version)
            found += [f"task {n} has {k} predictions of {version}" for n, k in counts.items() if k > 1]
        return found

    def ledger_problems(self) -> list[str]:
        """Where the ledger differs from Label Studio after the last round."""
        ledger = Ledger(self.world.folder / "data" / f"ls-{self.project}" / "ledger.sqlite")
        known = {each.id for each in ledger.documents(labelled=True)}
        there = {each.id for each in self.studio.fetch(self.project).documents if each.is_labelled}
        return [f"the ledger differs in {known ^ there}"] if known != there else []


def kill_group(process: int) -> None:
    """SIGKILL for a process and those that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def _seconds(job: Job) -> float:
    return (job.finished_at or 0.0) - (job.started_at or 0.0)


def tiny_encoder(folder: Path) -> str:
    """A random BERT of two layers that reads letters, so that a round takes seconds."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = Tokenizer(models.WordPiece({each: n for n, each in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(
        zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True)
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=256,
    )
    BertModel(config).save_pretrained(folder)
    return str(folder)


if __name__ == "__main__":
    sys.exit(main())
