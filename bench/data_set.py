"""How many annotator hours until a whole file is labelled well? The first table of docs/experiments.md.

    python bench/data_set.py --data FOLDER --corpora wikigold snips --seeds 1

FOLDER has one folder for each corpus with train.conll and test.conll. Every training is kept in
bench/work/data_set/<corpus>, which git ignores, with all that its model read, so the same command continues
after a kill and trains nothing twice.
"""

import argparse
import sys
import time
from pathlib import Path

import torch
from simulate import ROOT, small_encoder

from wapaganda.annotation import read_documents
from wapaganda.pipeline import LoopConfig
from wapaganda.simulation.completion.engine import WAYS, Engine
from wapaganda.simulation.completion.plan import DataSetPlan

WORK = ROOT / "bench" / "work" / "data_set"
CORPORA = ("wikigold", "ncbi-disease", "snips", "wnut17", "btc")


def main() -> int:
    arguments = _arguments()
    torch.set_num_threads(1)
    started = time.monotonic()
    for seed in arguments.seeds:
        for way in arguments.ways:
            for corpus in arguments.corpora:
                engine = _engine(arguments, corpus)
                while time.monotonic() - started < arguments.budget:
                    did = engine.step(way, seed)
                    if did is None:
                        break
                    print(f"{time.strftime('%H:%M:%S')} {corpus}: {did}", flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--corpora", nargs="+", default=CORPORA)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--budget", type=float, default=1e6, help="seconds after which nothing is started")
    return parser.parse_args()


def _engine(arguments: argparse.Namespace, corpus: str) -> Engine:
    folder = arguments.data.resolve() / corpus
    plan = DataSetPlan(LoopConfig(str(small_encoder()), device="cpu"), tuple(arguments.seeds))
    file, test = (read_documents(folder / f"{part}.conll").documents for part in ("train", "test"))
    return Engine(plan, file, test, WORK / corpus)


if __name__ == "__main__":
    sys.exit(main())
