"""Learning curves: F1 by what the labels cost, one panel an axis."""

from collections.abc import Sequence

from wapaganda.simulation_report.figure import Frame, axes, frame, path_of, short, svg
from wapaganda.simulation_report.figure_marks import colour, line, looks, marker
from wapaganda.simulation_report.report_html import Html, join, tag
from wapaganda.simulation_report.report_words import best
from wapaganda.simulation_report.summary import Summary
from wapaganda.simulation_report.summary_arm import ArmSummary
from wapaganda.simulation_report.summary_curves import MeanRound

PANELS = {
    "seconds": ("Estimated seconds, marked from scratch", "seconds"),
    "seconds_correcting": ("Estimated seconds, correcting the model’s proposals", "seconds"),
    "texts": ("Texts", "labelled texts"),
    "words": ("Words", "labelled words"),
    "entities": ("Entities", "labelled entities"),
}
# An interval of two or three seeds can be wider than the whole figure: what lies further out is cut.
_FURTHEST = 0.06
_BANDS = 4


def curves_panel(summary: Summary, axis: str, width: float, height: float) -> Html:
    """One panel as SVG; strategies without a round are left out. There is at least one round."""
    arms = [arm for arm in summary.strategies if arm.rounds]
    title, unit = PANELS[axis]
    of = _frame(summary, arms, axis, width, height)
    own = looks(summary.strategies)
    parts = [
        axes(of, unit, "F1", short, lambda value: f"{100 * value:g}"),
        _levels(of, summary.full_f1),
        *(_interval(of, arm, axis, own[arm.strategy], arm.strategy in banded(summary)) for arm in arms),
        *(_curve(of, arm, axis, own[arm.strategy]) for arm in arms),
    ]
    return svg(of, f"curves-{axis}", f"F1 by {title}", _described(arms, axis, unit), parts)


def _frame(summary: Summary, arms: Sequence[ArmSummary], axis: str, width: float, height: float) -> Frame:
    rounds = [each for arm in arms for each in arm.rounds]
    f1 = [each.f1_mean for each in rounds]
    lows = [each.f1_low for each in rounds if each.f1_low is not None]
    highs = [each.f1_high for each in rounds if each.f1_high is not None]
    low = max(min([*f1, *lows]), min(f1) - _FURTHEST, 0.0)
    high = min(max([*f1, *highs]), max(f1) + _FURTHEST, 1.0)
    high = max(high, summary.full_f1 or 0.0)
    cost = [each.cost(axis) for each in rounds]
    edge, border = 0.03 * (high - low), 0.025 * (max(cost) - min(cost))
    # As high as the panel beside it, so that eyes can wander from one to the other.
    return frame(
        width,
        height,
        (max(min(cost) - border, 0.0), max(cost) + border),
        (low - edge, high + 1.8 * edge),
        x_ticks=5 if width < 400 else 7,
        y_ticks=5 if width < 400 else 8,
    )


def banded(summary: Summary) -> frozenset[str]:
    """The strategies whose interval is a band: all of up to four, else the best and random.

    Six bands upon each other say nothing; the others get a hairline at each round.
    """
    names = [arm.strategy for arm in summary.strategies]
    if len(names) <= _BANDS:
        return frozenset(names)
    first = best(summary)
    chosen = [first, summary.random]
    return frozenset(arm.strategy for arm in chosen if arm is not None)


def _levels(of: Frame, full_f1: float | None) -> Html:
    if full_f1 is None:
        return Html("")
    found = []
    for share, name, down in ((1.0, f"whole pool {100 * full_f1:.1f}", -4), (0.97, "97%", 11)):
        at = of.y(share * full_f1)
        if not of.y.low <= share * full_f1 <= of.y.high:
            continue
        found.append(tag("line", x1=of.x.start, x2=of.x.end, y1=at, y2=at, class_="level"))
        found.append(tag("text", name, x=of.x.start + 3, y=at + down, class_="level-name"))
    return join(found)


def _interval(of: Frame, arm: ArmSummary, axis: str, look: int, is_band: bool) -> Html:
    known = [
        (of.x(each.cost(axis)), each.f1_low, each.f1_high)
        for each in arm.rounds
        if each.f1_low is not None and each.f1_high is not None
    ]
    if len(known) < 2:
        return Html("")
    if not is_band:
        ends = [(x, _clamped(of, low), _clamped(of, high)) for x, low, high in known]
        hairs = [tag("line", x1=x, x2=x, y1=a, y2=b, class_=f"hair {colour(look)}") for x, a, b in ends]
        return join(hairs)
    upper = [(x, _clamped(of, high)) for x, _, high in known]
    lower = [(x, _clamped(of, low)) for x, low, _ in reversed(known)]
    return tag("polygon", points=path_of([*upper, *lower]), class_=f"band {colour(look)}")


def _clamped(of: Frame, f1: float) -> float:
    return of.y(min(max(f1, of.y.low), of.y.high))


def _curve(of: Frame, arm: ArmSummary, axis: str, look: int) -> Html:
    points = [(of.x(each.cost(axis)), of.y(each.f1_mean)) for each in arm.rounds]
    marks = [
        marker(x, y, look, _told(arm, each, axis)) for (x, y), each in zip(points, arm.rounds, strict=True)
    ]
    return join([line(path_of(points), look) if len(points) > 1 else Html(""), *marks])


def _told(arm: ArmSummary, each: MeanRound, axis: str) -> str:
    unit = PANELS[axis][1]
    return f"{arm.strategy}, round {each.round}: F1 {100 * each.f1_mean:.1f} at {each.cost(axis):,.0f} {unit}"


def _described(arms: Sequence[ArmSummary], axis: str, unit: str) -> str:
    ends = [
        f"{arm.strategy} goes from {100 * arm.rounds[0].f1_mean:.1f} at {arm.rounds[0].cost(axis):,.0f} "
        f"to {100 * arm.rounds[-1].f1_mean:.1f} at {arm.rounds[-1].cost(axis):,.0f} {unit}"
        for arm in arms
    ]
    return "; ".join(ends) + ". The numbers stand in the table below."
