"""30,000 real texts in one project on a real Label Studio: complete, audit, accept, write back, export.

    python bench/complete_30000.py --data ../shared/data --encoder DIR [--texts 30000] [--annotations]

Prints the seconds and the peak memory of every `selfish` process; writes them as JSON under bench/results/.
The labelled texts are wikigold's first 200; the others are those of all corpora in the data folder. The
people of the audit answer what the model says, since only time and memory are measured here.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parent.parent / "development"))

import psutil

from demo_backend import backend_environment
from label_studio_server import LabelStudioServer, running_label_studio
from wapaganda.annotation import default_label_config, read_documents
from wapaganda.label_studio import LabelStudio
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline import CampaignFolder

CORPORA = ("wikigold", "snips", "btc", "ncbi-disease", "wnut17")
COMMAND = [sys.executable, "-c", "from wapaganda.selfish_cli import main; main()"]


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--encoder", required=True)
    options.add_argument("--texts", type=int, default=30_000)
    options.add_argument("--annotations", action="store_true", help="also write them, and undo it")
    options.add_argument("--target", type=float, default=0.3)
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "complete.json")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(chosen, Path(scratch))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))


def measure(chosen: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    labelled = read_documents(chosen.data / "wikigold" / "train.conll").documents[:200]
    with (
        running_label_studio(scratch / "label-studio") as server,
        LabelStudio(server.url, server.token) as studio,
    ):
        config = default_label_config(LabelSchema.of(labelled).labels)
        project = studio.create_project("bench", config)
        others = texts(chosen.data)[: chosen.texts]
        studio.import_documents(project, [*labelled, *others])
        run = Selfish(server, scratch, chosen.encoder, project)
        seconds = {"update": run("update", "--size", 10)}
        target = ("complete", "--target-f1", chosen.target)
        seconds["complete: audit"] = run(*target)
        assert run.last["state"] == "audit", run.last["lines"]
        answer(studio, project, scratch / "data" / f"ls-{project}")
        seconds["complete: accepted"] = run(*target)
        assert run.last["state"] == "accepted", run.last["lines"]
        written = run.last["written"]
        seconds["export"] = run("export", "--out", scratch / "export", "--formats", "jsonl")
        exported = sum(each["documents"] for each in run.last["provenance"].values())
        if chosen.annotations:
            seconds["complete --write-annotations"] = run(*target, "--write-annotations")
            written |= run.last["written"]
            seconds["complete --undo"] = run("complete", "--undo")
    return {
        "texts": len(others),
        "audited": run.audited,
        "exported": exported,
        "written": written,
        "seconds": seconds,
        "complete_and_export_seconds": round(
            sum(seconds[each] for each in ("complete: audit", "complete: accepted", "export")), 1
        ),
        "peak_memory_mb": run.peaks,
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "cores": os.cpu_count(),
    }


class Selfish:
    """Runs the command as a process of its own, and keeps its JSON and its peak memory."""

    def __init__(self, server: LabelStudioServer, scratch: Path, encoder: str, project: int) -> None:
        self.project, self.peaks, self.last, self.audited = project, {}, {}, 0
        self._environment = {
            **backend_environment(server, scratch),
            "BASELINE_MODEL_NAME": encoder,
            "FOLDS": "0",
            "RECIPE_SEARCH": "false",
            "ADAPT": "off",
            "PURPOSE": "model",
        }

    def __call__(self, *arguments: object) -> float:
        start = time.monotonic()
        words = [str(each) for each in (*arguments, "--project", self.project, "--json")]
        process = subprocess.Popen([*COMMAND, *words], env=self._environment, stdout=subprocess.PIPE)
        watch = Watch(process.pid)
        out, _ = process.communicate()
        watch.stop()
        assert process.returncode == 0, out.decode()
        self.last = json.loads(out)
        self.audited = max(self.audited, self.last.get("audit", {}).get("released", 0))
        self.peaks[" ".join(map(str, arguments[:1])) + f" {len(self.peaks) + 1}"] = watch.peak_mb
        took = round(time.monotonic() - start, 1)
        print(f"{' '.join(words)}: {took} s, {watch.peak_mb} MB", file=sys.stderr, flush=True)
        return took


def answer(studio: LabelStudio, project: int, folder: Path) -> None:
    """Label the released audit as the model does."""
    (campaign,) = CampaignFolder.all(folder)
    labels, known = campaign.labels(), {each.id: each for each in studio.fetch(project).documents}
    for row in labels.order[: campaign.campaign().n_released].tolist():
        document = known[labels.ids[row]]
        studio.annotate(project, int(document.id), document.text, labels.row(row), 5.0)


def texts(data: Path) -> list[Document]:
    """All texts of all corpora but the 200 labelled ones, without labels."""
    found: list[Document] = []
    for corpus in CORPORA:
        for part in ("train", "dev", "test"):
            documents = read_documents(data / corpus / f"{part}.conll").documents
            found += documents[200:] if (corpus, part) == ("wikigold", "train") else documents
    return [each.with_spans(None) for each in found]


class Watch:
    """The largest resident memory of a process and its children, looked at five times a second."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0
        self._process, self._over = psutil.Process(pid), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                self.peak_mb = max(self.peak_mb, sum(each.memory_info().rss for each in family) // 2**20)
            except psutil.NoSuchProcess:
                return

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


if __name__ == "__main__":
    main()
