"""Learning curves: F1 by what the labels cost, one panel for each axis."""

from collections.abc import Sequence

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
from wapaganda.simulation_report.analysis import MeanRound, StrategySummary, Summary
from wapaganda.simulation_report.figures.styles import styles

PANELS = {
    "seconds": ("Estimated seconds, marked from scratch", "seconds"),
    "seconds_correcting": ("Estimated seconds, correcting the model’s proposals", "seconds"),
    "texts": ("Texts", "labelled texts"),
    "words": ("Words", "labelled words"),
    "entities": ("Entities", "labelled entities"),
}
"""By axis the title of its panel and its unit."""
_SIZES = {"wide": (520.0, 330.0), "narrow": (340.0, 270.0)}
# An interval of two or three seeds can be wider than the whole figure: the rest of it is cut off.
_FURTHEST = 0.06
_BANDS = 4


def curves_figure(summary: Summary, axis: str) -> CurvesFigure:
    """One panel; strategies without a round are left out. There is at least one round."""
    arms = [arm for arm in summary.strategies if arm.rounds]
    caption, unit = PANELS[axis]
    of = _frame(summary, arms, axis)
    own, banded = styles(summary.strategies), strategies_with_band(summary)
    return CurvesFigure(
        key=f"curves-{axis}",
        caption=caption,
        title=f"F1 by {caption}",
        description=_described(arms, axis, unit),
        frame=of,
        levels=_levels(of, summary.full_f1),
        curves=tuple(_curve(of, arm, axis, own[arm.strategy], arm.strategy in banded) for arm in arms),
    )


def _frame(summary: Summary, arms: Sequence[StrategySummary], axis: str) -> Frame:
    size = "wide" if axis.startswith("seconds") else "narrow"
    rounds = [each for arm in arms for each in arm.rounds]
    f1 = [each.f1_mean for each in rounds]
    lows = [each.f1_low for each in rounds if each.f1_low is not None]
    highs = [each.f1_high for each in rounds if each.f1_high is not None]
    low = max(min([*f1, *lows]), min(f1) - _FURTHEST, 0.0)
    high = min(max([*f1, *highs]), max(f1) + _FURTHEST, 1.0)
    high = max(high, summary.full_f1 or 0.0)
    cost = [each.cost(axis) for each in rounds]
    edge, border = 0.03 * (high - low), 0.025 * (max(cost) - min(cost))
    x_range = max(min(cost) - border, 0.0), max(cost) + border
    # All panels have the same range of F1, so that they can be compared by eye.
    return frame(
        *_SIZES[size],
        Axis(PANELS[axis][1], *x_range, short, 7 if size == "wide" else 5),
        Axis("F1", low - edge, high + 1.8 * edge, in_points, 8 if size == "wide" else 5),
    )


def strategies_with_band(summary: Summary) -> frozenset[str]:
    """The strategies whose interval is a band: all of up to four, else the best and random.

    Six bands on top of each other are unreadable; the others get a hairline at each round.
    """
    names = [arm.strategy for arm in summary.strategies]
    if len(names) <= _BANDS:
        return frozenset(names)
    return frozenset(arm.strategy for arm in (summary.best, summary.random) if arm is not None)


def _levels(of: Frame, full_f1: float | None) -> tuple[Level, ...]:
    if full_f1 is None:
        return ()
    known = ((1.0, f"whole pool {100 * full_f1:.1f}", -4), (0.97, "97%", 11))
    return tuple(
        Level(name, of.y(share * full_f1), of.y(share * full_f1) + down)
        for share, name, down in known
        if of.y.low <= share * full_f1 <= of.y.high
    )


def _curve(of: Frame, arm: StrategySummary, axis: str, style: Style, is_band: bool) -> Curve:
    marks = [
        Mark(of.x(each.cost(axis)), of.y(each.f1_mean), _tooltip(arm, each, axis)) for each in arm.rounds
    ]
    intervals = [
        (of.x(each.cost(axis)), _clamped(of, each.f1_low), _clamped(of, each.f1_high))
        for each in arm.rounds
        if each.f1_low is not None and each.f1_high is not None
    ]
    intervals = intervals if len(intervals) > 1 else []
    outline = [(x, high) for x, _, high in intervals] + [(x, low) for x, low, _ in reversed(intervals)]
    return Curve(
        style,
        path_of([(mark.x, mark.y) for mark in marks]),
        tuple(marks),
        path_of(outline) if is_band else "",
        () if is_band else tuple(intervals),
    )


def _clamped(of: Frame, f1: float) -> float:
    return of.y(min(max(f1, of.y.low), of.y.high))


def _tooltip(arm: StrategySummary, each: MeanRound, axis: str) -> str:
    unit = PANELS[axis][1]
    return f"{arm.strategy}, round {each.round}: F1 {100 * each.f1_mean:.1f} at {each.cost(axis):,.0f} {unit}"


def _described(arms: Sequence[StrategySummary], axis: str, unit: str) -> str:
    ends = [
        f"{arm.strategy} goes from {100 * arm.rounds[0].f1_mean:.1f} at {arm.rounds[0].cost(axis):,.0f} "
        f"to {100 * arm.rounds[-1].f1_mean:.1f} at {arm.rounds[-1].cost(axis):,.0f} {unit}"
        for arm in arms
    ]
    return "; ".join(ends) + ". The table below has the numbers."
