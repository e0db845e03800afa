"""The tables of the report as plain values; the template tables.html.j2 draws them."""

from collections.abc import Mapping

from wapaganda.html_page import NONE, Cell, Table, cells
from wapaganda.simulation_report.analysis import (
    RANDOMS_LAST,
    Bins,
    Mean,
    MeanRound,
    Saving,
    StrategySummary,
    Summary,
)
from wapaganda.simulation_report.figures import PANELS, near_duplicate_share, styles
from wapaganda.simulation_report.html.sentences import points, signed

SHORT = {
    "seconds": "seconds, from scratch",
    "seconds_correcting": "seconds, correcting",
    "texts": "texts",
    "words": "words",
    "entities": "entities",
}


def _named(summary: Summary, arm: StrategySummary) -> Cell:
    return Cell(arm.strategy, style=styles(summary.strategies)[arm.strategy])


def rounds_table(arm: StrategySummary) -> Table:
    """Every round of one strategy as means over its seeds."""
    head = ["round", "texts", "words", "entities", "seconds", "correcting", "F1", "±", "precision", "recall",
            "macro F1"]  # fmt: skip
    rows = [
        cells([
            str(each.round),
            *(f"{each.cost(axis):,.0f}" for axis in ("texts", "words", "entities", "seconds")),
            f"{each.seconds_correcting:,.0f}",
            points(each.f1_mean),
            _half(each),
            *(points(value) for value in (each.precision, each.recall, each.macro_f1)),
        ])
        for each in arm.rounds
    ]  # fmt: skip
    note = f"mean of {len(arm.seeds)} seeds" if len(arm.seeds) > 1 else "one seed"
    return Table(arm.strategy, cells(head), rows, note)


def _half(each: MeanRound) -> str:
    return "–" if each.f1_high is None else points(each.f1_high - each.f1_mean)


def areas_table(summary: Summary) -> Table:
    """The mean height of each curve over the range that all cover, and its difference to random's."""
    rows = [[_named(summary, arm), *(_area(arm, axis) for axis in PANELS)] for arm in summary.strategies]
    note = (
        "mean F1 over the costs that all curves cover; below it the paired difference to random with "
        "its 95% interval"
    )
    return Table("Area under the curve", cells(["strategy", *(SHORT[axis] for axis in PANELS)]), rows, note)


def _area(arm: StrategySummary, axis: str) -> Cell:
    area = arm.areas.get(axis)
    return NONE if area is None else _difference(points(area.value.mean), area.difference)


def _difference(text: str, difference: Mean | None) -> Cell:
    if difference is None:
        return Cell(text)
    if difference.low is None or difference.high is None:
        return Cell(text, under=signed(difference.mean))
    return Cell(
        text,
        under_bold=signed(difference.mean),
        under_css="good" if difference.low > 0 else "bad" if difference.high < 0 else "",
        under=f" ({signed(difference.low)} to {signed(difference.high)})",
    )


def savings_tables(summary: Summary) -> list[Table]:
    """For each level what each strategy needs: its cost by axis, and below it the ratio to random's."""
    levels = dict.fromkeys(level for arm in summary.strategies for level in arm.savings)
    return [_savings_table(summary, level) for level in levels]


def _savings_table(summary: Summary, level: str) -> Table:
    target = next(arm.savings[level].target for arm in summary.strategies if level in arm.savings)
    rows = [
        [_named(summary, arm), *(_saving(arm.savings.get(level), axis, arm.is_random) for axis in PANELS)]
        for arm in summary.strategies
    ]
    head = cells(["strategy", *(SHORT[axis] for axis in PANELS)])
    return Table(_level_name(level), head, rows, f"F1 {points(target)}")


def _level_name(level: str) -> str:
    if level == RANDOMS_LAST:
        return "To reach the F1 that random has at its end"
    return f"To reach {100 * float(level):.0f}% of the full-data F1"


def _saving(saving: Saving | None, axis: str, is_random: bool) -> Cell:
    if saving is None:
        return NONE
    cost, ratio = saving.cost[axis], saving.ratio[axis]
    text = "not reached" if cost is None else f"{cost:,.0f}"
    bold = css = under = ""
    if ratio is not None:
        rounded, spread = round(ratio, 2), saving.spread.get(axis)
        bold, css = f"{ratio:.2f} ×", "good" if rounded < 1 else "bad" if rounded > 1 else ""
        under = f" ({spread[0]:.2f}–{spread[1]:.2f})" if spread else ""
    elif axis in saving.at_most:
        bold, css = f"< {saving.at_most[axis]:.2f} ×", "good" if saving.at_most[axis] < 1 else ""
    elif axis in saving.at_least:
        bold = f"> {saving.at_least[axis]:.2f} ×"
    if is_random:
        return Cell(text, italic=cost is None)
    return Cell(text, italic=cost is None, under_bold=bold, under_css=css, under=under)


def worst_table(summary: Summary) -> Table:
    """For each strategy the round at which it is lowest compared with random at equal seconds."""
    rows = [
        [_named(summary, arm), *_worst(arm)] for arm in summary.strategies if not arm.is_random
    ]  # fmt: skip
    head = ["strategy", "round", "at seconds", "its F1", "random’s F1", "difference"]
    note = "at equal estimated seconds from scratch, means over seeds"
    return Table("Worst round against random", cells(head), rows, note)


def _worst(arm: StrategySummary) -> list[Cell]:
    worst = arm.worst
    if worst is None:
        return [NONE] * 5
    numbers = [str(worst.round), f"{worst.seconds:,.0f}", points(worst.f1), points(worst.random_f1)]
    css = "good" if worst.delta_f1 >= 0 else "bad"
    return [*cells(numbers), Cell(signed(worst.delta_f1 / 100), css=css)]


def types_table(summary: Summary) -> Table:
    """F1 by entity type at each strategy's last round; in small letters the spans labelled by then."""
    arms = [arm for arm in summary.strategies if arm.per_type]
    support: dict[str, int] = {}
    for arm in arms:
        for label, each in arm.per_type.items():
            support[label] = max(each.support, support.get(label, 0))
    full = summary.full.per_type if summary.full else {}
    rows = [
        [
            Cell(label),
            Cell(f"{support[label]:,}"),
            *(_type(arm, label) for arm in arms),
            *([Cell(points(full[label].f1) if label in full else "–")] if full else []),
        ]
        for label in sorted(support, key=lambda label: (-support[label], label))
    ]
    head = [*cells(["type", "test spans"]), *(_named(summary, arm) for arm in arms)]
    head += [Cell("whole pool")] if full else []
    return Table("F1 by type at the last round", head, rows, "in small: spans labelled by then")


def _type(arm: StrategySummary, label: str) -> Cell:
    each = arm.per_type.get(label)
    return NONE if each is None else Cell(points(each.f1), under=f"{each.labelled:,.0f}")


def calibration_table(summary: Summary) -> Table:
    """ECE and estimated pool F1 before and after, and the error of the estimate over all rounds."""
    head = ["strategy", "temperature", "ECE before", "ECE after", "off before", "off after"]
    head += ["off, all rounds", "off at worst"]
    rows = []
    for arm in summary.strategies:
        made = arm.quality.calibration
        errors = [points(arm.quality.estimate_error), points(arm.quality.estimate_worst)]
        numbers = ["–"] * 5 if made is None else [
            f"{made.temperature:.2f}", *(points(value) for value in (
                made.ece_before, made.ece_after, made.error_before, made.error_after)),
        ]  # fmt: skip
        rows.append([_named(summary, arm), *cells([*numbers, *errors])])
    note = "ECE in percent; off: the estimate from the true F1, in points; all rounds: not calibrated"
    return Table("Calibration and the estimated F1 of the pool", cells(head), rows, note)


def bins_table(name: str, bins: Bins, bins_before: Bins) -> Table:
    """The points of one reliability diagram."""
    rows = [
        cells([when, f"{100 * confidence:.1f}", f"{100 * right:.1f}", f"{n:,}"])
        for when, found in (("before", bins_before), ("after", bins))
        for confidence, right, n in found
    ]
    return Table(f"Reliability of {name}", cells(["calibration", "confidence, %", "right, %", "spans"]), rows)


def near_duplicates_table(summary: Summary) -> Table:
    """Near duplicates in each batch, mean over seeds, and in all batches together."""
    arms = [arm for arm in summary.strategies if arm.rounds]
    numbers = sorted({each.round for arm in arms for each in arm.rounds if each.chosen})
    rows = []
    for arm in arms:
        by_round = {each.round: f"{each.near_duplicates:.1f}" for each in arm.rounds if each.chosen}
        share = near_duplicate_share([each for each in arm.rounds if each.chosen])
        total = "–" if share is None else f"{100 * share:.1f}%"
        rows.append(
            [_named(summary, arm), *cells([*(by_round.get(number, "–") for number in numbers), total])]
        )
    head = cells(["strategy", *map(str, numbers), "in all"])
    return Table(
        "Near duplicates in the batch after each round", head, rows, "texts, mean over seeds"
    )  # fmt: skip


def settings_table(summary: Summary) -> Table:
    """How the simulation was made, so that it can be repeated."""
    plan = {name.replace("_", " "): value for name, value in summary.plan.items() if name != "strategies"}
    spent = {
        f"seconds of computing, {arm.strategy}": (
            f"{arm.train_seconds:,.0f} training, {arm.score_seconds:,.0f} scoring (mean of a run)"
        )
        for arm in summary.strategies
        if arm.rounds
    }
    names = ", ".join(arm.strategy for arm in summary.strategies)
    rows = [cells([name, _value(value)]) for name, value in ({"strategies": names} | plan | spent).items()]
    return Table("How it was simulated", cells(["name", "value"]), rows, css="pairs")


def data_set_settings_table(summary: Summary) -> Table | None:
    """How the data set was simulated; ``None`` when it was not."""
    if summary.data_set is None:
        return None
    plan = {name.replace("_", " "): value for name, value in summary.data_set.plan.items()}
    rows = [cells([name, _value(value)]) for name, value in plan.items()]
    return Table("How the data set was simulated", cells(["name", "value"]), rows, css="pairs")


def _value(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_value(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value(each) for each in value)
    return str(value)
