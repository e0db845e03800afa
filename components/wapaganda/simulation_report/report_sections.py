"""The parts of the report below its top: each a figure or tables, and a sentence on how to read them."""

from wapaganda.simulation_report.figure_curves import PANELS, banded, curves_panel
from wapaganda.simulation_report.figure_duplicates import duplicates_figure
from wapaganda.simulation_report.figure_marks import legend, looks
from wapaganda.simulation_report.figure_reliability import reliability
from wapaganda.simulation_report.report_html import Html, join, numbers, tag
from wapaganda.simulation_report.report_tables import areas_table, rounds_table, savings_table, worst_table
from wapaganda.simulation_report.report_tables_quality import (
    bins_table,
    calibration_table,
    copies_table,
    pairs_table,
    types_table,
)
from wapaganda.simulation_report.report_words import points
from wapaganda.simulation_report.summary import Summary

WIDE, NARROW = (520.0, 330.0), (340.0, 270.0)


def section(title: str, lead: str, *content: str) -> Html:
    """A titled part with one sentence that says how to read it."""
    return tag("section", [tag("h2", title), tag("p", lead, class_="lead") if lead else Html(""), *content])


def curves(summary: Summary) -> Html:
    """The learning curves and every number in them."""
    panels = [
        tag("figure", [tag("figcaption", title), curves_panel(summary, axis, *(WIDE if wide else NARROW))])
        for axis, (title, _) in PANELS.items()
        for wide in [axis.startswith("seconds")]
    ]
    tables = [rounds_table(arm) for arm in summary.strategies if arm.rounds]
    all_banded = len(banded(summary)) == len(summary.strategies)
    bands = "a band" if all_banded else "a band (random and the best) or a hairline (the others)"
    return section(
        "Learning curves",
        f"Strict span F1 on the test texts, mean over seeds, with the 95% interval of the mean as {bands}. "
        "Further up and to the left is better. Seconds are the honest axis: chosen texts are often longer "
        "and fuller of entities than random ones.",
        legend(summary.strategies),
        tag("div", panels[:2], class_="panels two"),
        tag("div", panels[2:], class_="panels three"),
        numbers("The numbers of these figures", join(tables)),
    )


def areas(summary: Summary) -> Html:
    """The area under each curve."""
    lead = "How good the model is on average while the labels come in."
    return section("Area under the curve", lead, areas_table(summary))


def savings(summary: Summary) -> Html:
    """What each level of F1 takes; nothing where there is nothing to compare with."""
    levels = dict.fromkeys(level for arm in summary.strategies for level in arm.savings)
    if not levels:
        return Html("")
    return section(
        "Savings",
        "What it takes to reach a level, and below it the multiple of random’s need, with its lowest and "
        "highest value when any one seed is left out. Below 1 is a saving.",
        *[savings_table(summary, level) for level in levels],
    )


def worst(summary: Summary) -> Html:
    """Where each strategy stands lowest against random."""
    lead = "A strategy that is better on average can still be worse for a while: here is its worst moment."
    return section("Worst round against random", lead, worst_table(summary)) if summary.random else Html("")


def types(summary: Summary) -> Html:
    """F1 by entity type."""
    return section(
        "By type", "Whether a strategy buys its F1 with the frequent types alone.", types_table(summary)
    )


def calibration(summary: Summary) -> Html:
    """Reliability diagrams and how far the estimated F1 of the pool was off."""
    own = looks(summary.strategies)
    made = [(arm, arm.judgement.calibration) for arm in summary.strategies]
    known = [(arm, each) for arm, each in made if each is not None]
    figures = [
        tag("figure", [
            tag("figcaption", [arm.strategy, tag("small", f"ECE {points(each.ece_before)}% before, "
                f"{points(each.ece_after)}% after; {each.texts:,.0f} texts")]),
            reliability(arm.strategy, f"reliability-{number}", own[arm.strategy], each),
        ])
        for number, (arm, each) in enumerate(known)
    ]  # fmt: skip
    tables = [bins_table(arm.strategy, each.bins, each.bins_before) for arm, each in known]
    return section(
        "Does the model know what it does not know?",
        "Of 100 spans to which it gives 80%, a calibrated model has 80 right: its points lie on the dotted "
        "line. Grey is before calibration, where that was kept; in colour after it.",
        tag("div", figures, class_="panels three") if figures else tag("p", "No calibration was made."),
        calibration_table(summary),
        numbers("The numbers of these figures", join(tables)) if tables else "",
    )


def copies(summary: Summary) -> Html:
    """Near copies within batches."""
    arms = [arm for arm in summary.strategies if arm.rounds]
    return section(
        "Near copies in each batch",
        "Texts that are almost the same as another of their batch: labelling them teaches little. The "
        "larger a point, the larger their share; at the right that of all batches, best below 1%.",
        tag("figure", duplicates_figure(arms), class_="wide"),
        numbers("The numbers of this figure", copies_table(summary)),
    )


def settings(summary: Summary) -> Html:
    """How this was simulated, so that it can be done again."""
    plan = {name.replace("_", " "): value for name, value in summary.plan.items() if name != "strategies"}
    names = ", ".join(arm.strategy for arm in summary.strategies)
    spent = [
        (
            f"seconds of computing, {arm.strategy}",
            f"{arm.train_seconds:,.0f} training, {arm.score_seconds:,.0f} scoring (mean of a run)",
        )
        for arm in summary.strategies
        if arm.rounds
    ]
    return section(
        "Settings",
        "",
        pairs_table("How it was simulated", [("strategies", names), *plan.items(), *spent]),
    )
