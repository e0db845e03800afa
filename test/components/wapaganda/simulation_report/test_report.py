"""The page: whole, escaped, readable without eyes for the figures, and without any network."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from wapaganda.simulation_report import summarise, write_results
from wapaganda.simulation_report.analysis.arithmetic import mean_of
from wapaganda.simulation_report.figures.styles import styles
from wapaganda.simulation_report.html.sentences import headline, verdict

HOSTILE = "<script>alert('&')</script>\x00\"><img src=x onerror=alert(1)>"
VOID = {"meta", "link", "br", "wbr"}


class Page(HTMLParser):
    """Checks that elements are nested as they should be, and collects them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.tags.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.tags.append((name, dict(attributes)))

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def count(self, name: str) -> int:
        return sum(found == name for found, _ in self.tags)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def page_of(out: Path) -> Page:
    return Page(write_results(out).report_html.read_text("utf-8"))


def test_every_section_and_figure_is_there(synthetic):
    page = page_of(synthetic(rounds=14))
    for title in ("Learning curves", "Area under the curve", "Savings", "Worst round against random",
                  "By type",
                  "Does the model know what it does not know?", "Near duplicates in each batch", "Settings",
                  "To reach 95% of", "To reach 97% of", "To reach 99% of"):  # fmt: skip
        assert title in page.text
    assert page.count("figure") == 5 + 3 + 1
    assert page.count("details") == 3
    assert "wikigold (SYNTHETIC)" in page.text


def test_each_figure_says_what_it_shows_and_ids_are_unique(synthetic):
    page = page_of(synthetic())
    figures = [found for name, found in page.tags if name == "svg" and found.get("role") == "img"]
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids)) == 2 * len(figures)
    for found in figures:
        assert found["aria-labelledby"].split() == [i for i in ids if i in found["aria-labelledby"].split()]
    drawn_aside = [f for name, f in page.tags if name == "svg" and f.get("role") != "img"]
    assert all(found["aria-hidden"] == "true" for found in drawn_aside)
    assert page.count("caption") == page.count("table")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"seeds": (1,), "full": False},
        {"seeds": (1, 2)},
        {"rounds": 0},
        {"arms": ("random",)},
        {"arms": ("diversity",)},
        {"arms": tuple(f"hybrid:m{number}" for number in range(12)), "rounds": 2},
        {"types": {f"type_{number}": 1 / 39 for number in range(39)}},
        {"unfinished": [((arm, seed), -1) for arm in ("random", "uncertainty:mnlp") for seed in (1, 2, 3)]},
        {"unfinished": [(("random", 2), 1), (("hybrid:expected_errors", 2), 3)]},
    ],
)
def test_it_is_whole_whatever_was_simulated(synthetic, options):
    page = page_of(synthetic(**options))
    assert not re.search(r"\b(nan|inf|None|Traceback)\b", page.text)
    for name, attributes in page.tags:
        for key in ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "points"):
            value = attributes.get(key)
            assert value is None or not re.search(r"[a-z]", value), (name, attributes)


def test_points_lie_within_their_figure(synthetic):
    for name, found in page_of(synthetic()).tags:
        if name in ("polyline", "polygon"):
            for point in found["points"].split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= 1080, found
                assert 0 <= y <= 330, found


def test_what_users_name_is_escaped(synthetic):
    corpus = {"name": HOSTILE, "labels": [HOSTILE], "pool": 5, "test": 6}
    out = synthetic(arms=("random", "evil"), types={HOSTILE: 1.0}, corpus=corpus)
    for path in [out / "plan.json", *(out / "runs").glob("evil*.json")]:
        values = path.read_text("utf-8").replace('"evil"', json.dumps(HOSTILE))
        path.write_text(values, "utf-8")
    text = write_results(out).report_html.read_text("utf-8")
    page = Page(text)
    assert page.count("script") == page.count("img") == 0
    assert not any(key.startswith("on") for _, found in page.tags for key in found)
    assert "\x00" not in text
    assert "<script>alert('&')</script>" in page.text


def test_it_asks_the_network_for_nothing(synthetic):
    page = page_of(synthetic())
    for name, found in page.tags:
        for key in ("src", "href", "action", "data"):
            assert found.get(key) in (None, "data:,"), (name, found)
    policy = [f["content"] for _, f in page.tags if f.get("http-equiv") == "Content-Security-Policy"]
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'")


def test_a_headline_says_it_in_words(synthetic):
    summary = summarise(synthetic(rounds=14))
    sentences = {arm.strategy: headline(arm, summary.full_f1) for arm in summary.strategies}
    ratio = next(a for a in summary.strategies if a.strategy.startswith("hybrid")).savings["0.97"].ratio
    assert (
        f"needs {ratio['texts']:.2f} of random’s texts, {ratio['words']:.2f} of its words and "
        in (sentences["hybrid:expected_errors"])
    )
    assert "to reach 97% of the full-data F1 (" in sentences["hybrid:expected_errors"]
    assert "is what the others are compared with" in sentences["random"]


@pytest.mark.parametrize(
    ("differences", "found"),
    [([0.01, 0.02, 0.03], "unsure"), ([0.02, 0.021, 0.022], "better"), ([-0.02, -0.021, -0.022], "worse"),
     ([0.02], "one-seed")],
)  # fmt: skip
def test_verdicts_follow_the_interval_and_not_the_mean(synthetic, differences, found):
    arm = summarise(synthetic(rounds=2)).strategies[1]
    area = replace(arm.areas["seconds"], difference=mean_of(differences))
    assert verdict(replace(arm, areas={"seconds": area})) == found
    assert verdict(replace(arm, areas={})) == "unknown"


def test_one_seed_gives_no_verdict(synthetic):
    page = page_of(synthetic(seeds=(4,)))
    assert "one seed: no verdict" in page.text
    assert "better than random" not in page.text


def test_random_is_always_grey_and_no_two_of_many_look_alike(synthetic):
    names = tuple(f"hybrid:m{number}" for number in range(7))
    arms = summarise(synthetic(arms=(*names, "random"), seeds=(1,), rounds=1)).strategies
    own = styles(arms)
    assert own["random"].number == 0
    assert sorted(each.number for each in own.values()) == list(range(8))


def test_neither_torch_nor_a_plotting_library_is_loaded():
    program = (
        "import sys; from wapaganda.simulation_report import write_results; "
        "print(sorted({'torch', 'matplotlib', 'transformers', 'scipy', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
