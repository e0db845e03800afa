"""The part of the page about the finished data set: its tiles, its figure's legend and its tables."""

from collections.abc import Mapping
from typing import Any

from wapaganda.html_page import NONE, Cell, Style, Table
from wapaganda.simulation_report.analysis import WAYS, DataSetSummary, HoursRatio
from wapaganda.simulation_report.figures import file_curves_figure, way_styles
from wapaganda.simulation_report.html.sentences import points, signed

STANDARD = "standard"
HEADLINES = ("0.90", "0.95")


def data_set_values(summary: DataSetSummary) -> dict[str, Any]:
    """What the template shows of a simulated data set."""
    own = way_styles(summary)
    return {
        "tiles": [
            (
                _number(summary.h1.get(level)),
                f"of the standard alternative’s hours until the file has F1 {level}",
            )
            for level in HEADLINES
        ],
        "facts": (
            f"The file: {summary.n_texts:,} texts with {summary.n_entities:,} entities; "
            f"{summary.hours_by_hand:.1f} hours to mark all of it from scratch."
        ),
        "legend": [(own[name], name, WAYS[name]) for name in WAYS if name in own],
        "figure": file_curves_figure(summary),
        "tables": [_ratios(summary), _hours(summary, own), _conditions(summary), *_estimates(summary)],
    }


def _number(ratio: HoursRatio | None) -> str:
    if ratio is None:
        return "–"
    return f"{ratio.mean:.2f}" if ratio.mean is not None else f"< {ratio.at_most:.2f}"


def _cell(ratio: HoursRatio | None) -> Cell:
    if ratio is None:
        return NONE
    css = "" if ratio.mean is None else "good" if round(ratio.mean, 2) < 1 else "bad"
    if ratio.low is None or ratio.high is None:
        return Cell(_number(ratio), css=css)
    return Cell(_number(ratio), css=css, under=f"{ratio.low:.2f} to {ratio.high:.2f}")


def _ratios(summary: DataSetSummary) -> Table:
    head = [Cell("hours, ours / the other’s"), Cell("ratio")]
    rows = [
        [Cell(f"H1({level}): until the file has F1 {level}, against the standard alternative"), _cell(ratio)]
        for level, ratio in summary.h1.items()
    ]
    rows += [
        [Cell("H2: the same model on the test texts, against the standard alternative"), _cell(summary.h2)],
        [Cell("H3: the same model, against random order with our trainer and proposals"), _cell(summary.h3)],
    ]
    n = len(summary.seeds)
    seeds = "one seed" if n == 1 else f"{n} seeds, 95% jackknife interval"
    return Table("The hours of annotators", head, rows, f"N = {summary.n_texts:,} texts; {seeds}")


def _hours(summary: DataSetSummary, own: Mapping[str, Style]) -> Table:
    levels = list(summary.h1)
    rows = [
        [Cell(name, style=own[name]), *(_hours_cell(summary, name, level) for level in levels)]
        for name in summary.hours
    ]
    head = [Cell("way"), *(Cell(f"F1 {level}") for level in levels)]
    note = "hours, mean over seeds; below them the part of the standard alternative’s"
    return Table("Hours until the whole file has this F1", head, rows, note)


def _hours_cell(summary: DataSetSummary, name: str, level: str) -> Cell:
    hours, others = summary.hours[name][level], summary.hours[STANDARD][level]
    if hours is None:
        return Cell("not reached", italic=True)
    part = f"{hours / others:.2f} ×" if others and name != STANDARD else ""
    return Cell(f"{hours:.1f}", under_bold=part)


def _conditions(summary: DataSetSummary) -> Table:
    levels = list(summary.h1)
    rows = [
        [Cell(name), *(_cell(found[level]) for level in levels)] for name, found in summary.conditions.items()
    ]
    head = [Cell("annotators and prices"), *(Cell(f"H1({level})") for level in levels)]
    note = "the same order and the same models; what is accepted or overlooked stays in the file"
    return Table("Other annotators, other prices", head, rows, note)


def _estimates(summary: DataSetSummary) -> list[Table]:
    """The estimated F1 of the file beside the true one, where the model was cross-fitted."""
    rows = [
        [
            Cell(f"{each.texts:,}"),
            Cell(str(record.seed)),
            Cell(points(each.true)),
            Cell(points(each.estimated)),
            Cell(f"{points(each.interval[0])} to {points(each.interval[1])}"),
            Cell(signed(each.estimated - each.true)),
        ]
        for record in summary.records
        for each in record.estimates
        if each.calibrated
    ]
    head = [Cell(name) for name in ("texts of people", "seed", "true", "estimated", "95% interval", "off")]
    return [Table("The F1 of the file as the product estimates it", head, rows)] if rows else []
