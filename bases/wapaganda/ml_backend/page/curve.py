"""The learning curve of a project: F1 of its rounds with interval, and where it leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from wapaganda.html_page import (
    Axis,
    Curve,
    CurvesFigure,
    Frame,
    Level,
    Mark,
    Style,
    frame,
    in_points,
    path_of,
    short,
)
from wapaganda.project_context import PastRound
from wapaganda.stopping import MINIMUM_ROUNDS, forecast

_SIZE = (900.0, 320.0)
_FURTHEST = 0.15
"""F1 by which an interval may make the figure higher; the rest of a very wide one is cut off."""
_STEPS = 12
_AHEAD = 0.5
"""The forecast goes on for half as many texts as are labelled, and for 100 at least."""


@dataclass(frozen=True, slots=True)
class Point:
    """F1 (0 to 1) of a round on labels that its model had not learnt, with its 95 % interval."""

    number: int
    texts: int
    f1: float
    interval: tuple[float, float] | None


def points_of(rounds: Sequence[PastRound]) -> list[Point]:
    """The measured F1 of each finished round, oldest first."""
    return [point for each in rounds if (point := point_of(each)) is not None]


def point_of(past: PastRound) -> Point | None:
    """The measured F1 of a round: cross-fitted, else on held-out labels."""
    report = past.report
    f1, interval = report.get("cross_validated_f1"), report.get("cross_validated_interval")
    if f1 is None:
        f1, interval = report.get("f1"), None
    if f1 is None:
        return None
    return Point(past.number, int(report.get("n_labelled") or 0), f1, tuple(interval) if interval else None)


def curve_figure(points: Sequence[Point], target: float | None) -> CurvesFigure | None:
    """The figure; ``target``: the F1 that the file should reach. ``None``: no round was measured."""
    if not points:
        return None
    ahead = forecast_of(points)
    of = _frame(points, ahead)
    spans = [(of.x(each.texts), each.interval) for each in points]
    bounds = [(x, _y(of, span[0]), _y(of, span[1])) for x, span in spans if span is not None]
    outline = [(x, high) for x, _, high in bounds] + [(x, low) for x, low, _ in reversed(bounds)]
    measured = Curve(
        Style(1),
        path_of([(of.x(each.texts), of.y(each.f1)) for each in points]),
        tuple(Mark(of.x(each.texts), of.y(each.f1), _tooltip(each)) for each in points),
        path_of(outline) if len(bounds) > 1 else "",
        tuple(bounds) if len(bounds) == 1 else (),
    )
    curves = [measured]
    if ahead:
        curves.append(Curve(Style(0), path_of([(of.x(n), of.y(f1)) for n, f1 in ahead]), (), "", ()))
    levels: tuple[Level, ...] = ()
    if target is not None and of.y.low <= target <= of.y.high:
        levels = (Level(f"target of the file {100 * target:g}", of.y(target), of.y(target) - 4),)
    return CurvesFigure(
        "curve",
        "F1 on labels that the model had not learnt",
        "F1 by labelled texts",
        _described(points, ahead),
        of,
        levels,
        tuple(curves),
    )


def forecast_of(points: Sequence[Point]) -> list[tuple[float, float]]:
    """Labelled texts and F1 to come, from the last point on; empty while there are too few rounds."""
    by_texts = {each.texts: each.f1 for each in points if each.texts}
    if len(by_texts) < MINIMUM_ROUNDS:
        return []
    last = points[-1]
    reach = max(100, round(_AHEAD * last.texts))
    steps = sorted({max(1, round(reach * step / _STEPS)) for step in range(1, _STEPS + 1)})
    known = [each for each in points if each.texts]
    texts, f1 = [each.texts for each in known], [each.f1 for each in known]
    gains = [forecast(texts, f1, step).gain or 0.0 for step in steps]
    found = [(float(last.texts), last.f1)]
    return found + [
        (float(last.texts + step), min(1.0, last.f1 + gain)) for step, gain in zip(steps, gains, strict=True)
    ]


def _frame(points: Sequence[Point], ahead: Sequence[tuple[float, float]]) -> Frame:
    f1 = [each.f1 for each in points] + [value for _, value in ahead]
    bounds = [value for each in points for value in each.interval or ()]
    low = max(0.0, min(f1) - _FURTHEST, min([*f1, *bounds]) - 0.01)
    high = min(1.0, max(f1) + _FURTHEST, max([*f1, *bounds]) + 0.01)
    texts = [float(each.texts) for each in points] + [n for n, _ in ahead]
    edge = 0.03 * (max(texts) - min(texts))
    return frame(
        *_SIZE,
        Axis("labelled texts", max(0.0, min(texts) - edge), max(texts) + edge, short, 8),
        Axis("F1", low, high, in_points, 6),
    )


def _y(of: Frame, f1: float) -> float:
    return of.y(min(max(f1, of.y.low), of.y.high))


def _tooltip(each: Point) -> str:
    said = f"Round {each.number}: F1 {100 * each.f1:.1f}"
    if each.interval:
        said += f" ({100 * each.interval[0]:.1f} to {100 * each.interval[1]:.1f})"
    return f"{said} with {each.texts:,} labelled texts"


def _described(points: Sequence[Point], ahead: Sequence[tuple[float, float]]) -> str:
    said = [_tooltip(points[0])]
    if len(points) > 1:
        said.append(_tooltip(points[-1]))
    if ahead:
        texts, f1 = ahead[-1]
        said.append(f"Forecast: F1 {100 * f1:.1f} with {texts:,.0f} labelled texts")
    return ". ".join(said) + ". The table of the rounds has all numbers."
