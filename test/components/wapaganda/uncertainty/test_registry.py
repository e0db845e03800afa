"""The registry of measures: what is found, what is refused."""

import os
import subprocess
import sys

import numpy as np
import pytest

from wapaganda.errors import InputError
from wapaganda.uncertainty import AUTO, DEFAULT_MEASURE, MEASURES, find_measure, measure, score
from wapaganda.uncertainty.registry import _REGISTRY


@pytest.fixture
def constant():
    """A measure that is registered for one test."""

    @measure("constant", additive=True)
    def constant(log_probs, lengths):
        """Half of what can be: (B, T, K) and (B,) to (B,).

        More words.
        """
        return np.where(lengths > 0, 0.5, 0.0)

    yield constant
    del _REGISTRY._entries["constant"]


def test_a_registered_function_is_a_measure_by_its_name(constant):
    found = find_measure("constant")
    assert found is MEASURES["constant"]
    assert (found.function, found.additive) == (constant, True)
    assert found.summary == "Half of what can be: (B, T, K) and (B,) to (B,)."
    assert score([np.zeros((2, 3)), np.zeros((0, 3))], "constant").tolist() == [0.5, 0.0]


def test_every_measure_has_a_summary_that_fits_on_a_line():
    assert all(0 < len(each.summary) <= 110 for each in MEASURES.values())


@pytest.mark.parametrize("name", ["boundary", AUTO])
def test_a_name_is_given_once(name):
    with pytest.raises(ValueError, match=f"new name for a measure, was: '{name}'"):
        measure(name)(lambda log_probs, lengths: lengths)


def test_auto_scores_by_the_default_measure():
    assert find_measure(AUTO).name == DEFAULT_MEASURE
    text = [np.log([[0.5, 0.4, 0.1]])]
    assert score(text).tolist() == score(text, AUTO).tolist() == score(text, DEFAULT_MEASURE).tolist()


@pytest.mark.parametrize(
    ("removed", "instead"),
    [
        ("bald", "least_confidence"),
        ("vote_entropy", "least_confidence"),
        ("fluctuation", "least_confidence"),
        ("split", "entropy_max"),
    ],
)
def test_a_removed_measure_says_why_and_what_to_use(removed, instead):
    with pytest.raises(InputError) as caught:
        find_measure(removed)
    assert str(caught.value) == (
        f"Expected a measure of this version, was: '{removed}', which was removed because no experiment "
        f"showed a gain (docs/experiments.md); use '{instead}' instead"
    )
    assert instead in MEASURES


def test_an_unknown_measure_names_those_that_exist():
    names = ", ".join(sorted(MEASURES))
    with pytest.raises(InputError) as caught:
        find_measure("committee")  # there was one in 0.2
    assert str(caught.value) == f"Expected a measure among auto, {names}, was: 'committee'"


def test_an_installed_package_registers_its_measures_by_an_entry_point(tmp_path):
    (tmp_path / "elsewhere.py").write_text(
        "import numpy as np\n"
        "from wapaganda.uncertainty import is_word, measure\n"
        "@measure('zeros')\n"
        "def zeros(log_probs, lengths):\n"
        "    return np.zeros(len(lengths))\n"
    )
    about = tmp_path / "elsewhere-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[wapaganda.measures]\nzeros = elsewhere\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    code = "from wapaganda.uncertainty import MEASURES; print('zeros' in MEASURES)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "True", done.stderr
