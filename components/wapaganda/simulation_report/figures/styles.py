"""The style of each strategy in all figures."""

from collections.abc import Sequence

from wapaganda.html_page import Style
from wapaganda.simulation_report.analysis import StrategySummary


def styles(arms: Sequence[StrategySummary]) -> dict[str, Style]:
    """The style of each strategy by name: random's is number 0, the others follow in their order."""
    others = [arm.strategy for arm in arms if not arm.is_random]
    random = {arm.strategy: Style(0) for arm in arms if arm.is_random}
    return random | {name: Style(place + 1) for place, name in enumerate(others)}
