"""selfish simulate: real processes, a tiny encoder, and what becomes of it when it is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

TIMINGS = ("train_seconds", "score_seconds", "peak_memory_mb")
SMALL = [
    "--strategies", "random,uncertainty:expected_errors", "--seed-size", 12, "--batch", 6, "--rounds", 2,
    "--seeds", "7,", "--calibrate-at", 0,
]  # fmt: skip


@pytest.fixture
def arguments(files, tmp_path) -> list[object]:
    return ["simulate", "--train", files.data, "--test", files.test, "--out", tmp_path / "out", *SMALL]


def records(out: Path) -> dict[str, dict]:
    """All runs, without what differs from one machine to the next."""
    runs = {path.name: json.loads(path.read_text()) for path in (out / "runs").glob("*.json")}
    for run in runs.values():
        for each in run["rounds"]:
            for name in TIMINGS:
                del each[name]
    return runs


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["--strategies", "best"], "Expected a strategy among"),
        (["--strategies", ""], "Expected at least one strategy"),
        (["--measure", "best"], "MEASURE"),
        (
            ["--measure", "bald"],
            "MEASURE: Expected a measure of this version, was: 'bald', which",
        ),
        (["--measure", "committee"], "MEASURE: Expected a measure among auto, boundary, "),
        (["--strategies", "random,uncertainty:committee"], "Expected a measure among auto, boundary, "),
        (["--strategies", "random,uncertainty:bald"], "use 'least_confidence' instead"),
        (["--seeds", "some"], "Expected how many seeds"),
        (["--seed-size", 4000], "Expected more texts to choose from than the 4,000"),
        (["--prices", "free"], "Expected prices among scratch, correcting"),
        (["--train", "nowhere.jsonl"], "nowhere.jsonl, which does not exist"),
        (["--growth", 0], "Expected growth above 0"),
    ],
)
def test_what_cannot_be_simulated_is_reported_at_once(selfish, arguments, changes, expected):
    outcome = selfish(*arguments, *changes)
    assert outcome.code == 2
    assert expected in " ".join(outcome.stderr.split())
    assert outcome.stdout == ""


def test_another_plan_does_not_mix_with_what_is_there(selfish, arguments, tmp_path):
    from wapaganda.pipeline import LoopConfig
    from wapaganda.selfish_cli.inputs import read_labelled
    from wapaganda.simulation import Arm, Plan
    from wapaganda.simulation.folder import fingerprint

    texts = {"pool": fingerprint(read_labelled(arguments[2]).documents),
             "test": fingerprint(read_labelled(arguments[4]).documents)}  # fmt: skip
    before = Plan((Arm("random", "random", "mnlp"),), LoopConfig(os.environ["BASELINE_MODEL_NAME"]), batch=99)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.json").write_text(json.dumps(before.to_dict() | {"texts": texts}))
    outcome = selfish(*arguments, "--json")
    assert outcome.code == 2
    assert "batch" in outcome.json["error"]
    assert "name another folder" in outcome.json["error"]


@pytest.mark.slow
def test_one_process_or_two_killed_or_not_the_records_are_the_same(selfish, arguments, tmp_path):
    outcome = selfish(*arguments, "--json", "--jobs", 1)
    assert (outcome.json["read"]["not_read"], outcome.json["read"]["labelled"] > 0) == (0, True)
    assert outcome.code == 0, outcome.stderr
    found = outcome.json
    assert (found["complete"], found["stopped"], found["rounds_done"], found["rounds"]) == (
        True,
        "",
        7,
        7,
    )
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [arm["strategy"] for arm in summary["strategies"]] == ["random", "uncertainty:expected_errors"]
    assert found["summary"]["full_f1"] == summary["full_f1"]
    for name in ("curves.csv", "report.html"):
        assert (tmp_path / "out" / name).stat().st_size
    assert not list((tmp_path / "out").glob("round-*"))
    whole = records(tmp_path / "out")
    assert len(whole) == 3

    arguments[6] = tmp_path / "killed"
    command = [sys.executable, "-c", "from wapaganda.selfish_cli import main; main()"]
    command += [str(each) for each in arguments] + ["--jobs", "2"]
    path = os.pathsep.join(str(Path(__file__).parents[4] / each) for each in ("components", "bases"))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stdout=log, stderr=log)
        wait_for(lambda: count_rounds(tmp_path / "killed") >= 3 or process.poll() is not None, 300)
        assert process.poll() is None, (tmp_path / "log").read_text()
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2
        process.send_signal(signal.SIGKILL)
        process.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert count_rounds(tmp_path / "killed") < 7

    outcome = selfish(*arguments, "--jobs", 2)
    assert outcome.code == 0, outcome.stderr
    assert records(tmp_path / "killed") == whole


@pytest.mark.slow
def test_a_budget_ends_in_time_and_says_so(selfish, arguments, tmp_path):
    outcome = selfish(*arguments, "--json", "--budget", 1, "--rounds", 9, "--batch", 2)
    assert outcome.code == 0, outcome.stderr
    found = outcome.json
    assert not found["complete"]
    assert found["stopped"].startswith("The budget of 1 s is spent: ")
    assert found["stopped"] in outcome.stderr
    assert found["rounds_done"] < found["rounds"]
    assert not [each for each in psutil.Process().children() if "spawn_main" in " ".join(each.cmdline())]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["complete"] is False


@pytest.mark.slow
def test_a_round_that_fails_is_one_sentence(selfish, arguments):
    outcome = selfish(*arguments, "--json", "--encoder", "/nowhere/at/all")
    assert outcome.code == 1
    assert "The encoder '/nowhere/at/all' cannot be loaded" in outcome.json["error"]
    assert "Traceback" not in outcome.stderr


@pytest.mark.slow
def test_the_finished_data_set_beside_the_strategies(selfish, files, tmp_path):
    out = tmp_path / "out"
    command = ["simulate", "--train", files.data, "--test", files.test, "--out", out, "--seeds", "7,"]
    outcome = selfish(*command, "--data-set", "--seed-size", 12, "--steps", 20, "--json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.json["complete"]
    found = outcome.json["summary"]["data_set"]
    assert (found["texts"], found["seeds"], found["alternative"]["version"]) == (30, [7], 1)
    assert set(found["hours"]) == {"ours", "standard", "trainer", "proposals"}
    assert found["h1"]["0.95"]["mean"] > 0
    assert "The finished data set" in (out / "report.html").read_text("utf-8")
    again = selfish(*command, "--data-set", "--seed-size", 12, "--steps", 20)
    assert again.code == 0
    assert "Hours until all 30 texts have this" in again.stdout
    outcome = selfish(*command, "--data-set", "--seed-size", 13, "--json")
    assert outcome.code == 2
    assert "seed_size" in outcome.json["error"]


def count_rounds(out: Path) -> int:
    return sum(len(run["rounds"]) for run in records(out).values())


def wait_for(condition, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)
