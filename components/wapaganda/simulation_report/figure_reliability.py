"""Reliability diagrams: how often spans of a confidence are right, before and after calibration."""

from collections.abc import Sequence
from math import sqrt

from wapaganda.simulation_report.figure import axes, frame, path_of, svg
from wapaganda.simulation_report.figure_marks import colour
from wapaganda.simulation_report.report_html import Html, tag
from wapaganda.simulation_report.summary_judgement import CalibrationSummary

_SIZE = 250.0
_LARGEST = 6.5


def reliability(name: str, key: str, look: int, calibration: CalibrationSummary) -> Html:
    """One strategy's diagram; the area of a point goes by the spans in its bin."""
    of = frame(_SIZE + 10, _SIZE, (0.0, 1.0), (0.0, 1.0), x_ticks=4, y_ticks=4)
    most = max((n for _, _, n in (*calibration.bins, *calibration.bins_before)), default=1)
    parts = [
        axes(of, "confidence", "share that is right", _percent, _percent),
        tag("line", x1=of.x(0.0), y1=of.y(0.0), x2=of.x(1.0), y2=of.y(1.0), class_="level"),
    ]
    for bins, class_ in ((calibration.bins_before, "before"), (calibration.bins, f"after {colour(look)}")):
        points = [(of.x(confidence), of.y(right)) for confidence, right, _ in bins]
        if len(points) > 1:
            parts.append(tag("polyline", points=path_of(points), class_=f"curve {class_}"))
        for (x, y), (confidence, right, n) in zip(points, bins, strict=True):
            told = tag("title", f"{n} spans: confidence {_percent(confidence)}%, right {_percent(right)}%")
            circle = tag("circle", cx=x, cy=y, r=max(2.0, _LARGEST * sqrt(n / most) * 0.6))
            parts.append(tag("g", [circle, told], class_=f"mark {class_}"))
    return svg(of, key, f"Reliability of {name}", _described(calibration), parts)


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


def _described(calibration: CalibrationSummary) -> str:
    return (
        f"Expected calibration error {100 * calibration.ece_before:.1f}% before and "
        f"{100 * calibration.ece_after:.1f}% after calibration. {_bins(calibration.bins)}"
    )


def _bins(bins: Sequence[tuple[float, float, int]]) -> str:
    each = [f"confidence {_percent(a)}%, right {_percent(b)}% of {n}" for a, b, n in bins]
    return "After: " + "; ".join(each) + "." if each else ""
