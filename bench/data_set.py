"""How many annotator hours until a whole file is labelled well? The first table of docs/experiments.md.

    python bench/data_set.py --data FOLDER --corpora wikigold ncbi-disease snips wnut17 btc --seeds 1
    python bench/data_set.py --tables

FOLDER has one folder for each corpus with train.conll and test.conll. Every training is kept in
bench/work/data_set/<corpus>, which git ignores, with all that its model read. So the same command continues
after a kill, and trains nothing twice. What the readings show is added to
bench/results/data_set/<corpus>.json. ``--tables`` runs nothing: it prints the tables of the stored results.
``--ways`` chooses what is trained: ours and standard are the comparison, calibration the product's estimates
of its own F1, trainer two steps of the ladder. ``--budget``: seconds after which no training starts.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import torch
from simulate import ROOT, small_encoder

from wapaganda.annotation import read_documents
from wapaganda.pipeline import LoopConfig
from wapaganda.simulation import DataSetPlan, DataSetRecord, LabelledCorpus, simulate_data_set
from wapaganda.simulation_report import DataSetSummary, HoursRatio, ratio_of, summarise_data_set
from wapaganda.storage import write_json

WORK = ROOT / "bench" / "work" / "data_set"
RESULTS = ROOT / "bench" / "results" / "data_set"
CORPORA = ("wikigold", "ncbi-disease", "snips", "wnut17", "btc")
STORED = ("wikigold", "wikigold-train-first", "ncbi-disease", "snips", "wnut17", "btc")
"""The results by file: the corpora, and wikigold with batches for the model before the review."""
WAYS = ("ours", "standard", "calibration", "trainer")
PLAN = {"train_to": 200, "review_growth": 1.8, "random_growth": 2.83, "last_random": 1700}
"""The data set is the purpose from the first model on."""
OF_WIKIGOLD = {"train_to": 200, "review_growth": 1.5}
"""A small file, with more trainings."""


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
    parser.add_argument("--budget", type=float, default=1e6)
    return parser.parse_args()


def _simulate(arguments: argparse.Namespace, corpus: str, budget: float) -> None:
    folder, out = arguments.data.resolve() / corpus, WORK / corpus
    loop = LoopConfig(str(small_encoder()), device="cpu")
    plan = DataSetPlan(loop, tuple(arguments.seeds), **(OF_WIKIGOLD if corpus == "wikigold" else PLAN))
    file, test = (read_documents(folder / f"{part}.conll").documents for part in ("train", "test"))

    def show(sentence: str, *_: int) -> None:
        print(f"{time.strftime('%H:%M:%S')} {corpus}: {sentence}", flush=True)

    simulate_data_set(
        LabelledCorpus(file, test, corpus), plan, out, ways=arguments.ways, budget=budget, progress=show
    )
    pack(out, RESULTS / f"{corpus}.json")


def pack(out: Path, stored: Path) -> None:
    """Store the plan and the results of a simulated data set: the files of ``out``/data_set that are JSON."""
    entries = {
        path.name: json.loads(path.read_text("utf-8"))
        for path in [out / "data_set" / "plan.json", *sorted((out / "data_set").glob("seed*.json"))]
    }
    write_json(stored, entries)


def tables() -> str:
    """The tables of docs/experiments.md from the stored results."""
    found = {name: summary for name in STORED if (summary := _stored(name)) is not None}
    parts = [_hours_table(found), _ladder_table(found), _review_table(found), _conditions_table(found)]
    return "\n\n".join([*parts, _estimates_table(found)])


def _stored(name: str) -> DataSetSummary | None:
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return None
    entries = json.loads(path.read_text("utf-8"))
    records = [DataSetRecord.from_dict(each) for key, each in entries.items() if key.startswith("seed")]
    return summarise_data_set(entries["plan.json"], sorted(records, key=lambda each: each.seed))


def _hours_table(found: dict[str, DataSetSummary]) -> str:
    rows = []
    for name, each in found.items():
        hours = [
            f"{_hours(each, 'ours', level)} / {_hours(each, 'standard', level)}" for level in ("0.90", "0.95")
        ]
        seeds = len(each.seeds)
        rows.append(
            f"| {name} | {each.n_texts:,} | {seeds} | {each.hours_by_hand:.1f} | {hours[0]} | {hours[1]} "
            f"| {_ratio(each.h1['0.90'])} | {_ratio(each.h1['0.95'])} "
            f"| {_ratio(each.h2)} | {_ratio(each.h3)} |"
        )
    mains = [each for name, each in found.items() if name in CORPORA]
    for title, level in (("H1(.90)", "0.90"), ("H1(.95)", "0.95")):
        values = [ratio.mean for each in mains if (ratio := each.h1[level]) is not None and ratio.mean]
        if len(values) > 1:
            over = ratio_of(values)
            median = statistics.median(values)
            rows.append(
                f"| {title} of {len(values)} corpora: median {median:.2f}, mean {_ratio(over)} |||||||||| "
            )
    head = (
        "| Corpus | N | seeds | by hand | to .90, ours / alternative | to .95 | H1(.90) | H1(.95) | H2 | H3 |"
    )
    return "\n".join([head, "|---|---|---|---|---|---|---|---|---|---|", *rows])


def _ladder_table(found: dict[str, DataSetSummary]) -> str:
    ways = ("standard", "trainer", "proposals", "chosen", "ours")
    rows = [
        f"| {name} | "
        + " | ".join(f"{_hours(each, way, '0.90')} / {_hours(each, way, '0.95')}" for way in ways)
        + " |"
        for name, each in found.items()
    ]
    return "\n".join(
        ["| Hours to .90 / .95 | " + " | ".join(ways) + " |", "|---|---|---|---|---|---|", *rows]
    )


def _review_table(found: dict[str, DataSetSummary]) -> str:
    rows = []
    for name, each in found.items():
        for record in each.records:
            for study in record.reviews:
                cells = []
                for level in ("0.85", "0.90", "0.95"):
                    ours, random, perfect = (
                        getattr(study, way)[level] for way in ("ours", "random", "perfect")
                    )
                    cells.append(
                        "reached"
                        if not ours
                        else f"{ours:.1f} / {random:.1f} / {perfect:.1f} = {ours / random:.2f}"
                    )
                f1 = 100 * study.f1
                rows.append(f"| {name} | {study.texts:,} | {f1:.1f} | " + " | ".join(cells) + " |")
    head = "| Corpus | labels | F1 of the file | hours to .85: ours / random / perfect | to .90 | to .95 |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def _conditions_table(found: dict[str, DataSetSummary]) -> str:
    rows = [
        f"| {name} | {condition} | {_ratio(ratios['0.90'])} | {_ratio(ratios['0.95'])} |"
        for name, each in found.items()
        for condition, ratios in each.conditions.items()
    ]
    return "\n".join(["| Corpus | annotators, prices | H1(.90) | H1(.95) |", "|---|---|---|---|", *rows])


def _estimates_table(found: dict[str, DataSetSummary]) -> str:
    rows = []
    for name, each in found.items():
        for calibrated in (True, False):
            errors = [
                100 * (one.estimated - one.true)
                for record in each.records
                for one in record.estimates
                if one.calibrated == calibrated
            ]
            if errors:
                mean = statistics.fmean(map(abs, errors))
                worst = max(errors, key=abs)
                kind = "cross-fitted" if calibrated else "by past answers"
                rows.append(f"| {name} | {kind} | {len(errors)} | {mean:.1f} | {worst:+.1f} |")
    head = "| Corpus | temperature | moments | mean error of the estimated F1, points | worst |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


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
