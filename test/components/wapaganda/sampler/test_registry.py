"""Strategies of other packages: found by their entry point."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
MODULE = '''
from wapaganda.sampler.context import SelectionContext
from wapaganda.sampler.registry import Choice, strategy


@strategy("first", uses_scores=False)
def first(context: SelectionContext) -> list[Choice]:
    """The first texts of the pool."""
    return [(index, "first") for index in context.take(context.eligible, context.size)]
'''
USE = """
import numpy as np
from wapaganda.sampler import STRATEGIES, Pool, select

pool = Pool(["a", "b"], ["one text", "another text"], np.zeros(2))
print(STRATEGIES["first"].summary, select(pool, 1, strategy="first").picks[0])
"""


def test_an_installed_package_adds_a_strategy_by_an_entry_point(tmp_path: Path):
    metadata = tmp_path / "my_package-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[wapaganda.strategies]\nfirst = my_strategy\n")
    (tmp_path / "my_strategy.py").write_text(MODULE)
    path = os.pathsep.join([str(tmp_path), str(ROOT / "components")])
    done = subprocess.run(
        [sys.executable, "-c", USE],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("The first texts of the pool. SelectedText(index=0, id='a'"), done.stderr
