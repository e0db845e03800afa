"""The style of a curve: colour, dash and marker, so that colour alone is never needed."""

from dataclasses import dataclass

COLOURS = 8
_DASHES = ("", "7 3", "2 3", "9 3 2 3")
_SIZE = 3.4 * 0.86
_CORNERS = {
    2: ((-1, -1), (1, -1), (1, 1), (-1, 1)),
    3: ((0, -1.35), (1.25, 0.95), (-1.25, 0.95)),
    4: ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)),
}


@dataclass(frozen=True, slots=True)
class Style:
    """The style with a number: 0 (grey, dashed) is for what others are compared with, 1 and up for them."""

    number: int

    @property
    def css(self) -> str:
        """The class that carries the colour: ``s0``, then ``s1`` to ``s7`` repeatedly."""
        return "s0" if self.number == 0 else f"s{(self.number - 1) % (COLOURS - 1) + 1}"

    @property
    def dashes(self) -> str:
        """The dash pattern: number 0 is dashed, and so is a colour that is used again."""
        return _DASHES[((self.number - 1) // (COLOURS - 1)) % len(_DASHES)] if self.number else "5 4"

    def corners(self, x: float, y: float) -> str:
        """The points of the marker at (x, y) in pixels; an empty string for a circle."""
        corners = _CORNERS.get(self.number % 5, ())
        return " ".join(f"{x + _SIZE * dx:.1f},{y + _SIZE * dy:.1f}" for dx, dy in corners)
