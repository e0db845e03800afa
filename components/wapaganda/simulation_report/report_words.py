"""The report's sentences: what each strategy came to, in words."""

from collections.abc import Mapping

from wapaganda.simulation_report.report_html import Html, join, tag
from wapaganda.simulation_report.summary import Summary
from wapaganda.simulation_report.summary_arm import ArmSummary
from wapaganda.simulation_report.summary_measures import Mean, isotonic
from wapaganda.simulation_report.summary_savings import RANDOMS_LAST, Saving

AXIS_WORDS = {"texts": "texts", "words": "words", "seconds": "estimated seconds"}
# The level that the issue of saving is judged by comes first, then lower ones.
HEADLINE_LEVELS = ("0.97", "0.95", RANDOMS_LAST)
BETTER, WORSE, UNSURE, ONE_SEED, UNKNOWN = "better", "worse", "unsure", "one-seed", "unknown"
VERDICTS = {
    BETTER: "better than random",
    WORSE: "worse than random",
    UNSURE: "not told apart from random",
    ONE_SEED: "one seed: no verdict",
    UNKNOWN: "not compared yet",
}


def points(value: float | None, digits: int = 1) -> str:
    """An F1 in [0, 1] as points, "72.1"; a dash when there is none."""
    return "–" if value is None else f"{100 * value:.{digits}f}"


def signed(value: float, digits: int = 1) -> str:
    """A difference of F1 in [0, 1] as points with its sign, "+2.1" or "−0.4"."""
    written = f"{100 * value:+.{digits}f}"
    return written.replace("-", "−") if float(written) else f"{0:.{digits}f}"


def verdict(arm: ArmSummary) -> str:
    """Whether the interval of the difference in area by seconds lies above or below nought."""
    area = arm.areas.get("seconds")
    difference = area.difference if area else None
    if difference is None:
        return UNKNOWN
    if difference.low is None or difference.high is None:
        return ONE_SEED
    if difference.low > 0:
        return BETTER
    return WORSE if difference.high < 0 else UNSURE


def headline(arm: ArmSummary, full_f1: float | None) -> Html:
    """One sentence on what the strategy needs over random, and one on how they stand at equal cost."""
    name = tag("strong", arm.strategy, class_="arm")
    if not arm.rounds:
        return join([name, " has not been simulated yet."])
    if arm.is_random:
        return join([name, " is what the others are compared with: ", _goes(arm)])
    if not arm.finished and "seconds" not in arm.areas:
        return join([name, " is not far enough to be compared: ", _goes(arm)])
    return join([name, " ", _need(arm, full_f1), " ", _standing(arm)])


def _goes(arm: ArmSummary) -> str:
    first, last = arm.rounds[0], arm.rounds[-1]
    if len(arm.rounds) == 1:
        return f"F1 {points(first.f1_mean)} with {first.texts:,.0f} texts."
    return (
        f"F1 {points(first.f1_mean)} with {first.texts:,.0f} texts, {points(last.f1_mean)} with "
        f"{last.texts:,.0f} ({_hours(last.seconds)} of marking from scratch)."
    )


def _hours(seconds: float) -> str:
    return f"about {seconds / 3600:.1f} hours" if seconds >= 5400 else f"about {seconds / 60:.0f} minutes"


def _need(arm: ArmSummary, full_f1: float | None) -> str:
    for level in HEADLINE_LEVELS:
        saving = arm.savings.get(level)
        if saving is None:
            continue
        goal = _goal(level, saving, full_f1)
        if saving.ratio["texts"] is not None:
            return f"needs {_listed(saving.ratio)} to reach {goal}."
        if saving.at_most:
            return f"reaches {goal}, random does not: it needs less than {_listed(saving.at_most)}."
        if saving.at_least and level == RANDOMS_LAST:
            return f"never reaches {goal}: {_end(arm)}"
    return _goes(arm)


def _end(arm: ArmSummary) -> str:
    level = float(isotonic([each.f1_mean for each in arm.rounds])[-1])
    return f"its level at the end is {points(level)}, with {arm.rounds[-1].texts:,.0f} texts."


def _goal(level: str, saving: Saving, full_f1: float | None) -> str:
    if level == RANDOMS_LAST:
        return f"the F1 that random has at its end ({points(saving.target)})"
    return f"{100 * float(level):.0f}% of the full-data F1 ({points(saving.target)} of {points(full_f1)})"


def _listed(ratio: Mapping[str, float | None] | Mapping[str, float]) -> str:
    known = [(ratio.get(axis), name) for axis, name in AXIS_WORDS.items()]
    parts = [
        f"{value:.2f} of {'random’s' if place == 0 else 'its'} {name}"
        for place, (value, name) in enumerate(known)
        if value is not None
    ]
    told = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    correcting = ratio.get("seconds_correcting")
    return told if correcting is None else f"{told} ({correcting:.2f} where proposals are corrected)"


def _standing(arm: ArmSummary) -> str:
    area = arm.areas.get("seconds")
    if area is None or area.difference is None:
        return "There is no range of costs yet over which it could be compared with random."
    mean = area.difference.mean
    where = "above" if mean >= 0 else "below"
    told = f"At equal estimated seconds it lies {abs(100 * mean):.1f} F1 points {where} random on average"
    return f"{told}{_interval(area.difference)}{_worst(arm)}."


def _interval(difference: Mean) -> str:
    if difference.low is None or difference.high is None:
        return " (one seed: no interval)"
    return f" (95% interval {signed(difference.low)} to {signed(difference.high)})"


def _worst(arm: ArmSummary) -> str:
    if arm.worst is None:
        return ""
    if arm.worst.delta_f1 >= 0:
        return ", and in no round below"
    return f", and at its worst {abs(arm.worst.delta_f1):.1f} points below (round {arm.worst.round})"


def best(summary: Summary) -> ArmSummary | None:
    """The strategy with the largest area by estimated seconds, random among them."""
    known = [arm for arm in summary.strategies if "seconds" in arm.areas]
    return max(known, key=lambda arm: arm.areas["seconds"].value.mean, default=None)
