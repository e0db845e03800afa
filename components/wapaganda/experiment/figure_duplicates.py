"""Near copies within each batch, as a share of the batch."""

from collections.abc import Sequence

from wapaganda.experiment.figure import axes, frame, path_of, svg
from wapaganda.experiment.figure_marks import line, looks, marker
from wapaganda.experiment.report_html import Html, tag
from wapaganda.experiment.summary_arm import ArmSummary
from wapaganda.experiment.summary_curves import MeanRound


def copies_share(each: MeanRound) -> float | None:
    """The near copies of a batch over its size, in [0, 1]; None where no batch was chosen."""
    return each.near_duplicates / each.chosen if each.chosen else None


def duplicates_figure(arms: Sequence[ArmSummary], width: float, height: float) -> Html:
    """The share by round, one line a strategy; the dashed level is the 1% that should not be passed."""
    own = looks(arms)
    shares = {arm.strategy: _shares(arm) for arm in arms}
    last = max((number for found in shares.values() for number, _ in found), default=1)
    top = max([0.02, *(1.15 * share for found in shares.values() for _, share in found)])
    of = frame(width, height, (-0.2, last + 0.2), (0.0, top), x_ticks=min(last + 1, 10), y_ticks=4)
    parts = [
        axes(of, "batch chosen after round", "near copies,%", _whole, lambda value: f"{100 * value:g}"),
        tag("line", x1=of.x.start, x2=of.x.end, y1=of.y(0.01), y2=of.y(0.01), class_="level"),
        tag("text", "1%", x=of.x.start + 3, y=of.y(0.01) - 4, class_="level-name"),
    ]
    for name, found in shares.items():
        points = [(of.x(number), of.y(share)) for number, share in found]
        if len(points) > 1:
            parts.append(line(path_of(points), own[name]))
        for (x, y), (number, share) in zip(points, found, strict=True):
            parts.append(marker(x, y, own[name], f"{name}, round {number}: {100 * share:.1f}%"))
    words = [
        f"{name}: at most {100 * max(share for _, share in found):.1f}%"
        for name, found in shares.items()
        if found
    ]
    return svg(of, "duplicates", "Near copies in each batch", "; ".join(words), parts)


def _shares(arm: ArmSummary) -> list[tuple[int, float]]:
    return [(each.round, share) for each in arm.rounds if (share := copies_share(each)) is not None]


def _whole(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else ""
