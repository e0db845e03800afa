"""A figure of curves, in pixels."""

from dataclasses import dataclass

from wapaganda.html_page.frame import Frame, Mark
from wapaganda.html_page.style import Style


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with its name, in pixels."""

    name: str
    y: float
    text_y: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A line, its marks and its interval, in pixels; the interval is a ``band`` or a ``hair`` a mark.

    ``line`` and ``band``: as of ``path_of``. A hair: x, and y of both ends.
    """

    style: Style
    line: str
    marks: tuple[Mark, ...]
    band: str
    hairs: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class CurvesFigure:
    """A figure; ``key`` is its id in the page, ``title`` and ``description`` are for screen readers."""

    key: str
    caption: str
    title: str
    description: str
    frame: Frame
    levels: tuple[Level, ...]
    curves: tuple[Curve, ...]


def in_points(f1: float) -> str:
    """F1 (0 to 1) at a tick of an axis, in points."""
    return f"{100 * f1:g}"
