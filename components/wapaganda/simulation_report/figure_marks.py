"""How strategies are told apart: by colour, dash and marker, so that none of the three is needed alone."""

from collections.abc import Sequence

from wapaganda.simulation_report.report_html import Html, tag
from wapaganda.simulation_report.summary_arm import ArmSummary

COLOURS = 8
_DASHES = (None, "7 3", "2 3", "9 3 2 3")


def looks(arms: Sequence[ArmSummary]) -> dict[str, int]:
    """By strategy the number of its look: 0 (grey) for random, 1 and up for the others in their order."""
    others = [arm.strategy for arm in arms if not arm.is_random]
    return {arm.strategy: 0 for arm in arms if arm.is_random} | {
        name: place + 1 for place, name in enumerate(others)
    }


def colour(look: int) -> str:
    """The class that carries the colour: ``s0`` for random, then ``s1`` to ``s7``, over and over."""
    return "s0" if look == 0 else f"s{(look - 1) % (COLOURS - 1) + 1}"


def line(points: str, look: int) -> Html:
    """A strategy's line through points in pixels; random's is dashed, and so is a colour's second turn."""
    turn = 1 if look == 0 else ((look - 1) // (COLOURS - 1)) % len(_DASHES)
    return tag(
        "polyline",
        points=points,
        class_=f"curve {colour(look)}",
        stroke_dasharray="5 4" if not look else _DASHES[turn],
    )


def marker(x: float, y: float, look: int, told: str = "") -> Html:
    """A strategy's mark at a point in pixels; ``told`` is shown when the pointer rests on it."""
    title = tag("title", told) if told else None
    size = 3.4
    class_ = f"mark {colour(look)}"
    shape = look % 5
    if shape in (0, 1):
        hollow = " hollow" if look == 0 else ""
        return tag("g", [tag("circle", cx=x, cy=y, r=3.0), title or Html("")], class_=class_ + hollow)
    corners = {
        2: ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        3: ((0, -1.35), (1.25, 0.95), (-1.25, 0.95)),
        4: ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)),
    }[shape]
    scale = size * 0.86
    points = " ".join(f"{x + scale * dx:.1f},{y + scale * dy:.1f}" for dx, dy in corners)
    return tag("g", [tag("polygon", points=points), title or Html("")], class_=class_)


def swatch(look: int) -> Html:
    """A strategy's line and mark, for legends and tables."""
    parts = [line("1,6 29,6", look), marker(15.0, 6.0, look)]
    return tag("svg", parts, viewBox="0 0 30 12", class_="swatch", aria_hidden="true")


def legend(arms: Sequence[ArmSummary]) -> Html:
    """Which look is whose."""
    own = looks(arms)
    items = [tag("li", [swatch(own[arm.strategy]), tag("span", arm.strategy)]) for arm in arms]
    return tag("ul", items, class_="legend")
