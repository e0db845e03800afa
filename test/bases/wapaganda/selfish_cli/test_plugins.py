"""A real package of somebody else adds a measure, a strategy and a format; broken ones stop nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

PYPROJECT = """
[project]
name = "{name}"
version = "1.0"
[project.entry-points."wapaganda.measures"]
own = "{module}.measures"
[project.entry-points."wapaganda.strategies"]
own = "{module}.strategies"
[project.entry-points."wapaganda.formats"]
own = "{module}.formats"
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
MEASURES = '''
import numpy as np
from wapaganda.uncertainty import measure

@measure("{measure}")
def measured(log_probs, lengths):
    """The length of the text, 20 words at most."""
    return np.minimum(1.0, lengths / 20)
'''
STRATEGIES = '''
from wapaganda.sampler import strategy

@strategy("shortest_first", uses_scores=False)
def shortest_first(context):
    """The shortest texts first."""
    order = sorted(context.eligible, key=lambda row: len(context.pool.texts[row]))
    return [(row, "short") for row in context.take(order, context.size)]
'''
FORMATS = """
from wapaganda.annotation import Format, register
from wapaganda.ner import Document

def read(source, collector):
    for line in source.lines:
        collector.add(Document(collector.default_id(), line.removeprefix("* ")))

def sniff(source):
    return float(source.path.suffix == ".starred")

register(Format("starred", "lines with a star", (".starred",), sniff, read))
"""


def install(folder: Path, name: str, measure: str) -> None:
    """Builds the package and installs its wheel into the folder."""
    module = name.replace("-", "_")
    source = folder.parent / f"source-{name}"
    (source / module).mkdir(parents=True)
    (source / "pyproject.toml").write_text(PYPROJECT.format(name=name, module=module))
    (source / module / "__init__.py").touch()
    (source / module / "measures.py").write_text(MEASURES.replace("{measure}", measure))
    (source / module / "strategies.py").write_text(STRATEGIES)
    (source / module / "formats.py").write_text(FORMATS)
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--no-compile", "--target", str(folder), str(source)], check=True)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folder of installed packages: it is on the path, with all that pip writes there."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


def run(installed: Path, encoder: str, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """`selfish` as a process that finds the installed packages."""
    settings = {
        "BASELINE_MODEL_NAME": encoder,
        "LEARNING_RATE": "1e-3",
        "TRAIN_STEPS": "5",
        "FOLDS": "0",
        "DEVICE": "cpu",
        "COLUMNS": "400",
        "PYTHONPATH": os.pathsep.join([str(installed), *sys.path]),
    }
    code = "from wapaganda.selfish_cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    env = {**os.environ, **settings, **more}
    return subprocess.run(command, cwd=installed.parent, env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_an_installed_package_is_used_by_help_settings_select_and_simulate(installed, encoder, files):
    install(installed, "own-things", "text_length")
    folder = installed.parent
    shown = run(installed, encoder, "select", "--help").stdout
    assert "text_length" in shown
    assert "shortest_first" in shown
    assert "lines with a star" in shown
    refused = run(installed, encoder, "status", STRATEGY="best")
    assert refused.returncode == 2
    assert "Expected a strategy among" in refused.stderr
    assert "shortest_first" in refused.stderr

    texts = [json.loads(line)["text"] for line in files.pool.read_text().splitlines()]
    (folder / "pool.starred").write_text("".join(f"* {text}\n" for text in texts))
    assert run(installed, encoder, "train", "--data", files.data).returncode == 0
    own = {"STRATEGY": "shortest_first", "MEASURE": "text_length"}
    batch = ["--pool", folder / "pool.starred", "--data", files.data, "--size", 2, "--json"]
    chosen = run(installed, encoder, "select", *batch, **own)
    assert chosen.returncode == 0, chosen.stderr
    said = json.loads(chosen.stdout)
    assert (said["strategy"], said["measure"], said["n_pool"]) == (
        "shortest_first",
        "text_length",
        len(texts),
    )
    lengths = [len(each["text"]) for each in said["batch"]]
    assert len(lengths) == 2
    assert lengths == sorted(lengths)
    known = {json.loads(line)["text"] for line in files.data.read_text().splitlines()}
    assert lengths[0] == min(len(text) for text in texts if text not in known)

    options = ["--strategies", "random,shortest_first:text_length", "--seed-size", 12, "--batch", 6]
    options += ["--rounds", 1, "--seeds", "7,", "--calibrate-at", 0, "--out", folder / "out"]
    done = run(installed, encoder, "simulate", "--train", files.data, "--test", files.test, *options)
    assert done.returncode == 0, done.stderr
    summary = json.loads((folder / "out" / "summary.json").read_text())
    assert "shortest_first:text_length" in [each["strategy"] for each in summary["strategies"]]


def test_a_broken_package_and_one_whose_names_are_taken_are_named_and_stop_nothing(installed, encoder):
    install(installed, "best-of-all", "boundary")
    install(installed, "own-things", "text_length")
    install(installed, "zz-broken", "never")
    (installed / "zz_broken" / "measures.py").write_text("import no_such_library\n")
    done = run(installed, encoder, "select", "--help")
    assert done.returncode == 0
    assert "text_length" in done.stdout
    said = [line for line in done.stderr.splitlines() if line]
    assert all(line.startswith("WARNING wapaganda.plugins: The package ") for line in said), done.stderr
    measures = [line for line in said if " adds no measure: " in line]
    assert len(measures) == 2
    assert "best-of-all 1.0" in measures[0]
    assert "'boundary', which wapaganda.uncertainty.measures.token_measures has" in measures[0]
    assert "zz-broken 1.0" in measures[1]
    assert "No module named 'no_such_library'" in measures[1]
    for kind, name in (("strategy", "'shortest_first'"), ("format", "'starred'")):
        twice = [line for line in said if f" adds no {kind}: " in line]
        assert [line.split()[4:6] for line in twice] == [["own-things", "1.0"], ["zz-broken", "1.0"]]
        assert all(f"{name}, which best-of-all 1.0 has" in line for line in twice)

    quiet = run(installed, encoder, "status", "--name", "none")
    assert "plugins" not in quiet.stderr  # what is asked for is our own
    assert run(installed, encoder, "--help").stderr == ""
