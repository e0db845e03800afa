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
import sys
import time
from pathlib import Path

import torch
from simulate import ROOT, small_encoder

from wapaganda.annotation import read_documents
from wapaganda.pipeline import LoopConfig
from wapaganda.simulation import DataSetPlan, LabelledCorpus, simulate_data_set
from wapaganda.storage import write_json

WORK = ROOT / "bench" / "work" / "data_set"
RESULTS = ROOT / "bench" / "results" / "data_set"
CORPORA = ("wikigold", "ncbi-disease", "snips", "wnut17", "btc")
WAYS = ("ours", "standard", "calibration", "trainer")
PLAN = {"train_to": 200, "review_growth": 1.8, "random_growth": 2.83, "last_random": 1700}
"""The data set is the purpose from the first model on."""
OF_WIKIGOLD = {"train_to": 200, "review_growth": 1.5}
"""A small file, with more trainings."""


def main() -> int:
    arguments = _arguments()
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
    parser.add_argument("--data", type=Path, required=True)
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


if __name__ == "__main__":
    sys.exit(main())
