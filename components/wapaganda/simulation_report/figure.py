"""The frame of a figure: scales, ticks, axes, and the words for those who do not see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from wapaganda.simulation_report.report_html import Html, join, tag


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of values onto pixels; ``ticks`` are values."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawing area with its two scales; sizes in pixels of the figure's own."""

    width: float
    height: float
    x: Scale
    y: Scale


LEFT, RIGHT, TOP, BOTTOM = 44.0, 14.0, 14.0, 44.0


def frame(
    width: float,
    height: float,
    x: tuple[float, float],
    y: tuple[float, float],
    *,
    x_ticks: int = 5,
    y_ticks: int = 5,
) -> Frame:
    """A frame whose scales cover the ranges ``x`` and ``y``, with about that many ticks."""
    return Frame(
        width,
        height,
        scale(*x, LEFT, width - RIGHT, x_ticks),
        scale(*y, height - BOTTOM, TOP, y_ticks),
    )


def scale(low: float, high: float, start: float, end: float, ticks: int) -> Scale:
    """From ``low`` to ``high``; a range of no width is widened, so that nothing divides by nought."""
    if not high > low:
        low, high = low - max(1.0, abs(low)) * 0.05, high + max(1.0, abs(high)) * 0.05
    return Scale(low, high, start, end, ticks_between(low, high, ticks))


def ticks_between(low: float, high: float, about: int) -> tuple[float, ...]:
    """Round values (1, 2 or 5 times a power of ten apart) within a range, ``about`` so many."""
    rough = (high - low) / max(about, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return tuple(round(number * step, 10) for number in range(first, last + 1))


def axes(
    of: Frame, x_name: str, y_name: str, x_text: Callable[[float], str], y_text: Callable[[float], str]
) -> Html:
    """Grid, tick marks and the names of both axes."""
    left, right, bottom = of.x.start, of.x.end, of.y.start
    parts = []
    for value in of.y.ticks:
        at = of.y(value)
        parts.append(tag("line", x1=left, x2=right, y1=at, y2=at, class_="grid"))
        parts.append(tag("text", y_text(value), x=left - 7, y=at + 3.5, class_="tick end"))
    for value in of.x.ticks:
        at = of.x(value)
        parts.append(tag("line", x1=at, x2=at, y1=bottom, y2=bottom + 4, class_="axis"))
        parts.append(tag("text", x_text(value), x=at, y=bottom + 17, class_="tick middle"))
    parts.append(tag("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
    parts.append(tag("text", x_name, x=(left + right) / 2, y=of.height - 7, class_="name middle"))
    parts.append(
        tag("text", y_name, transform=f"translate(11 {(of.y.start + of.y.end) / 2:.1f}) rotate(-90)",
            class_="name middle")
    )  # fmt: skip
    return join(parts)


def svg(of: Frame, key: str, title: str, description: str, content: Sequence[str]) -> Html:
    """The figure; ``key`` is its own within the page, title and description are read aloud."""
    return tag(
        "svg",
        [tag("title", title, id=f"{key}-title"), tag("desc", description, id=f"{key}-desc"), *content],
        viewBox=f"0 0 {of.width:g} {of.height:g}",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        xmlns="http://www.w3.org/2000/svg",
    )


def path_of(points: Sequence[tuple[float, float]]) -> str:
    """A polyline's or polygon's points, in pixels."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def short(value: float) -> str:
    """A number for a tick: 950, 1.2k, 15k."""
    if abs(value) < 1000:
        return f"{value:g}"
    return f"{value / 1000:g}k"
