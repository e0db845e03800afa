"""The sentences of the report: the result of each strategy in words."""

from collections.abc import Mapping

from wapaganda.simulation_report.analysis import RANDOMS_LAST, Mean, Saving, StrategySummary, isotonic

AXIS_WORDS = {"texts": "texts", "words": "words", "seconds": "estimated seconds"}
# A sentence is about the first of these levels that the strategy has.
HEADLINE_LEVELS = ("0.97", "0.95", RANDOMS_LAST)
BETTER, WORSE, UNSURE, ONE_SEED, UNKNOWN = "better", "worse", "unsure", "one-seed", "unknown"
VERDICTS = {
    BETTER: "better than random",
    WORSE: "worse than random",
    UNSURE: "no clear difference to random",
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


def verdict(arm: StrategySummary) -> str:
    """Whether the interval of the difference in area by seconds lies above or below zero."""
    area = arm.areas.get("seconds")
    difference = area.difference if area else None
    if difference is None:
        return UNKNOWN
    if difference.low is None or difference.high is None:
        return ONE_SEED
    if difference.low > 0:
        return BETTER
    return WORSE if difference.high < 0 else UNSURE


def headline(arm: StrategySummary, full_f1: float | None) -> str:
    """What follows a strategy's name: what it needs compared with random, and its F1 at equal cost."""
    if not arm.rounds:
        return "has not been simulated yet."
    if arm.is_random:
        return f"is what the others are compared with: {_course(arm)}"
    if not arm.finished and "seconds" not in arm.areas:
        return f"has too few rounds to be compared: {_course(arm)}"
    return f"{_need(arm, full_f1)} {_standing(arm)}"


def _course(arm: StrategySummary) -> str:
    first, last = arm.rounds[0], arm.rounds[-1]
    if len(arm.rounds) == 1:
        return f"F1 {points(first.f1_mean)} with {first.texts:,.0f} texts."
    return (
        f"F1 {points(first.f1_mean)} with {first.texts:,.0f} texts, {points(last.f1_mean)} with "
        f"{last.texts:,.0f} ({_hours(last.seconds)} of marking from scratch)."
    )


def _hours(seconds: float) -> str:
    return f"about {seconds / 3600:.1f} hours" if seconds >= 5400 else f"about {seconds / 60:.0f} minutes"


def _need(arm: StrategySummary, full_f1: float | None) -> str:
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
            return f"does not reach {goal}: {_end(arm)}"
    return _course(arm)


def _end(arm: StrategySummary) -> str:
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
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    correcting = ratio.get("seconds_correcting")
    return listed if correcting is None else f"{listed} ({correcting:.2f} where proposals are corrected)"


def _standing(arm: StrategySummary) -> str:
    area = arm.areas.get("seconds")
    if area is None or area.difference is None:
        return "There is no range of costs yet in which it can be compared with random."
    mean = area.difference.mean
    where = "above" if mean >= 0 else "below"
    distance = f"{abs(100 * mean):.1f} F1 points {where} random on average"
    return f"At equal estimated seconds it is {distance}{_interval(area.difference)}{_worst(arm)}."


def _interval(difference: Mean) -> str:
    if difference.low is None or difference.high is None:
        return " (one seed: no interval)"
    return f" (95% interval {signed(difference.low)} to {signed(difference.high)})"


def _worst(arm: StrategySummary) -> str:
    if arm.worst is None:
        return ""
    if arm.worst.delta_f1 >= 0:
        return ", and never below it"
    return f", and at its worst {abs(arm.worst.delta_f1):.1f} points below it (round {arm.worst.round})"
