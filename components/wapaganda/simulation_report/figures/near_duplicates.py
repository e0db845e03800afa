"""Near duplicates within each batch, as its share: a row for each strategy, a column for each batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from wapaganda.html_page import Mark, Scale, Style, scale
from wapaganda.simulation_report.analysis import MeanRound, StrategySummary
from wapaganda.simulation_report.figures.styles import styles

_WIDTH, _ROW, _NAMES, _TOTALS, _FOOT = 900.0, 32.0, 210.0, 64.0, 44.0
_LONGEST_NAME = 32
_LARGEST = 12.0
_SHARE_OF_LARGEST = 0.1


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy: its (shortened) name, the share in all batches, and a mark for each batch."""

    name: str
    total: str
    style: Style
    y: float
    marks: tuple[Mark, ...]
    empty: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class NearDuplicatesFigure:
    """The figure; lines go from ``left`` to ``right``, ``numbers`` are the rounds that have a label."""

    height: float
    x: Scale
    rows: tuple[Row, ...]
    numbers: range
    description: str
    width: float = _WIDTH
    left: float = _NAMES
    right: float = _WIDTH - _TOTALS


def near_duplicate_share(rounds: Sequence[MeanRound]) -> float | None:
    """The near duplicates among the texts that were chosen, in [0, 1]; None where no batch was chosen."""
    chosen = sum(each.chosen for each in rounds)
    return sum(each.near_duplicates for each in rounds) / chosen if chosen else None


def near_duplicates_figure(arms: Sequence[StrategySummary]) -> NearDuplicatesFigure:
    """The area of a mark is proportional to the share, up to a tenth of the batch."""
    own = styles(arms)
    last = max((each.round for arm in arms for each in arm.rounds if each.chosen), default=0)
    x = scale(-0.5, last + 0.5, _NAMES, _WIDTH - _TOTALS, 1)
    shares = [f"{arm.strategy}: {_percent(near_duplicate_share(arm.rounds))}" for arm in arms]
    return NearDuplicatesFigure(
        height=_ROW * len(arms) + _FOOT,
        x=x,
        rows=tuple(_row(x, arm, own[arm.strategy], _ROW * (place + 0.5)) for place, arm in enumerate(arms)),
        numbers=range(0, last + 1, max(1, -(-(last + 1) // 20))),
        description="In all batches together, " + "; ".join(shares),
    )


def _row(x: Scale, arm: StrategySummary, style: Style, y: float) -> Row:
    name = arm.strategy
    shares = [(each.round, near_duplicate_share([each])) for each in arm.rounds]
    marks = {
        number: Mark(
            x(number),
            y,
            f"{name}, after round {number}: {_percent(share)}",
            max(1.6, _LARGEST * sqrt(min(share / _SHARE_OF_LARGEST, 1.0))),
        )
        for number, share in shares
        if share is not None
    }
    return Row(
        name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…",
        _percent(near_duplicate_share(arm.rounds)),
        style,
        y,
        tuple(marks[number] for number, share in shares if share),
        tuple(marks[number] for number, share in shares if share == 0),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"
