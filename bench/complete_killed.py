"""Kill `selfish complete` ten times at random moments on a real Label Studio, and look at what is left.

    python bench/complete_killed.py --encoder DIR [--seed 0] [--texts 1500]

The real process goes through audit, acceptance, --write-annotations and --undo, and is killed (SIGKILL) at
random moments in each; meanwhile people answer the audit and annotate other texts. At the end every
annotation of a person must be as it was made, no task may have two predictions of a version or an annotation
of the machine beside another one, and after the undo none of the machine may be left.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "development"))

import httpx
import psutil

from demo_backend import backend_environment
from label_studio_server import LabelStudioServer, running_label_studio
from sample_corpus import sample_corpus
from wapaganda.annotation import default_label_config
from wapaganda.label_studio import LabelStudio
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline import CampaignFolder

COMMAND = [sys.executable, "-c", "from wapaganda.selfish_cli import main; main()"]
SHARES = {"audit": 2, "accept": 3, "write": 3, "undo": 2}
"""In which step how many of ten kills fall."""


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--encoder", required=True)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--texts", type=int, default=1500)
    options.add_argument("--target", type=float, default=0.6)
    options.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "complete_killed.json"
    )
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = killed(chosen, Path(scratch))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))


def killed(chosen: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    corpus = sample_corpus(seed=chosen.seed, n_train=300, n_pool=chosen.texts, n_test=1)
    gold = {each.text: each.spans or () for each in corpus.pool}
    with (
        running_label_studio(scratch / "label-studio") as server,
        LabelStudio(server.url, server.token) as studio,
    ):
        config = default_label_config(LabelSchema.of(corpus.train).labels)
        project = studio.create_project("killed", config)
        studio.import_documents(project, corpus.train)
        studio.import_documents(project, [each.with_spans(None) for each in corpus.pool])
        people = People(studio, server, project, gold, random.Random(chosen.seed))
        process = Mortal(environment(server, scratch, chosen.encoder), project, people)
        process.whole("update", "--size", "10")
        complete = ("complete", "--target-f1", str(chosen.target))

        process.killed(SHARES["audit"], *complete)
        report = process.whole(*complete)
        assert report["state"] == "audit", report["lines"]
        people.answer(scratch / "data" / f"ls-{project}")
        process.killed(SHARES["accept"], *complete)
        report = process.whole(*complete)
        assert report["state"] == "accepted", report["lines"]
        check_predictions(people)
        process.killed(SHARES["write"], *complete, "--write-annotations")
        written = process.whole(*complete, "--write-annotations")["written"]
        n_machine = people.check(machine=True)
        process.killed(SHARES["undo"], "complete", "--undo")
        process.last("complete", "--undo")
        left = people.check(machine=False)
    return {
        "texts": chosen.texts,
        "kills": process.kills,
        "killed_after_seconds": process.moments,
        "annotations_of_people": len(people.made),
        "lost_or_changed": 0,
        "written": written,
        "machine_annotations": n_machine,
        "left_after_undo": left,
    }


def environment(server: LabelStudioServer, scratch: Path, encoder: str) -> dict[str, str]:
    return {
        **backend_environment(server, scratch),
        "BASELINE_MODEL_NAME": encoder,
        "TRAIN_STEPS": "130",
        "FOLDS": "0",
        "RECIPE_SEARCH": "false",
        "ADAPT": "off",
        "PURPOSE": "model",
    }


@dataclass
class People:
    """The annotators: they answer the audit, and annotate single texts at random."""

    studio: LabelStudio
    server: LabelStudioServer
    project: int
    gold: dict[str, Any]
    rng: random.Random
    made: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def answer(self, folder: Path) -> None:
        """Label the released audit."""
        (campaign,) = CampaignFolder.all(folder)
        labels = campaign.labels()
        known = {each.id: each for each in self.studio.fetch(self.project).documents}
        for row in labels.order[: campaign.campaign().n_released].tolist():
            if not known[labels.ids[row]].is_labelled:
                self.label(known[labels.ids[row]])

    def label(self, document: Document) -> None:
        """Label one text and remember the annotation as Label Studio has it."""
        spans = self.gold[document.text]
        number = self.studio.annotate(self.project, int(document.id), document.text, spans, 4.0)
        self.made[number] = (int(document.id), self._now(number)["result"])

    def label_one(self) -> None:
        """Label a text out of order, also one with an annotation of the machine."""
        waiting = [each for each in self.studio.fetch(self.project).documents if not each.is_labelled]
        self.label(self.rng.choice(waiting))

    def check(self, *, machine: bool) -> int:
        """Every annotation of a person is as it was made; return how many are the machine's.

        Where a person came after the machine's annotation was written, the next run takes it back.
        """
        for number, (_, result) in self.made.items():
            assert self._now(number)["result"] == result, f"annotation {number} has changed"
        tasks = self._tasks("annotations")
        ours = Counter(
            int(task["id"])
            for task in tasks
            for each in task["annotations"]
            if each["id"] not in self.made and not each.get("lead_time") and each.get("parent_prediction")
        )
        assert all(number == 1 for number in ours.values()), "a task has two annotations of the machine"
        beside = {task for task, _ in self.made.values()} & ours.keys()
        assert not beside, f"an annotation of the machine is beside a person's: {beside}"
        assert machine or not ours, f"{len(ours)} annotations of the machine are left"
        return len(ours)

    def predictions(self) -> Counter[tuple[int, str]]:
        """The number of predictions by task and version."""
        tasks = self._tasks("predictions")
        return Counter((int(t["id"]), each["model_version"]) for t in tasks for each in t["predictions"])

    def _now(self, number: int) -> dict[str, Any]:
        with self._raw() as raw:
            found: dict[str, Any] = raw.get(f"/api/annotations/{number}/").raise_for_status().json()
        return found

    def _tasks(self, which: str) -> list[dict[str, Any]]:
        include = f"id,{which},result,parent_prediction,lead_time,model_version"
        found: list[dict[str, Any]] = []
        with self._raw() as raw:
            while True:
                params = {"project": self.project, "page": len(found) // 500 + 1, "page_size": 500}
                answer = raw.get("/api/tasks", params={**params, "include": include, "fields": "all"})
                body = answer.raise_for_status().json()
                found += body["tasks"]
                if len(found) >= body["total"]:
                    return found

    def _raw(self) -> httpx.Client:
        headers = {"Authorization": f"Token {self.server.token}"}
        return httpx.Client(base_url=self.server.url, headers=headers, timeout=120)


@dataclass
class Mortal:
    """The real process, which is killed at random moments; people work meanwhile."""

    environment: dict[str, str]
    project: int
    people: People
    kills: int = 0
    moments: dict[str, list[float]] = field(default_factory=dict)

    def whole(self, *arguments: str) -> dict[str, Any]:
        """Run it to its end; return its JSON."""
        done = subprocess.run(
            self._words(arguments), env=self.environment, stdout=subprocess.PIPE, check=False
        )
        assert done.returncode == 0, done.stdout.decode()
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def last(self, *arguments: str) -> None:
        """Run it to its end; it may have nothing left to do."""
        subprocess.run(self._words(arguments), env=self.environment, stdout=subprocess.PIPE, check=False)

    def killed(self, times: int, *arguments: str) -> None:
        """Kill it so many times, each after a random share of the time that it takes to work."""
        for _ in range(times):
            start = time.monotonic()
            process = subprocess.Popen(
                self._words(arguments),
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            begins = self._begins(process)
            wait = self.people.rng.uniform(0.0, 6.0)
            self.people.label_one()
            time.sleep(max(0.0, begins + wait - time.monotonic()))
            if process.poll() is not None:
                print(f"{' '.join(arguments)}: done before the kill", file=sys.stderr)
                continue
            process.kill()
            process.wait()
            self.kills += 1
            moment = round(time.monotonic() - start, 1)
            self.moments.setdefault(" ".join(arguments), []).append(moment)
            print(f"{' '.join(arguments)}: killed after {moment} s", file=sys.stderr)

    def _begins(self, process: subprocess.Popen[bytes]) -> float:
        """When it has begun to talk to Label Studio."""
        watched = psutil.Process(process.pid)
        while process.poll() is None and not watched.net_connections():
            time.sleep(0.02)
        return time.monotonic()

    def _words(self, arguments: tuple[str, ...]) -> list[str]:
        return [*COMMAND, *arguments, "--project", str(self.project), "--json"]


def check_predictions(people: People) -> None:
    twice = [each for each, number in people.predictions().items() if number > 1]
    assert not twice, f"predictions twice: {twice[:5]}"


if __name__ == "__main__":
    main()
