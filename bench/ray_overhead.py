"""`selfish score`: the local engine beside Ray with two actors on the same texts, and memory by pool size.

    python bench/ray_overhead.py --data ../shared/data --encoder DIR [--texts 30000] [--actors 2]
    python bench/ray_overhead.py --data ../shared/data --encoder DIR --memory 30000 240000

Prints the seconds, the CPU seconds of all processes, and the most memory that they held at a time (shared
pages once, looked at once a second); adds them to bench/results/ray_overhead.json. Both engines use one
thread a process. The second form scores pools of these sizes (copies of the texts) with a random model of
2 layers x 64 dimensions, since only memory counts there.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("components", "bases", "development", "bench")]
SELFISH = "from wapaganda.selfish_cli import main; main()"

import psutil  # noqa: E402
from pool import texts  # noqa: E402
from pyarrow import parquet, table  # noqa: E402

from wapaganda.annotation import read_documents, write_jsonl  # noqa: E402

FILES = 8


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--encoder", required=True)
    options.add_argument("--texts", type=int, default=30_000)
    options.add_argument("--actors", type=int, default=2)
    options.add_argument("--memory", type=int, nargs="+", metavar="TEXTS")
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "ray_overhead.json")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = memory(chosen, Path(scratch)) if chosen.memory else engines(chosen, Path(scratch))
    known = json.loads(chosen.out.read_text("utf-8")) if chosen.out.exists() else {}
    chosen.out.write_text(json.dumps(known | result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))


def engines(chosen: argparse.Namespace, scratch: Path) -> dict[str, object]:
    """Both engines on the same pool."""
    environment = trained(chosen, scratch, chosen.encoder)
    pool = write_pool(chosen, scratch, chosen.texts)
    ray = ("--engine", "ray", "--workers", str(chosen.actors))
    found = {
        "local": score(environment, pool, scratch / "local"),
        "ray": score(environment, pool, scratch / "ray", *ray),
    }
    same = all(
        (scratch / "ray" / each.relative_to(scratch / "local")).read_bytes() == each.read_bytes()
        for each in (scratch / "local").rglob("*.parquet")
    )
    return {"texts": chosen.texts, "actors": chosen.actors, "same files": same, **found}


def memory(chosen: argparse.Namespace, scratch: Path) -> dict[str, object]:
    """The local engine on pools of several sizes."""
    environment = trained(chosen, scratch, random_encoder(chosen.encoder, scratch / "encoder"))
    found = {}
    for size in chosen.memory:
        pool = write_pool(chosen, scratch / str(size), size)
        found[f"{size}"] = score(environment, pool, scratch / f"out-{size}")
    return {"memory by texts": found}


def random_encoder(encoder: str, folder: Path) -> str:
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    shape = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    config = AutoConfig.from_pretrained(encoder, **shape)
    AutoModel.from_config(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)
    return str(folder)


def trained(chosen: argparse.Namespace, scratch: Path, encoder: str) -> dict[str, str]:
    """The environment of `selfish`, with a model after 60 steps: only the speed of scoring counts."""
    labelled = scratch / "labelled.jsonl"
    write_jsonl(read_documents(chosen.data / "wikigold" / "train.conll").documents[:200], labelled)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("components", "bases")),
        "BASELINE_MODEL_NAME": encoder,
        "MODEL_DIR": str(scratch / "models"),
        "DATA_DIR": str(scratch / "kept"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{scratch / 'mlruns.db'}",
        "FOLDS": "0",
        "RECIPE_SEARCH": "false",
        "ADAPT": "off",
        "TRAIN_STEPS": "60",
        "OMP_NUM_THREADS": "1",
        "RAY_worker_niceness": "0",  # by default Ray gives way to other programs
    }
    command = [sys.executable, "-c", SELFISH, "train", "--data", str(labelled)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return environment


def write_pool(chosen: argparse.Namespace, folder: Path, size: int) -> Path:
    pool = folder / "pool"
    pool.mkdir(parents=True)
    documents = list(islice(texts(chosen.data), size))
    rows = list(islice(cycle(documents), size))
    for number in range(FILES):
        own = rows[number::FILES]
        ids = [f"{number}-{row}" for row in range(len(own))]
        columns = {"id": ids, "text": [each.text for each in own]}
        parquet.write_table(table(columns), pool / f"{number}.parquet")
    return pool


def score(environment: dict[str, str], pool: Path, out: Path, *more: str) -> dict[str, float]:
    command = [sys.executable, "-c", SELFISH, "score", "--pool", str(pool), "--out", str(out), *more]
    start = time.monotonic()
    process = subprocess.Popen(command, env=environment)
    seconds, peak = watch(psutil.Process(process.pid))
    if process.wait():
        raise SystemExit(f"{' '.join(command)} failed.")
    return {"seconds": round(time.monotonic() - start, 1), "cpu_seconds": round(seconds, 1), "peak_mb": peak}


def watch(process: psutil.Process) -> tuple[float, int]:
    """CPU seconds and most memory (MB, shared pages once) of a process and its descendants until it ends."""
    seconds: dict[int, float] = {}
    peak = 0
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        held = 0
        for each in [process, *process.children(recursive=True)]:
            try:
                times = each.cpu_times()
                seconds[each.pid] = times.user + times.system
                held += each.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        peak = max(peak, held)
        time.sleep(1)
    return sum(seconds.values()), peak // 2**20


if __name__ == "__main__":
    main()
