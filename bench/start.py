"""How long `ml-backend` takes from its start to /health and to the first prediction of a model.

    python bench/start.py [--rounds 3]

Wall and CPU seconds of the server, with a model of the small encoder and compiled modules. The first round
also fills the cache of the disk and does not count; of the others the medians.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
from serving import CONFIG, TEXTS, made_model

from wapaganda.model_store import Manifest, ModelStore

_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = ModelStore(folder / "models" / "ls-1")
        manifest = Manifest(("PER",), "small", "0" * 8, 3)
        store.promote(store.publish(made_model(folder / "trained"), manifest).name)
        found = [started(folder) for _ in range(given.rounds + 1)][1:]
    medians = {name: statistics.median(each[name] for each in found) for name in found[0]}
    print(json.dumps(medians, indent=1))


def started(folder: Path) -> dict[str, float]:
    """Seconds of one start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "MODEL_DIR": str(folder / "models"),
        "DATA_DIR": str(folder / "data"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlruns.db'}",
        "DEVICE": "cpu",
    }
    command = [sys.executable, "-c", "from wapaganda.ml_backend.cli import main; main()", "--port", str(port)]
    began = time.monotonic()
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                until(lambda: client.get("/health").is_success)
                healthy = (time.monotonic() - began, cpu_seconds(server.pid))
                tasks = [{"id": 1, "data": {"text": TEXTS[0]}}]
                request = {"tasks": tasks, "project": "1.1", "label_config": CONFIG}
                until(lambda: answered(client.post("/predict", json=request)))
                first = (time.monotonic() - began, cpu_seconds(server.pid))
        finally:
            server.kill()
    names = ("health_seconds", "health_cpu_seconds", "prediction_seconds", "prediction_cpu_seconds")
    return {name: round(value, 2) for name, value in zip(names, (*healthy, *first), strict=True)}


def answered(response: httpx.Response) -> bool:
    """Whether a model has answered."""
    results = response.json().get("results") or [{}]
    return response.is_success and str(results[0].get("model_version", "")).startswith("v0001")


def until(done: Callable[[], bool]) -> None:
    """Ask every 20 ms, also while nobody listens yet."""
    while True:
        with suppress(httpx.ConnectError):
            if done():
                return
        time.sleep(0.02)


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    main()
