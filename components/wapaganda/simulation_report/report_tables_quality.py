"""The tables on what the models can do: by type, calibration, near copies; and the settings."""

from collections.abc import Mapping, Sequence

from wapaganda.simulation_report.report_html import Html, join, table, tag
from wapaganda.simulation_report.report_tables import named
from wapaganda.simulation_report.report_words import points
from wapaganda.simulation_report.summary import Summary
from wapaganda.simulation_report.summary_arm import ArmSummary
from wapaganda.simulation_report.summary_judgement import Bins


def types_table(summary: Summary) -> Html:
    """F1 by entity type at each strategy's last round; in small the spans that were labelled by then."""
    arms = [arm for arm in summary.strategies if arm.per_type]
    labels: dict[str, int] = {}
    for arm in arms:
        for label, each in arm.per_type.items():
            labels[label] = max(each.support, labels.get(label, 0))
    full = summary.full.per_type if summary.full else {}
    ordered = sorted(labels, key=lambda label: (-labels[label], label))
    rows = [
        [
            label,
            f"{labels[label]:,}",
            *(_type(arm, label) for arm in arms),
            *([points(full[label].f1) if label in full else "–"] if full else []),
        ]
        for label in ordered
    ]
    head = ["type", "test spans", *(named(summary, arm) for arm in arms), *(["whole pool"] if full else [])]
    return table("F1 by type at the last round", head, rows, note="in small: spans labelled by then")


def _type(arm: ArmSummary, label: str) -> Html:
    each = arm.per_type.get(label)
    if each is None:
        return tag("span", "–")
    return join([points(each.f1), tag("small", f"{each.labelled:,.0f}", class_="under")])


def calibration_table(summary: Summary) -> Html:
    """ECE and estimated pool F1 before and after, and how far off the estimate is over all rounds."""
    head = ["strategy", "temperature", "ECE before", "ECE after", "off before", "off after"]
    head += ["off, all rounds", "off at worst"]
    rows: list[list[str]] = []
    for arm in summary.strategies:
        own = arm.judgement
        made = own.calibration
        cells = ["–"] * 5 if made is None else [
            f"{made.temperature:.2f}", *(points(value) for value in (
                made.ece_before, made.ece_after, made.error_before, made.error_after)),
        ]  # fmt: skip
        rows.append([named(summary, arm), *cells, points(own.estimate_error), points(own.estimate_worst)])
    note = "ECE in percent; off: the estimate from the true F1, in points; all rounds: not calibrated"
    return table("Calibration and the estimated F1 of the pool", head, rows, note=note)


def bins_table(name: str, bins: Bins, bins_before: Bins) -> Html:
    """The points of one reliability diagram."""
    rows = [
        [when, f"{100 * confidence:.1f}", f"{100 * right:.1f}", f"{n:,}"]
        for when, found in (("before", bins_before), ("after", bins))
        for confidence, right, n in found
    ]
    return table(f"Reliability of {name}", ["calibration", "confidence, %", "right, %", "spans"], rows)


def copies_table(summary: Summary) -> Html:
    """Near copies in each batch, mean over seeds, and in all batches together."""
    arms = [arm for arm in summary.strategies if arm.rounds]
    numbers = sorted({each.round for arm in arms for each in arm.rounds if each.chosen})
    rows = []
    for arm in arms:
        by_round = {each.round: each for each in arm.rounds if each.chosen}
        chosen = sum(each.chosen for each in by_round.values())
        copies = sum(each.near_duplicates for each in by_round.values())
        cells = [
            f"{by_round[number].near_duplicates:.1f}" if number in by_round else "–" for number in numbers
        ]
        rows.append([named(summary, arm), *cells, f"{100 * copies / chosen:.1f}%" if chosen else "–"])
    head = ["strategy", *map(str, numbers), "in all"]
    return table("Near copies in the batch after each round", head, rows, note="texts, mean over seeds")


def pairs_table(caption: str, pairs: Mapping[str, object] | Sequence[tuple[str, object]]) -> Html:
    """Names and values, such as the settings."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    rows = [[name, _value(value)] for name, value in items]
    return table(caption, ["name", "value"], rows, class_="pairs")


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
