"""The top of the report: what was simulated, the few numbers that count, a sentence on each strategy."""

from wapaganda.simulation_report.figure_marks import colour, looks
from wapaganda.simulation_report.report_html import Html, tag
from wapaganda.simulation_report.report_tables import breakable
from wapaganda.simulation_report.report_words import (
    HEADLINE_LEVELS,
    VERDICTS,
    best,
    headline,
    points,
    signed,
    verdict,
)
from wapaganda.simulation_report.summary import Summary
from wapaganda.simulation_report.summary_arm import ArmSummary
from wapaganda.simulation_report.summary_savings import RANDOMS_LAST

MOST_TYPES = 8


def facts_of(summary: Summary) -> list[str]:
    """What was simulated, in a line: corpus, sizes, seeds."""
    corpus, full = summary.corpus, summary.full
    found = []
    if full:
        held = f"{full.words:,} words, {full.entities:,} entities"
        found.append(f"Pool: {full.texts:,} texts ({held})")
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


def tiles(summary: Summary) -> Html:
    """The few numbers that a reader in a hurry takes along."""
    found: list[tuple[str, str, str]] = []
    if full := summary.full:
        found.append((points(full.f1), f"F1 of training on the whole pool ({full.texts:,} texts)", ""))
    found += _best_tiles(best(summary))
    runs = sum(len(arm.seeds) for arm in summary.strategies)
    rounds = max(len(arm.rounds) for arm in summary.strategies)
    found.append((str(runs), f"runs of {len(summary.strategies)} strategies, {rounds} models in each", ""))
    items = [
        tag("li", [tag("b", big), tag("span", small), tag("em", breakable(name)) if name else Html("")])
        for big, small, name in found
    ]
    return tag("ul", items, class_="tiles")


def _best_tiles(first: ArmSummary | None) -> list[tuple[str, str, str]]:
    if first is None:
        return []
    if first.is_random:
        return [("none", "of the strategies has a larger area by seconds than", first.strategy)]
    found = []
    if difference := first.areas["seconds"].difference:
        found.append(
            (signed(difference.mean), "F1 points over random at equal seconds, the best:", first.strategy)
        )
    for level in HEADLINE_LEVELS:
        saving = first.savings.get(level)
        if saving and (ratio := saving.ratio["seconds"]) is not None:
            goal = (
                "random’s last F1"
                if level == RANDOMS_LAST
                else f"{100 * float(level):.0f}% of the full-data F1"
            )
            found.append((f"{ratio:.2f}", f"of random’s seconds to reach {goal}:", first.strategy))
            break
    return found


def headlines(summary: Summary) -> Html:
    """One entry a strategy, the best first, random last."""
    own = looks(summary.strategies)
    areas = {
        arm.strategy: area.value.mean for arm in summary.strategies if (area := arm.areas.get("seconds"))
    }
    ordered = sorted(summary.strategies, key=lambda arm: (arm.is_random, -areas.get(arm.strategy, -1.0)))
    items = []
    for arm in ordered:
        found = verdict(arm)
        badge = Html("") if arm.is_random else tag("span", VERDICTS[found], class_=f"verdict {found}")
        content = [badge, tag("p", headline(arm, summary.full_f1))]
        items.append(tag("li", content, class_=colour(own[arm.strategy])))
    return tag("ul", items, class_="headlines")


def warnings(title: str, sentences: tuple[str, ...]) -> Html:
    """What a reader must know first; nothing when there is nothing."""
    if not sentences:
        return Html("")
    return tag("div", [tag("h3", title), tag("ul", [tag("li", each) for each in sentences])], class_="warn")
