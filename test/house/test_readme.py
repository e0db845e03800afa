"""The Python lines of the README and of the page of bricks run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from wapaganda.active_learning import choose, fit, score

ROOT = Path(__file__).parents[2]
ENCODER = "bert-base-cased"


def blocks(page: Path) -> list[str]:
    """The Python code of a page, block by block."""
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def promised(code: str) -> list[str]:
    """What each `print` of a block shows, as the comment behind it says."""
    return [line.partition(")  # ")[2] for line in code.splitlines() if line.startswith("print(")]


@pytest.mark.real
def test_the_python_lines_of_the_readme_train_score_and_choose(one_layer_encoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labelled = [(f"Anna saw city {n}.", [(0, 4, "PER")]) for n in range(12)]
    texts = [f"In the year {n} Anna left." for n in range(30)]
    found = blocks(ROOT / "README.md")
    names = {"fit": fit, "score": score, "choose": choose, "encoder": one_layer_encoder}
    names |= {"labelled": labelled, "texts": texts}
    exec(found[0], names)

    assert len(found) == 1
    assert len(found[0].splitlines()) == 3
    assert {each.text for each in names["batch"]} < set(texts)
    assert len(names["batch"]) == 10


@pytest.mark.real
def test_the_bricks_by_example_print_what_they_promise(one_layer_encoder, tmp_path):
    code = "".join(blocks(ROOT / "docs" / "bricks.md"))
    # A process of its own: the page registers measures and strategies for good.
    done = subprocess.run(
        [sys.executable, "-c", code.replace(ENCODER, one_layer_encoder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == promised(code)
    assert all(promised(each) for each in blocks(ROOT / "docs" / "bricks.md"))
