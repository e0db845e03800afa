"""Near copies within each batch, as a share of the batch: a row a strategy, a column a batch."""

from collections.abc import Sequence
from math import sqrt

from wapaganda.simulation_report.figure import Frame, scale, svg
from wapaganda.simulation_report.figure_marks import colour, looks
from wapaganda.simulation_report.report_html import Html, join, tag
from wapaganda.simulation_report.summary_arm import ArmSummary
from wapaganda.simulation_report.summary_curves import MeanRound

_WIDTH, _ROW, _NAMES, _TOTALS, _FOOT = 900.0, 32.0, 210.0, 64.0, 44.0
_LONGEST_NAME = 32
_LARGEST = 12.0
_SHARE_OF_LARGEST = 0.1


def copies_share(rounds: Sequence[MeanRound]) -> float | None:
    """The near copies among the texts that were chosen, in [0, 1]; None where no batch was chosen."""
    chosen = sum(each.chosen for each in rounds)
    return sum(each.near_duplicates for each in rounds) / chosen if chosen else None


def duplicates_figure(arms: Sequence[ArmSummary]) -> Html:
    """The area of a point goes by the share, up to a tenth of the batch; at the right the share of all."""
    own = looks(arms)
    last = max((each.round for arm in arms for each in arm.rounds if each.chosen), default=0)
    height = _ROW * len(arms) + _FOOT
    x = scale(-0.5, last + 0.5, _NAMES, _WIDTH - _TOTALS, 1)
    of = Frame(_WIDTH, height, x, scale(0.0, 1.0, 0.0, height, 1))
    rows = [_row(of, arm, own[arm.strategy], _ROW * (place + 0.5)) for place, arm in enumerate(arms)]
    step = max(1, -(-(last + 1) // 20))
    numbers = [
        tag("text", number, x=of.x(number), y=height - 26, class_="tick middle")
        for number in range(0, last + 1, step)
    ]
    name = tag("text", "batch chosen after round", x=(_NAMES + _WIDTH - _TOTALS) / 2, y=height - 7,
               class_="name middle")  # fmt: skip
    told = [f"{arm.strategy}: {_percent(copies_share(arm.rounds))}" for arm in arms]
    return svg(of, "duplicates", "Near copies in each batch", "In all batches together, " + "; ".join(told),
               [*rows, *numbers, name])  # fmt: skip


def _row(of: Frame, arm: ArmSummary, look: int, y: float) -> Html:
    name = arm.strategy
    shown = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    parts = [
        tag("line", x1=_NAMES, x2=_WIDTH - _TOTALS, y1=y, y2=y, class_="grid"),
        tag("text", shown, x=2, y=y + 4, class_="row-name"),
        tag("text", _percent(copies_share(arm.rounds)), x=_WIDTH - 4, y=y + 4, class_="end row-name"),
    ]
    for each in arm.rounds:
        share = copies_share([each])
        if share is not None:
            told = tag("title", f"{name}, after round {each.round}: {_percent(share)}")
            r = max(1.6, _LARGEST * sqrt(min(share / _SHARE_OF_LARGEST, 1.0)))
            circle = tag("circle", cx=of.x(each.round), cy=y, r=r)
            parts.append(tag("g", [circle, told], class_=f"mark {colour(look)}" if share else "none"))
    return join(parts)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"
