"""report.html: one self-contained page with every figure and number of a simulation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wapaganda.html_page import Templates, style_sheet
from wapaganda.simulation_report.analysis import RANDOMS_LAST, StrategySummary, Summary
from wapaganda.simulation_report.figures import (
    PANELS,
    ReliabilityFigure,
    curves_figure,
    near_duplicates_figure,
    reliability_figure,
    strategies_with_band,
    styles,
)
from wapaganda.simulation_report.html import tables
from wapaganda.simulation_report.html.data_set import data_set_values
from wapaganda.simulation_report.html.sentences import (
    HEADLINE_LEVELS,
    VERDICTS,
    headline,
    points,
    signed,
    verdict,
)

FOLDER = Path(__file__).parent
MOST_TYPES = 8


@dataclass(frozen=True, slots=True)
class Tile:
    """One large number of the first screen, what it is, and the strategy that it belongs to."""

    number: str
    meaning: str
    strategy: str = ""


def report_html(summary: Summary) -> str:
    """The page as text: it needs no network and no script, and every string from outside is escaped."""
    return Templates(FOLDER, points=points).draw("report.html.j2", **_values(summary))


def _values(summary: Summary) -> dict[str, Any]:
    """What the template shows."""
    own, arms = styles(summary.strategies), [arm for arm in summary.strategies if arm.rounds]
    name = summary.corpus.get("name") or "a simulation"
    values: dict[str, Any] = {
        "title": f"Which texts to label first: {name}" if arms else f"From labels to a data set: {name}",
        "style_sheet": style_sheet(),
        "facts": _facts(summary),
        "summary": summary,
        "styles": own,
        "settings": tables.settings_table(summary),
        "data_set_settings": tables.data_set_settings_table(summary),
        "has_rounds": bool(arms),
        "data_set": data_set_values(summary.data_set) if summary.data_set else None,
    }
    if not arms:
        return values
    return values | {
        "tiles": _tiles(summary),
        "headlines": [
            (own[arm.strategy], arm, headline(arm, summary.full_f1), verdict(arm)) for arm in _ranked(summary)
        ],
        "verdicts": VERDICTS,
        "all_banded": len(strategies_with_band(summary)) == len(summary.strategies),
        "panels": [curves_figure(summary, axis) for axis in PANELS],
        "rounds": [tables.rounds_table(arm) for arm in arms],
        "areas": tables.areas_table(summary),
        "savings": tables.savings_tables(summary),
        "worst": tables.worst_table(summary) if summary.random else None,
        "types": tables.types_table(summary),
        "reliability": _reliability(summary),
        "calibration": tables.calibration_table(summary),
        "bins": [
            tables.bins_table(arm.strategy, made.bins, made.bins_before)
            for arm in summary.strategies
            if (made := arm.quality.calibration) is not None
        ],
        "near_duplicates": near_duplicates_figure(arms),
        "near_duplicates_table": tables.near_duplicates_table(summary),
    }


def _facts(summary: Summary) -> list[str]:
    """What was simulated: corpus, sizes, seeds."""
    corpus, full = summary.corpus, summary.full
    found = []
    if full:
        found.append(f"Pool: {full.texts:,} texts ({full.words:,} words, {full.entities:,} entities)")
    elif isinstance(pool := corpus.get("pool"), int):
        found.append(f"Pool: {pool:,} texts")
    test = f"{corpus['test']:,} texts with " if isinstance(corpus.get("test"), int) else ""
    if summary.test_entities:
        found.append(f"Test: {test}{summary.test_entities:,} entities")
    labels = corpus.get("labels")
    if isinstance(labels, list) and labels:
        named = ", ".join(map(str, labels[:MOST_TYPES])) + (", …" if len(labels) > MOST_TYPES else "")
        found.append(f"{len(labels)} types: {named}" if len(labels) > 1 else f"One type: {named}")
    seeds = ", ".join(map(str, summary.seeds))
    return [*found, f"Seeds: {seeds}" if len(summary.seeds) > 1 else f"One seed: {seeds}"]


def _tiles(summary: Summary) -> list[Tile]:
    """The few numbers for a reader in a hurry."""
    found = []
    if full := summary.full:
        found.append(Tile(points(full.f1), f"F1 of training on the whole pool ({full.texts:,} texts)"))
    found += _tiles_of_best(summary.best)
    runs = sum(len(arm.seeds) for arm in summary.strategies)
    rounds = max(len(arm.rounds) for arm in summary.strategies)
    return [*found, Tile(str(runs), f"runs of {len(summary.strategies)} strategies, {rounds} models in each")]


def _tiles_of_best(first: StrategySummary | None) -> list[Tile]:
    if first is None:
        return []
    if first.is_random:
        return [Tile("none", "of the strategies has a larger area by seconds than", first.strategy)]
    found = []
    if difference := first.areas["seconds"].difference:
        gain = signed(difference.mean)
        found.append(Tile(gain, "F1 points over random at equal seconds, the best:", first.strategy))
    known = (level for level in HEADLINE_LEVELS if level in first.savings)
    level = next((each for each in known if first.savings[each].ratio["seconds"] is not None), None)
    if level is not None:
        ratio = first.savings[level].ratio["seconds"]
        goal = (
            "random’s last F1" if level == RANDOMS_LAST else f"{100 * float(level):.0f}% of the full-data F1"
        )
        found.append(Tile(f"{ratio:.2f}", f"of random’s seconds to reach {goal}:", first.strategy))
    return found


def _ranked(summary: Summary) -> list[StrategySummary]:
    """The best first, random last."""

    def rank(arm: StrategySummary) -> tuple[bool, float]:
        area = arm.areas.get("seconds")
        return arm.is_random, -area.value.mean if area else 1.0

    return sorted(summary.strategies, key=rank)


def _reliability(summary: Summary) -> list[tuple[StrategySummary, ReliabilityFigure]]:
    own = styles(summary.strategies)
    known = [(arm, arm.quality.calibration) for arm in summary.strategies]
    made = [(arm, calibration) for arm, calibration in known if calibration is not None]
    return [
        (arm, reliability_figure(arm.strategy, f"reliability-{number}", own[arm.strategy], calibration))
        for number, (arm, calibration) in enumerate(made)
    ]
