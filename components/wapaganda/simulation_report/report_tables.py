"""The tables of the report; each stands alone, and one stands under every figure."""

import re

from wapaganda.simulation_report.figure_curves import PANELS
from wapaganda.simulation_report.figure_marks import looks, swatch
from wapaganda.simulation_report.report_html import Html, join, table, tag
from wapaganda.simulation_report.report_words import points, signed
from wapaganda.simulation_report.summary import Summary
from wapaganda.simulation_report.summary_arm import ArmSummary
from wapaganda.simulation_report.summary_curves import MeanRound
from wapaganda.simulation_report.summary_measures import Mean
from wapaganda.simulation_report.summary_savings import RANDOMS_LAST, Saving

SHORT = {
    "seconds": "seconds, from scratch",
    "seconds_correcting": "seconds, correcting",
    "texts": "texts",
    "words": "words",
    "entities": "entities",
}


def named(summary: Summary, arm: ArmSummary) -> Html:
    """A strategy's name with its look in the figures."""
    look = looks(summary.strategies)[arm.strategy]
    return tag("span", [swatch(look), tag("span", breakable(arm.strategy))], class_="named")


def breakable(name: str) -> Html:
    """A strategy's name that may go on in a new line after its colons, underscores, signs."""
    return join(re.split(r"(?<=[:_+=])", name), Html("<wbr>"))


def rounds_table(arm: ArmSummary) -> Html:
    """Every round of one strategy as means over its seeds."""
    head = ["round", "texts", "words", "entities", "seconds", "correcting", "F1", "±", "precision", "recall",
            "macro F1"]  # fmt: skip
    rows = [
        [
            str(each.round),
            *(f"{each.cost(axis):,.0f}" for axis in ("texts", "words", "entities", "seconds")),
            f"{each.seconds_correcting:,.0f}",
            points(each.f1_mean),
            _half(each),
            *(points(value) for value in (each.precision, each.recall, each.macro_f1)),
        ]
        for each in arm.rounds
    ]
    note = f"mean of {len(arm.seeds)} seeds" if len(arm.seeds) > 1 else "one seed"
    return table(arm.strategy, head, rows, note=note)


def _half(each: MeanRound) -> str:
    return "–" if each.f1_high is None else points(each.f1_high - each.f1_mean)


def areas_table(summary: Summary) -> Html:
    """The mean height of each curve over the range that all cover, and its difference to random's."""
    rows = [[named(summary, arm), *(_area(arm, axis) for axis in PANELS)] for arm in summary.strategies]
    return table(
        "Area under the curve",
        ["strategy", *(SHORT[axis] for axis in PANELS)],
        rows,
        note="mean F1 over the costs that all curves cover; below it the paired difference to random with "
        "its 95% interval",
    )


def _area(arm: ArmSummary, axis: str) -> Html:
    area = arm.areas.get(axis)
    if area is None:
        return tag("span", "–")
    return join([points(area.value.mean), _difference(area.difference)])


def _difference(difference: Mean | None) -> Html:
    if difference is None:
        return Html("")
    if difference.low is None or difference.high is None:
        return tag("small", signed(difference.mean), class_="under")
    sign = "good" if difference.low > 0 else "bad" if difference.high < 0 else None
    interval = f" ({signed(difference.low)} to {signed(difference.high)})"
    return tag("small", [tag("b", signed(difference.mean), class_=sign), interval], class_="under")


def savings_table(summary: Summary, level: str) -> Html:
    """What each strategy needs for one level: its cost by axis, and below it the ratio to random's."""
    target = next(arm.savings[level].target for arm in summary.strategies if level in arm.savings)
    rows = [
        [named(summary, arm), *(_saving(arm.savings.get(level), axis, arm.is_random) for axis in PANELS)]
        for arm in summary.strategies
    ]
    return table(_level_name(level), ["strategy", *(SHORT[axis] for axis in PANELS)], rows,
                 note=f"F1 {points(target)}")  # fmt: skip


def _level_name(level: str) -> str:
    if level == RANDOMS_LAST:
        return "To reach the F1 that random has at its end"
    return f"To reach {100 * float(level):.0f}% of the full-data F1"


def _saving(saving: Saving | None, axis: str, is_random: bool) -> Html:
    if saving is None:
        return tag("span", "–")
    cost = saving.cost[axis]
    shown = "not reached" if cost is None else f"{cost:,.0f}"
    return join([shown if cost is not None else tag("i", shown), "" if is_random else _ratio(saving, axis)])


def _ratio(saving: Saving, axis: str) -> Html:
    ratio = saving.ratio[axis]
    if ratio is not None:
        shown = round(ratio, 2)
        class_ = "good" if shown < 1 else "bad" if shown > 1 else None
        spread = saving.spread.get(axis)
        told = f" ({spread[0]:.2f}–{spread[1]:.2f})" if spread else ""
        return tag("small", [tag("b", f"{ratio:.2f} ×", class_=class_), told], class_="under")
    for sign, bounds in (("<", saving.at_most), (">", saving.at_least)):
        if axis in bounds:
            class_ = "good" if sign == "<" and bounds[axis] < 1 else None
            return tag("small", tag("b", f"{sign} {bounds[axis]:.2f} ×", class_=class_), class_="under")
    return Html("")


def worst_table(summary: Summary) -> Html:
    """For each strategy the round at which it stands lowest against random at equal seconds."""
    rows: list[list[str]] = []
    for arm in summary.strategies:
        if arm.is_random:
            continue
        worst = arm.worst
        cells = ["–"] * 5 if worst is None else [
            str(worst.round), f"{worst.seconds:,.0f}", points(worst.f1), points(worst.random_f1),
            tag("b", signed(worst.delta_f1 / 100), class_="good" if worst.delta_f1 >= 0 else "bad"),
        ]  # fmt: skip
        rows.append([named(summary, arm), *cells])
    head = ["strategy", "round", "at seconds", "its F1", "random’s F1", "difference"]
    return table("Worst round against random", head, rows,
                 note="at equal estimated seconds from scratch, means over seeds")  # fmt: skip
