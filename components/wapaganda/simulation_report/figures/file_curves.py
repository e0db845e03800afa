"""The F1 of the whole file against the hours of annotators, one line for each way to label it."""

from collections.abc import Sequence

from wapaganda.html_page import (
    Axis,
    Curve,
    CurvesFigure,
    Level,
    Mark,
    Scale,
    Style,
    frame,
    in_points,
    path_of,
    short,
)
from wapaganda.simulation import WayRecord
from wapaganda.simulation_report.analysis import WAYS, DataSetSummary

_SIZE = (900.0, 380.0)
_LEVELS = (0.9, 0.95)


def way_styles(summary: DataSetSummary) -> dict[str, Style]:
    """The style of each way: the standard alternative is drawn as random is, the product as the first."""
    others = [name for name in reversed(WAYS) if name in summary.hours and name != "standard"]
    return {"standard": Style(0)} | {name: Style(place + 1) for place, name in enumerate(others)}


def file_curves_figure(summary: DataSetSummary) -> CurvesFigure:
    """The curves of all seeds; the marks are trainings."""
    own = way_styles(summary)
    named = [(name, each.ways[name]) for each in summary.records for name in own]
    last = max(way.hours[-1] for _, way in named)
    low = min(way.f1[0] for _, way in named)
    of = frame(
        *_SIZE,
        Axis("hours of annotators", 0.0, last, short, 8),
        Axis("F1 of the whole file", max(low - 0.02, 0.0), 1.0, in_points, 8),
    )
    curves = []
    for name, way in named:
        points = [(of.x(hours), of.y(max(f1, of.y.low))) for hours, f1 in zip(way.hours, way.f1, strict=True)]
        curves.append(Curve(own[name], path_of(points), tuple(_marks(name, way, of.x, of.y)), "", ()))
    levels = tuple(
        Level(f"F1 {100 * level:g}", of.y(level), of.y(level) - 4) for level in _LEVELS if level > of.y.low
    )
    return CurvesFigure(
        "file-curves",
        "F1 of the whole file by hours",
        "F1 of the whole file by hours of annotators",
        _described(named),
        of,
        levels,
        tuple(curves),
    )


def _marks(name: str, way: WayRecord, x: Scale, y: Scale) -> Sequence[Mark]:
    found = []
    for model in way.models:
        place = next((i for i, texts in enumerate(way.texts) if texts >= model.texts), None)
        if place is None:
            continue
        title = (
            f"{name}: {model.texts:,} texts, {model.hours:.1f} h, F1 of the rest {100 * model.rest_f1:.1f}"
        )
        found.append(Mark(x(way.hours[place]), y(max(way.f1[place], y.low)), title))
    return found


def _described(named: Sequence[tuple[str, WayRecord]]) -> str:
    parts = []
    for name, way in named:
        hours = way.hours_to.get("0.95")
        parts.append(f"{name}: F1 95 after " + (f"{hours:.1f} hours" if hours is not None else "no time"))
    return "; ".join(parts) + ". The table below has the numbers."
