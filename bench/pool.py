"""30,000 real texts through one round on a real Label Studio: import, train, score, select, release.

    python bench/pool.py --data ../shared/data --encoder DIR [--texts 30000] [--batch 500]

Prints the seconds of every step and the peak memory of this process and of Label Studio's; writes them as
JSON under bench/results/. The labelled texts are wikigold's first 200; the pool is all other corpora in the
data folder.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parent.parent / "development"))

import psutil

from label_studio_server import running_label_studio
from wapaganda.annotation import default_label_config, read_documents
from wapaganda.label_studio import LabelStudio
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline import LabelStudioSource, Loop, LoopConfig, RoundLog
from wapaganda.tracking import RunLog

CORPORA = ("wikigold", "snips", "btc", "ncbi-disease", "wnut17")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--encoder", required=True)
    options.add_argument("--texts", type=int, default=30_000)
    options.add_argument("--batch", type=int, default=500)
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "pool.json")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(chosen, Path(scratch))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))


def measure(chosen: argparse.Namespace, scratch: Path) -> dict[str, object]:
    labelled = read_documents(chosen.data / "wikigold" / "train.conll").documents[:200]
    pool = [each.with_spans(None) for each, _ in zip(texts(chosen.data), range(chosen.texts), strict=False)]
    schema = LabelSchema.of(labelled)
    with (
        running_label_studio(scratch / "label-studio") as server,
        LabelStudio(server.url, server.token) as studio,
    ):
        memory = Watch(server.pid)
        project = studio.create_project("bench", default_label_config(schema.labels))
        start = time.monotonic()
        studio.import_documents(project, [*labelled, *pool])
        imported = time.monotonic() - start
        loop = Loop(
            LabelStudioSource(studio, project),
            Ledger(scratch / "ledger.sqlite"),
            ModelStore(scratch / "models"),
            LoopConfig(encoder=chosen.encoder, batch_size=chosen.batch, folds=0),
            RoundLog(RunLog(scratch / "runs")),
            scratch,
            lambda step, done, total: print(
                f"\r{step} {done}/{total}   ", end="", file=sys.stderr, flush=True
            ),
        )
        report = loop.run_round()
        memory.stop()
    return {
        "texts": len(pool),
        "released": report.n_released,
        "import_seconds": round(imported, 1),
        "round_seconds": report.seconds,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "label_studio_peak_memory_mb": memory.peak_mb,
        "cores": os.cpu_count(),
    }


def texts(data: Path) -> Iterator[Document]:
    """All texts of all corpora but the 200 labelled ones."""
    for corpus in CORPORA:
        for part in ("train", "dev", "test"):
            documents = read_documents(data / corpus / f"{part}.conll").documents
            yield from documents[200:] if (corpus, part) == ("wikigold", "train") else documents


class Watch:
    """The largest resident memory of a process and its children, looked at twice a second."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0
        self._process, self._over = psutil.Process(pid), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            family = [self._process, *self._process.children(recursive=True)]
            self.peak_mb = max(self.peak_mb, sum(each.memory_info().rss for each in family) // 2**20)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


if __name__ == "__main__":
    main()
