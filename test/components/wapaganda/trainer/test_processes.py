"""Folds that are trained at the same time, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from wapaganda.ner import LabelSchema
from wapaganda.trainer import Callbacks, Recipe, TrainingJob, cross_fit, cross_fitting, processes_for
from wapaganda.trainer.processes import resources

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(
    learning_rate=5e-3,
    steps=20,
    seed=3,
    head_factor=2.0,
    batch_size=8,
    word_embeddings=True,
    max_restarts=0,
    max_extensions=0,
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def children() -> list[int]:
    return [
        int(each) for path in Path("/proc/self/task").glob("*/children") for each in path.read_text().split()
    ]


@pytest.mark.real
def test_folds_at_the_same_time_are_those_one_after_the_other(tiny_encoder, toy_documents, tmp_path):
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, RECIPE, device="cpu")
    cross_fit(replace(job, documents=toy_documents[:20]), folds=3, again=tmp_path / "a")
    cross_fit(replace(job, documents=toy_documents[:20]), folds=3, again=tmp_path / "b")
    plain = cross_fit(job, folds=3, again=tmp_path / "a").answers

    steps, progress = [], []
    callbacks = Callbacks(lambda *each: progress.append(each), steps.append)
    found = cross_fit(job, folds=3, again=tmp_path / "b", processes=2, callbacks=callbacks).answers

    for one, other in zip(plain, found, strict=True):
        assert np.array_equal(one.log_probs, other.log_probs)
        assert one.spans == other.spans
    warm = round(0.4 * RECIPE.steps)
    assert len(steps) == 3 * warm
    done = [each[1] for each in progress[1:]]
    assert {(each[0], each[2]) for each in progress[1:]} == {("calibrate", 3 * warm)}
    assert done == sorted(done)
    assert done[-1] == 3 * warm
    for fold in range(3):
        weights = [(tmp_path / name / str(fold) / "model.safetensors").read_bytes() for name in "ab"]
        assert weights[0] == weights[1]


@pytest.mark.real
def test_a_killed_process_is_told_and_an_error_of_the_caller_ends_the_others(
    tiny_encoder, toy_documents, caplog
):
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=10_000), device="cpu")

    others = set(children())  # servers of other tests

    def kill_then_cancel(_step: str, done: int, _total: int) -> None:
        own = sorted(set(children()) - others)
        if done and len(own) == 2:
            os.kill(own[0], signal.SIGKILL)
        if caplog.messages:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cross_fit(job, folds=2, processes=2, callbacks=Callbacks(kill_then_cancel))
    assert "A process that trains has ended with status -9" in caplog.text
    assert set(children()) <= others


def test_what_a_process_has_not_done_is_done_by_this_one(tiny_encoder, toy_documents, monkeypatch):
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, steps=2), device="cpu")
    plain = cross_fit(job, folds=2).answers

    def one_died(tasks, n, callbacks):
        assert n == 2
        return {1: tasks[1].run(callbacks)}

    monkeypatch.setattr(cross_fitting, "run_in_processes", one_died)
    found = cross_fit(job, folds=2, processes=2).answers
    assert all(np.array_equal(a.log_probs, b.log_probs) for a, b in zip(plain, found, strict=True))


KILLED = """
import sys
from pathlib import Path
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.trainer import Callbacks, Recipe, TrainingJob, cross_fit

documents = [Document(str(n), f"anna {n} oslo", (Span(0, 4, "NAME"),)) for n in range(8)]
job = TrainingJob(documents, LabelSchema(("NAME",)), sys.argv[1], Recipe(1e-3, 1_000_000), device="cpu")
cross_fit(job, folds=2, processes=2, callbacks=Callbacks(lambda _, done, __: print(done, flush=True)))
"""


@pytest.mark.real
def test_the_processes_of_a_killed_training_end_by_themselves(tiny_encoder):
    command = [sys.executable, "-c", KILLED, tiny_encoder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as training:
        assert training.stdout.readline() == "0\n"
        assert int(training.stdout.readline()) > 0  # it trains
        folds = Path(f"/proc/{training.pid}/task/{training.pid}/children").read_text().split()
        assert len(folds) == 2
        assert {os.getpgid(int(each)) for each in folds} == {training.pid}  # SIGTERM to the group ends all
        training.kill()
        training.wait()
        deadline = time.monotonic() + 30
        while any(Path(f"/proc/{each}").exists() for each in folds):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_so_many_trainings_run_at_a_time_as_there_are_threads_and_memory(monkeypatch):
    peak = resources._memory("proc/self/status", "VmHWM")
    assert peak > 50_000_000
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    monkeypatch.setattr(resources, "device_of", lambda name: name)  # there may be no such device
    monkeypatch.setattr(resources, "_free_memory", lambda: 20 * peak)
    assert processes_for("cpu", 4, 60) == 3
    assert processes_for("cpu", 2, 60) == 2
    assert processes_for("cpu", 4, 2) == 1  # over at once
    assert processes_for("cuda", 4, 60) == 1
    monkeypatch.setattr(resources, "_free_memory", lambda: int(2.5 * peak))
    assert processes_for("cpu", 4, 60) == 2
    monkeypatch.setattr(resources, "_free_memory", lambda: 0)
    assert processes_for("cpu", 4, 60) == 1
    monkeypatch.setattr(resources, "_free_memory", lambda: None)
    assert processes_for("cpu", 4, 60) == 1


def test_the_free_memory_of_a_container_is_that_below_its_limit(tmp_path):
    (tmp_path / "proc").mkdir()
    assert resources._free_memory(tmp_path) is None
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 4000 kB\n")
    assert resources._free_memory(tmp_path) == 4000 * 1024
    group = tmp_path / "sys" / "fs" / "cgroup"
    group.mkdir(parents=True)
    for name, content in {
        "max": "max",
        "current": "900000",
        "stat": "anon 5\ninactive_file 100000\n",
    }.items():
        (group / f"memory.{name}").write_text(f"{content}\n")
    assert resources._free_memory(tmp_path) == 4000 * 1024
    (group / "memory.max").write_text("1000000\n")
    assert resources._free_memory(tmp_path) == 200_000
