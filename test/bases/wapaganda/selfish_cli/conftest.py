"""The selfish command in a test: a tiny encoder, toy files, a run of the command."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from wapaganda.selfish_cli import app
from wapaganda.tracking import MirrorReport

FRAMES = (
    "{0} went to {1} .",
    "in {1} we saw {0} .",
    "{0} and {2} went to {1} .",
    "we went in .",
    "{1} saw {0} {2} .",
)
PEOPLE = ("anna", "bob", "carla", "dieter", "emil", "fatima")
PLACES = ("oslo", "rome", "paris", "lima", "cairo")
WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *PEOPLE,
    *PLACES,
    "went",
    "to",
    "and",
    "saw",
    "in",
    "we",
    ".",
)


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left: its exit code and what it wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        assert self.stdout.count("\n") == 1, self.stdout
        return json.loads(self.stdout)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a two-layer BERT of width 64 that knows two dozen words."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("encoder")
    ids = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        shape = {
            "hidden_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 128,
        }
        BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=40, **shape)).save_pretrained(
            folder
        )
    return str(folder)


def record(number: int, labelled: bool = True) -> dict[str, Any]:
    """One toy text: a line of a JSONL file."""
    names = (PEOPLE[number % 6], PLACES[number % 5], PEOPLE[(number // 6 + 1) % 6])
    text, spans = "", []
    for word in FRAMES[(number * 7 // 3) % 5].split():
        start = len(text) + bool(text)
        if word.startswith("{"):
            word = names[int(word[1])]
            spans.append(
                {"start": start, "end": start + len(word), "label": "PER" if word in PEOPLE else "LOC"}
            )
        text = f"{text} {word}".strip()
    return {"id": str(number), "text": text, "spans": spans if labelled else None}


def write(path: Path, numbers: range, labelled: bool = True) -> Path:
    lines = {entry["text"]: entry for entry in (record(number, labelled) for number in numbers)}
    path.write_text("".join(json.dumps(entry) + "\n" for entry in lines.values()))
    return path


@dataclass(frozen=True)
class Files:
    """Toy texts: to learn from, to choose from, to judge on."""

    data: Path
    pool: Path
    test: Path


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(
        write(tmp_path / "data.jsonl", range(40)),
        write(tmp_path / "pool.jsonl", range(40, 90), labelled=False),
        write(tmp_path / "test.jsonl", range(90, 130)),
    )


@dataclass(frozen=True)
class QuickMirror:
    """Stands for MLflow, whose own tests are elsewhere."""

    report: MirrorReport

    def wait(self, seconds: float) -> MirrorReport:
        return self.report


@pytest.fixture
def selfish(encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Runs the command in this process, on the tiny encoder, with everything below ``tmp_path``."""
    settings = {
        "BASELINE_MODEL_NAME": encoder,
        "LEARNING_RATE": "1e-3",
        "TRAIN_STEPS": "60",
        "FOLDS": "0",
        "MODEL_DIR": str(tmp_path / "models"),
        "DATA_DIR": str(tmp_path / "kept"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlruns.db'}",
        "DEVICE": "cpu",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    mirror = QuickMirror(MirrorReport(True, ""))
    monkeypatch.setattr("wapaganda.tracking.start_mirror", lambda *_, **__: mirror)

    def run(*arguments: object) -> Outcome:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


BACKEND = """
import sys
from wapaganda.ml_backend import main
sys.argv[1:] = ["--port", sys.argv[1]]
sys.exit(main())
"""


@pytest.fixture
def backend(selfish, label_studio_server, monkeypatch, tmp_path) -> Iterator[str]:
    """A running ML backend with the settings of the command; its address."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio_server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio_server.token)
    monkeypatch.setenv("TRAIN_DEBOUNCE_SECONDS", "4")
    monkeypatch.setenv("TRAIN_AFTER_LABELS", "10")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, log = f"http://127.0.0.1:{port}", tmp_path / "backend.log"
    path = os.pathsep.join(entry for entry in sys.path if entry)
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", BACKEND, str(port)],
            env={**os.environ, "PYTHONPATH": path},
            cwd=tmp_path,
            stdout=out,
            stderr=out,
        )
    try:
        end = time.monotonic() + 120
        while True:
            try:
                httpx.get(f"{address}/health", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(60)
