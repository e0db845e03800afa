"""What an annotator has to do to a pre-annotated text."""

from collections.abc import Iterable
from dataclasses import dataclass

from wapaganda.ner import Span


@dataclass(frozen=True, slots=True)
class Corrections:
    """Spans to confirm (``right``), to mark (``missed``) and to remove (``spurious``).

    A proposal with a wrong border or type is both: one spurious span and one missed entity.
    """

    right: int
    missed: int
    spurious: int


def count_corrections(gold: Iterable[Span], proposed: Iterable[Span]) -> Corrections:
    """What leads from the ``proposed`` spans of a text to the ``gold`` ones: start, end and label count."""
    wanted, shown = set(gold), set(proposed)
    right = len(wanted & shown)
    return Corrections(right, len(wanted) - right, len(shown) - right)
