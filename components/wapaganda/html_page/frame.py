"""The frame of a figure: scales, ticks, axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

LEFT, RIGHT, TOP, BOTTOM = 44.0, 14.0, 14.0, 44.0
"""Margins of the drawing area, in pixels."""


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
class Axis:
    """The range of an axis, its name, how a tick is written, and about how many ticks there are."""

    name: str
    low: float
    high: float
    label: Callable[[float], str]
    ticks: int = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawing area of ``width`` × ``height`` pixels with its scales and axes."""

    width: float
    height: float
    x: Scale
    y: Scale
    x_axis: Axis
    y_axis: Axis


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a figure: its centre and, for a circle, its radius, in pixels; ``title`` is its tooltip."""

    x: float
    y: float
    title: str
    radius: float = 0.0


def frame(width: float, height: float, x: Axis, y: Axis) -> Frame:
    """A frame whose scales cover the ranges of both axes."""
    return Frame(
        width,
        height,
        scale(x.low, x.high, LEFT, width - RIGHT, x.ticks),
        scale(y.low, y.high, height - BOTTOM, TOP, y.ticks),
        x,
        y,
    )


def scale(low: float, high: float, start: float, end: float, ticks: int) -> Scale:
    """From ``low`` to ``high``; a range of no width is widened, so that nothing divides by zero."""
    if not high > low:
        low, high = low - max(1.0, abs(low)) * 0.05, high + max(1.0, abs(high)) * 0.05
    return Scale(low, high, start, end, ticks_between(low, high, ticks))


def ticks_between(low: float, high: float, about: int) -> tuple[float, ...]:
    """About ``about`` round values (1, 2 or 5 times a power of ten apart) within a range."""
    rough = (high - low) / max(about, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return tuple(round(number * step, 10) for number in range(first, last + 1))


def path_of(points: Sequence[tuple[float, float]]) -> str:
    """A polyline's or polygon's points, in pixels; no point or only one gives an empty string."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points) if len(points) > 1 else ""


def coordinate(value: float) -> str:
    """A number of pixels with at most two decimals: a figure needs no more and stays small."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def short(value: float) -> str:
    """A number for a tick: 950, 1.2k, 15k."""
    if abs(value) < 1000:
        return f"{value:g}"
    return f"{value / 1000:g}k"
