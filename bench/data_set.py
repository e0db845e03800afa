"""How many annotator hours until a whole file is labelled well? The first table of docs/experiments.md.

    python bench/data_set.py --data FOLDER --corpora wikigold ncbi-disease snips wnut17 btc --seeds 1
    python bench/data_set.py --tables

FOLDER has one folder for each corpus with train.conll and test.conll. Every training is kept in
bench/work/data_set/<corpus>, which git ignores, with all that its model read. So the same command continues
after a kill, and trains nothing twice. What the readings show is added to
bench/results/data_set/<corpus>.json. ``--tables`` runs nothing: it prints the tables of the stored results.
``--ways`` chooses what is trained: ours and standard are the comparison, calibration the product's estimates
of its own F1, trainer two steps of the ladder; no way: only the results are made again. ``--train-first``
chooses up to 640 texts for the model before the review, into files of its own. ``--budget``: seconds after
which no training starts.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from simulate import ROOT, small_encoder

from wapaganda.annotation import read_documents
from wapaganda.pipeline import LoopConfig
from wapaganda.simulation import DataSetPlan, DataSetRecord, LabelledCorpus, ReviewStudy, simulate_data_set
from wapaganda.simulation_report import DataSetSummary, HoursRatio, ratio_of, summarise_data_set
from wapaganda.storage import write_json

WORK = ROOT / "bench" / "work" / "data_set"
RESULTS = ROOT / "bench" / "results" / "data_set"
CORPORA = ("wikigold", "ncbi-disease", "snips", "wnut17", "btc")
OFTEN = tuple(f"{name}-often" for name in CORPORA)
STUDENTS = ("wikigold-student", "ncbi-disease-student")
"""Seed 1 of two corpora with a student of each training; the alternative is that of the other rows."""
STORED = ("wikigold", "wikigold-train-first", *CORPORA[1:], *OFTEN, *STUDENTS)
"""The results by file: the corpora, wikigold with batches for the model before the review, and the corpora
with more trainings."""
LEVELS = ("0.90", "0.95")
WAYS = ("ours", "standard", "calibration", "trainer")
PLAN = {"train_to": 200, "review_growth": 1.8, "random_growth": 2.83, "last_random": 1700}
"""The data set is the purpose from the first model on."""
OF_WIKIGOLD = {"train_to": 200, "review_growth": 1.5}
"""A small file, with more trainings."""
MORE_OFTEN = {"wikigold": 1.25}
"""How much more labels are worth a training with ``--often``: else 1.34."""
TRAIN_FIRST = {"train_to": 640, "growth": 1.5, "review_growth": 1.75}
"""Batches for the model first, as PURPOSE=auto began, and then the review."""


def main() -> int:
    arguments = _arguments()
    if arguments.tables:
        print(tables())
        return 0
    torch.set_num_threads(1)
    started = time.monotonic()
    for corpus in arguments.corpora:
        left = arguments.budget - (time.monotonic() - started)
        if left > 0:
            _simulate(arguments, corpus, left)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--data", type=Path)
    task.add_argument("--tables", action="store_true", help="of the stored results; nothing is run")
    parser.add_argument("--corpora", nargs="+", default=CORPORA)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    parser.add_argument("--train-first", action="store_true", help="batches for the model up to 640 texts")
    parser.add_argument("--often", action="store_true", help="twice as many trainings of ours")
    parser.add_argument("--budget", type=float, default=1e6)
    return parser.parse_args()


def _simulate(arguments: argparse.Namespace, corpus: str, budget: float) -> None:
    folder, name = arguments.data.resolve() / corpus, corpus
    settings = OF_WIKIGOLD if corpus == "wikigold" else PLAN
    if arguments.train_first:
        name, settings = f"{corpus}-train-first", TRAIN_FIRST
    if arguments.often:
        name, settings = f"{corpus}-often", {**settings, "review_growth": MORE_OFTEN.get(corpus, 1.34)}
    out = WORK / name
    plan = DataSetPlan(LoopConfig(str(small_encoder()), device="cpu"), tuple(arguments.seeds), **settings)
    file, test = (read_documents(folder / f"{part}.conll").documents for part in ("train", "test"))

    def show(sentence: str, *_: int) -> None:
        print(f"{time.strftime('%H:%M:%S')} {corpus}: {sentence}", flush=True)

    simulate_data_set(
        LabelledCorpus(file, test, corpus), plan, out, ways=arguments.ways, budget=budget, progress=show
    )
    pack(out, RESULTS / f"{name}.json")


def pack(out: Path, stored: Path) -> None:
    """Store the plan and the results of a simulated data set: the files of ``out``/data_set that are JSON.

    Without a result, which needs ours and the alternative, what is stored stays.
    """
    results = sorted((out / "data_set").glob("seed*.json"))
    if not results:
        print(f"No result for {stored.name} yet: it needs the ways ours and standard", flush=True)
        return
    paths = [out / "data_set" / "plan.json", *results]
    write_json(stored, {path.name: json.loads(path.read_text("utf-8")) for path in paths})


def tables() -> str:
    """The tables of docs/experiments.md from the stored results."""
    found = {name: summary for name in STORED if (summary := _stored(name)) is not None}
    made = (_hours_table, _ladder_table, _review_table, _conditions_table, _estimates_table)
    return "\n\n".join(make(found) for make in made)


def _stored(name: str) -> DataSetSummary | None:
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return None
    entries = json.loads(path.read_text("utf-8"))
    records = [DataSetRecord.from_dict(each) for key, each in entries.items() if key.startswith("seed")]
    return summarise_data_set(entries["plan.json"], sorted(records, key=lambda each: each.seed))


def _hours_table(found: dict[str, DataSetSummary]) -> str:
    head = "Corpus | N | seeds | by hand, h | to .90: ours / alternative, h | to .95"
    head += " | H1(.90) | H1(.95) | H2 | H3"
    rows, after = [], []
    for name, each in found.items():
        hours = (f"{_hours(each, 'ours', at)} / {_hours(each, 'standard', at)}" for at in LEVELS)
        ratios = (_ratio(ratio) for ratio in (*(each.h1[at] for at in LEVELS), each.h2, each.h3))
        sizes = f"{each.n_texts:,}", str(len(each.seeds)), f"{each.hours_by_hand:.1f}"
        rows.append([name, *sizes, *hours, *ratios])
    for group, kind in ((CORPORA, ""), (OFTEN, ", more trainings")):
        for level in LEVELS:
            known = (each.h1[level] for name, each in found.items() if name in group)
            values = [ratio.mean for ratio in known if ratio is not None and ratio.mean is not None]
            if len(values) > 1:
                median, mean = statistics.median(values), _ratio(ratio_of(values))
                count = f"{len(values)} corpora{kind}"
                after.append(f"H1({level}) of {count}: median {median:.2f}, geometric mean {mean}.")
    return "\n".join([_table(head, rows), "", *after])


def _ladder_table(found: dict[str, DataSetSummary]) -> str:
    ways = ("standard", "trainer", "proposals", "chosen", "ours")
    rows = [
        [name, *(" / ".join(_hours(each, way, level) for level in LEVELS) for way in ways)]
        for name, each in found.items()
    ]
    return _table("Hours to .90 / .95 | " + " | ".join(ways), rows)


def _review_table(found: dict[str, DataSetSummary]) -> str:
    head = "Corpus | labels | F1 of the file | hours to .85: ours / random / perfect | to .90 | to .95"
    return _table(
        head,
        [
            [
                name,
                f"{study.texts:,}",
                f"{100 * study.f1:.1f}",
                *(_orders(study, level) for level in ("0.85", *LEVELS)),
            ]
            for name, each in found.items()
            for record in each.records
            for study in record.reviews
        ],
    )


def _orders(study: ReviewStudy, level: str) -> str:
    ours, random, perfect = study.ours[level], study.random[level], study.perfect[level]
    if not ours or not random or perfect is None:
        return "is there"
    return f"{ours:.1f} / {random:.1f} / {perfect:.1f}: {ours / random:.2f}"


def _conditions_table(found: dict[str, DataSetSummary]) -> str:
    rows = [
        [name, condition, *(_ratio(ratios[level]) for level in LEVELS)]
        for name, each in found.items()
        for condition, ratios in each.conditions.items()
    ]
    return _table("Corpus | annotators, prices | H1(.90) | H1(.95)", rows)


def _estimates_table(found: dict[str, DataSetSummary]) -> str:
    rows = []
    for name, each in found.items():
        estimates = [one for record in each.records for one in record.estimates]
        for kind, calibrated in (("cross-fitted", True), ("by past answers", False)):
            errors = [100 * (one.estimated - one.true) for one in estimates if one.calibrated == calibrated]
            if errors:
                mean = statistics.fmean(map(abs, errors))
                rows.append([name, kind, str(len(errors)), f"{mean:.1f}", f"{max(errors, key=abs):+.1f}"])
    return _table("Corpus | temperature | moments | mean error of the estimated F1, points | worst", rows)


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    lines = [head, *(" | ".join(row) for row in rows)]
    lines = [f"| {line} |" for line in lines]
    lines.insert(1, "|" + "---|" * len(head.split("|")))
    return "\n".join(lines)


def _hours(summary: DataSetSummary, way: str, level: str) -> str:
    hours = summary.hours.get(way, {}).get(level)
    return "–" if hours is None else f"{hours:.1f}"


def _ratio(ratio: HoursRatio | None) -> str:
    if ratio is None:
        return "–"
    if ratio.mean is None:
        return f"< {ratio.at_most:.2f}"
    interval = "" if ratio.low is None else f" ({ratio.low:.2f}–{ratio.high:.2f})"
    return f"{ratio.mean:.2f}{interval}"


if __name__ == "__main__":
    sys.exit(main())
