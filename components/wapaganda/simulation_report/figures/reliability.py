"""Reliability diagrams: how often spans of a confidence are right, before and after calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from wapaganda.html_page import Axis, Frame, Mark, Style, frame, path_of
from wapaganda.simulation_report.analysis import Bins, CalibrationSummary

_SIZE = 250.0
_LARGEST = 3.9


@dataclass(frozen=True, slots=True)
class Points:
    """The bins before or after calibration as marks and, through them, a line."""

    css: str
    line: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class ReliabilityFigure:
    """One strategy's diagram."""

    key: str
    title: str
    description: str
    frame: Frame
    points: tuple[Points, Points]


def reliability_figure(
    name: str, key: str, style: Style, calibration: CalibrationSummary
) -> ReliabilityFigure:
    """One strategy's diagram; the area of a mark is proportional to the spans in its bin."""
    x, y = (Axis(title, 0.0, 1.0, _percent, 4) for title in ("confidence", "share that is right"))
    of = frame(_SIZE + 10, _SIZE, x, y)
    most = max((n for _, _, n in (*calibration.bins, *calibration.bins_before)), default=1)
    return ReliabilityFigure(
        key=key,
        title=f"Reliability of {name}",
        description=_described(calibration),
        frame=of,
        points=(
            _points(of, calibration.bins_before, "before", most),
            _points(of, calibration.bins, f"after {style.css}", most),
        ),
    )


def _points(of: Frame, bins: Bins, css: str, most: int) -> Points:
    marks = tuple(
        Mark(
            of.x(confidence),
            of.y(right),
            f"{n} spans: confidence {_percent(confidence)}%, right {_percent(right)}%",
            max(2.0, _LARGEST * sqrt(n / most)),
        )
        for confidence, right, n in bins
    )
    return Points(css, path_of([(mark.x, mark.y) for mark in marks]), marks)


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
